// How good the constructed schedules are: operators at sizes, each as the constructed kernel, as the plain nest, and as
// the plain nest in C (bench/emit_c.h), compiled by clang-19 -O3 for the same target. One thread; the three take turns
// in one process. C has the same semantics but for one thing: what the class `fast` may reassociate keeps its order in
// C.
//
//   zero_shot [--seed S] [--pairs N] [--target T] [--only REGEX] [--json FILE] [--against FILE]
//
// The cases: bench/zero_shot.txt, every operator of the standard library and the examples at two drawn sizes, and N
// random pairs of operator and size. The last columns: time of the constructed kernel over the others' (below 1 it
// wins), fraction of the bound, lanes of the loop that most time goes into as counted, and what choosing and compiling
// took.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <regex>

#include "bench/zero_shot_report.h"

namespace lathe::bench {
namespace {
namespace fs = std::filesystem;

struct Options {
  uint64_t seed = 1;
  int pairs = 300;
  std::string target, only, json, against, compiler = "clang-19";
  double seconds = 0.35;
};

std::vector<std::string> lathe_files() {
  std::vector<std::string> files;
  for (const char* folder : {"stdlib", "examples"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(fs::path(LATHE_SOURCE_DIR) / folder)) {
      if (entry.path().extension() == ".lathe") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Case> cases_of(const Options& options) {
  std::vector<Case> all = listed_cases(std::string(LATHE_SOURCE_DIR) + "/bench/zero_shot.txt");
  for (Case& c : library_cases(lathe_files(), options.seed, 2)) all.push_back(std::move(c));
  for (Case& c : random_cases(options.seed, options.pairs)) all.push_back(std::move(c));
  const std::regex only(options.only);
  std::erase_if(all, [&](const Case& c) { return !std::regex_search(c.name, only); });
  return all;
}

int run(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const Target target = target_on_host(options.target);
  const std::vector<Case> cases = cases_of(options);
  CKernels c;
  for (const Case& one : cases) c.add(one.op, target);
  c.compile(options.compiler, target);
  fmt::print("zero-shot on {} ({}), seed {}, {} cases\n", target.name, target.level, options.seed, cases.size());
  print_head();
  RowMaker maker(target, options.seconds);
  std::vector<Row> rows;
  for (size_t i = 0; i < cases.size(); ++i) {
    try {
      rows.push_back(maker.row(cases[i], c.kernel(i)));
    } catch (const Error& error) {
      Row row;
      row.name = cases[i].name, row.error = error.what();
      rows.push_back(row);
    }
    print_row(rows.back());
  }
  print_summary(rows);
  fmt::print("{:.0f} s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (!options.json.empty()) write_json(options.json, rows, options.seed, target.name);
  if (!options.against.empty()) print_changes(options.against, rows);
  return 0;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  lathe::bench::Options options;
  CLI::App app("constructed schedules beside the plain nest and C");
  app.add_option("--seed", options.seed, "of the random operators and sizes")->capture_default_str();
  app.add_option("--pairs", options.pairs, "random pairs of operator and size")->capture_default_str();
  app.add_option("--target", options.target, "instruction set: the host's own if not given");
  app.add_option("--only", options.only, "a regular expression: cases whose operator's name it finds");
  app.add_option("--json", options.json, "a file for the results");
  app.add_option("--against", options.against, "results of an earlier run: what has changed");
  app.add_option("--compiler", options.compiler, "of the C text")->capture_default_str();
  app.add_option("--seconds", options.seconds, "the most that timing one case takes")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return lathe::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
