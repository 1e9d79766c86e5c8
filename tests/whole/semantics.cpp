// docs/semantics.md is what happens: each line of it is interpreted, and compiled for every target of this machine.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <sstream>

#include "jit/compile.h"
#include "lang/expr_parser.h"
#include "lang/interpret.h"
#include "lang/scalar.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

// The lines of all blocks of a language.
std::vector<std::string> lines_of(const std::string& language) {
  std::ifstream page(source_dir() + "/docs/semantics.md");
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      inside = line == "```" + language;
      lines.push_back("");
    } else if (inside) {
      lines.push_back(line);
    }
  }
  return lines;
}

std::vector<Target> targets_here() {
  std::vector<Target> targets;
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    if (const std::optional<Target> target = target_to_test(name)) targets.push_back(*target);
  }
  return targets;
}

Expr parsed(const std::string& text) {
  Lexer lexer(text, "docs/semantics.md");
  return parse_expr(lexer, {});
}

Scalar element(const TensorView& view, int64_t i) {
  const Cell cell = cell_load(view.dtype)(view.data, i);
  Scalar s{view.dtype};
  if (is_float(view.dtype)) {
    s.floating = cell.f;
  } else {
    s.integer = cell.i;
  }
  return s;
}

bool same(const Scalar& a, const Scalar& b) {
  if (!is_float(a.dtype)) return a.integer == b.integer;
  return std::isnan(a.floating) ? std::isnan(b.floating) : std::bit_cast<int64_t>(a.floating) == std::bit_cast<int64_t>(b.floating);
}

// Some lines as one operator of an output each. Their constants are inputs, so that nothing is known beforehand.
struct Batch {
  Operator op;
  std::map<std::string, Expr> constants;                    // by input
  std::vector<std::string> lines;
  std::vector<Expr> values;

  void add(const std::string& line) {
    const size_t at = line.rfind(" = ");
    REQUIRE_MESSAGE(at != std::string::npos, line);
    const std::string name = fmt::format("Y{}", lines.size());
    const Expr value = transform(parsed(line.substr(0, at)), [&](const Expr& e) {
      if (e.kind() != ExprKind::constant) return e;
      const std::string input = fmt::format("k{}", constants.size());
      constants[input] = e;
      op.inputs.push_back({input, e.type().dtype, {make_var("N")}, {}});
      return make_access(input, e.type().dtype, {make_var("i")});
    });
    op.funcs.push_back({.name = name, .vars = {"i"}, .rvars = {}, .combiner = {}, .values = {value}, .updates = {}, .where = {}});
    op.outputs.push_back({name, {make_var("N")}});
    lines.push_back(line);
    values.push_back(parsed(line.substr(at + 3)));
  }
};

// A constant's value. (The right side may be a negated one.)
Scalar value_of(const Expr& e) {
  if (e.kind() == ExprKind::constant) return {e.type().dtype, e->integer_value, e->float_value};
  std::vector<Scalar> args;
  for (const Expr& a : e.args()) args.push_back(value_of(a));
  return e.kind() == ExprKind::cast ? convert(e.type().dtype, args.at(0)) : evaluate(e->op, args);
}

constexpr int64_t elements = 19;                            // two whole vectors of eight, and some

void check(const Batch& batch, const std::string& how, const std::function<void(const std::map<std::string, TensorView>&)>& run) {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, TensorView> views;
  for (const TensorArgument& a : tensor_arguments(batch.op)) {
    Tensor& tensor = tensors[a.name] = Tensor(a.dtype, {elements});
    views[a.name] = tensor.view();
    if (a.is_output) continue;
    const Scalar value = value_of(batch.constants.at(a.name));
    const Cell cell = is_float(a.dtype) ? Cell{.f = value.floating} : Cell{.i = value.integer};
    for (int64_t i = 0; i < elements; ++i) cell_store(a.dtype)(tensor.view().data, i, cell);
  }
  run(views);
  for (size_t y = 0; y < batch.lines.size(); ++y) {
    int wrong = 0;
    for (int64_t i = 0; i < elements; ++i) wrong += !same(element(views.at(fmt::format("Y{}", y)), i), value_of(batch.values[y]));
    CHECK_MESSAGE(wrong == 0, fmt::format("{}: {}, got {}", how, batch.lines[y], load_as_double(views.at(fmt::format("Y{}", y)), 0)));
  }
}

