// `lathe run stdlib:NAME` works for every operator of the standard library: arrays in, arrays out that hold what the interpreter
// computes.
#include "stdlib/library.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lang/oracle.h"
#include "support/copy_elements.h"
#include "tests/tools/helpers.h"
#include "tools/npy.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

// Runs `lathe run ARGUMENTS` in this process.
int run_verb(std::vector<std::string> arguments) {
  CLI::App app;
  const Action action = add_run(app);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  app.parse(arguments);
  return action();
}

bool all_positive(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  for (const TensorArgument& argument : tensor_arguments(op)) {
    for (const Expr& extent : argument.extents) {
      if (evaluate_extent(extent, sizes) < 1) return false;
    }
  }
  return true;
}

// Small ones that differ, where the operator takes them.
std::map<std::string, int64_t> sizes_of(const Operator& op) {
  std::map<std::string, int64_t> chosen;
  for (auto& sizes : default_check_sizes(op)) {
    const auto is_small = [](const auto& size) { return size.second <= 7; };
    if (all_positive(op, sizes) && (chosen.empty() || std::all_of(sizes.begin(), sizes.end(), is_small))) chosen = sizes;
  }
  return chosen;
}

void run_one(const TemporaryFolder& folder, const stdlib::LibraryOperator& row) {
  const Operator op = with_static_params(row.algorithm(), {});
  const auto sizes = sizes_of(op);
  const CheckData data = make_check_data(op, sizes, {});
  std::vector<std::string> arguments = {fmt::format("stdlib:{}", row.name)};
  std::vector<std::pair<std::string, TensorView>> results;
  for (const TensorArgument& argument : tensor_arguments(op)) {
    const TensorView& view = data.bindings.tensors.at(argument.name);
    const std::string in = folder.path(argument.name + ".npy"), out = folder.path(argument.name + ".out.npy");
    if (argument.is_input) {
      write_npy(in, view);
      arguments.insert(arguments.end(), {"--in", argument.name + "=" + in});
    }
    if (argument.is_output) {
      arguments.insert(arguments.end(), {"--out", argument.name + "=" + out});
      results.emplace_back(out, view);
    }
  }
  CHECK(run_verb(arguments) == good);
  for (const auto& [path, view] : results) {
    const Array result = read_npy(path);
    REQUIRE(result.view.shape == view.shape);
    REQUIRE(result.view.dtype == view.dtype);
    copy_elements(result.view, view);
  }
  const CheckReport report = compare(op, data, {.max_points = 200});
  CHECK_MESSAGE(report.good, report.first_difference);
  CHECK(report.compared + report.undecided > 0);
}

// Every n-th, so that the parts run side by side.
void run_each(size_t first, size_t step) {
  TemporaryFolder folder;
  const auto rows = stdlib::operators();
  for (size_t i = first; i < rows.size(); i += step) {
    CAPTURE(std::string(rows[i].name));
    try {
      run_one(folder, rows[i]);
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());
    }
  }
}

}  // namespace

TEST_CASE("lathe run takes the operators of the library, the first of every four") { run_each(0, 4); }
TEST_CASE("lathe run takes the operators of the library, the second of every four") { run_each(1, 4); }
TEST_CASE("lathe run takes the operators of the library, the third of every four") { run_each(2, 4); }
TEST_CASE("lathe run takes the operators of the library, the fourth of every four") { run_each(3, 4); }

TEST_CASE("lathe run takes an operator of the library for another element type") {
  TemporaryFolder folder;
  Tensor x(f64, {1, 2});
  x.as<double>()[0] = 1, x.as<double>()[1] = 1 + 0x1p-40;
  write_npy(folder.path("x.npy"), x.view());
  CHECK(run_verb({"stdlib:max_rows", "--in", "X=" + folder.path("x.npy"), "--out", "T=" + folder.path("t.npy"), "--set",
                  "dtype=f64"}) == good);
  const Array t = read_npy(folder.path("t.npy"));
  CHECK(t.view.dtype == f64);
  CHECK(load_as_double(t.view, 0) == 1 + 0x1p-40);
}

TEST_CASE("lathe run takes a formula of indices") {
  TemporaryFolder folder;
  Tensor a(f32, {2, 3}), b(f32, {3, 2});
  for (int i = 0; i < 6; ++i) a.as<float>()[i] = b.as<float>()[i] = static_cast<float>(i);
  write_npy(folder.path("a.npy"), a.view());
  write_npy(folder.path("b.npy"), b.view());
  CHECK(run_verb({"einsum:ij,jk->ki", "--in", "left=" + folder.path("a.npy"), "--in", "right=" + folder.path("b.npy"),
                  "--out", "result=" + folder.path("c.npy")}) == good);
  const Array c = read_npy(folder.path("c.npy"));
  CHECK(c.view.shape == std::vector<int64_t>{2, 2});
  CHECK(load_as_double(c.view, 1) == 28);  // row 1 of a, column 0 of b
  CHECK(run_verb({"broadcast:ij+kj->ikj", "--in", "left=" + folder.path("a.npy"), "--in",
                  "right=" + folder.path("a.npy"), "--out", "result=" + folder.path("d.npy")}) == good);
  CHECK(read_npy(folder.path("d.npy")).view.shape == std::vector<int64_t>{2, 2, 3});
}

}  // namespace lathe::tools