void check_batch(Batch batch) {
  batch.op.name = "batch";
  batch.op = checked(batch.op);
  check(batch, "interpreted", [&](const auto& views) { interpret(batch.op, {.sizes = {{"N", elements}}, .params = {}, .tensors = views}); });
  std::string vectors = "schedule for batch\n";
  for (size_t y = 0; y < batch.lines.size(); ++y) vectors += fmt::format("Y{0}.split(i, io, ii, 8).vectorize(ii)\n", y);
  const Schedule schedule = parse_schedule({vectors, {"schedule", 1, 1}}, batch.op);
  for (const Target& target : targets_here()) {
    check(batch, "on " + target.name, [&](const auto& views) { compile(batch.op, {.target = target}).run(views); });
    check(batch, "in lanes on " + target.name, [&](const auto& views) { compile(batch.op, {.schedule = schedule, .target = target}).run(views); });
  }
}

// "X = 1 2 nan, at = nothing".
std::map<std::string, std::vector<double>> lists_of(const std::string& text) {
  std::map<std::string, std::vector<double>> lists;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    std::istringstream words(part);
    std::string name, word;
    words >> name >> word;
    REQUIRE_MESSAGE(word == "=", text);
    std::vector<double>& list = lists[name];
    while (words >> word) if (word != "nothing") list.push_back(std::stod(word));
  }
  return lists;
}

void check_example(const Operator& op, const std::string& line) {
  const size_t colon = line.find(": ");
  const auto given = lists_of(line.substr(2, colon - 2)), expected = lists_of(line.substr(colon + 2));
  Bindings bindings;
  for (const InputDecl& in : op.inputs) bindings.sizes[in.extents.at(0)->name] = static_cast<int64_t>(given.at(in.name).size());
  const auto run = [&](const std::string& how, const std::function<void()>& action) {
    std::map<std::string, Tensor> tensors;
    for (const TensorArgument& a : tensor_arguments(op)) {
      std::vector<int64_t> shape;
      for (const Expr& e : a.extents) shape.push_back(evaluate_extent(e, bindings.sizes));
      const TensorView& view = (tensors[a.name] = Tensor(a.dtype, shape)).view();
      bindings.tensors[a.name] = view;
      for (int64_t i = 0; a.is_input && i < view.elements(); ++i) {
        const double value = given.at(a.name)[static_cast<size_t>(i)];
        cell_store(a.dtype)(view.data, i, is_float(a.dtype) ? Cell{.f = value} : Cell{.i = static_cast<int64_t>(value)});
      }
    }
    action();
    for (const auto& [name, values] : expected) {
      const TensorView& view = bindings.tensors.at(name);
      REQUIRE(view.elements() == static_cast<int64_t>(values.size()));
      for (int64_t i = 0; i < view.elements(); ++i) {
        const double got = load_as_double(view, i), need = values[static_cast<size_t>(i)];
        CHECK_MESSAGE((got == need || (std::isnan(got) && std::isnan(need))), fmt::format("{} {}: {}, got {} at {}", op.name, how, line, got, i));
      }
    }
  };
  run("interpreted", [&] { interpret(op, bindings); });
  for (const Target& target : targets_here()) {
    run("on " + target.name, [&] { compile(op, {.target = target}).run(bindings.tensors); });
    const Schedule constructed = constructed_schedule(op, {.target = target});
    run("scheduled on " + target.name, [&] { compile(op, {.schedule = constructed, .target = target}).run(bindings.tensors); });
  }
}

}  // namespace

TEST_CASE("each equation of the semantics page holds, interpreted and compiled") {
  Batch batch;
  int total = 0;
  for (const std::string& line : lines_of("semantics")) {
    if (line.empty()) continue;
    batch.add(line);
    ++total;
    if (batch.lines.size() < 12) continue;
    check_batch(std::move(batch));
    batch = {};
  }
  if (!batch.lines.empty()) check_batch(std::move(batch));
  CHECK(total >= 60);
}

TEST_CASE("each example of the semantics page gives what stands behind it") {
  std::string text;
  int total = 0;
  for (const std::string& line : lines_of("lathe")) {
    if (line.empty()) text.clear();
    if (!line.starts_with("# ")) {
      text += line + "\n";
      continue;
    }
    check_example(parse_file_text(text, "docs/semantics.md").operators.at(0), line);
    ++total;
  }
  CHECK(total >= 18);
}

}  // namespace lathe
