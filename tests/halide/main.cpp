// lathe_halide: operators of the library and random ones through Halide.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "interop/halide/to_halide.h"
#include "tests/halide/verbs.h"
#include "tests/source_dir.h"

std::string source_dir() { return LATHE_SOURCE_DIR; }

namespace {

using namespace lathe::halide;

int run(int argc, char** argv) {
  CLI::App app("Operators through Halide: compared with the reference interpreter, and timed.");
  TrialOptions trial;
  std::vector<std::string> names;
  int cases = 100;
  BenchOptions timed;
  const auto autoscheduler = [](CLI::App* verb, std::string& name) {
    verb->add_option("--autoscheduler", name, "Adams2019, Li2018 or Mullapudi2016; without: the plain schedule");
  };

  CLI::App* checks =
      app.add_subcommand("check", "operators of the library, all without a name, against the interpreter");
  checks->add_option("OP|FILE", names, "names of operators, and .lathe files");
  checks->add_option("--seed", trial.seed, "of the generated data")->capture_default_str();
  checks->add_flag("--special-values", trial.special_values, "NaN, infinities, zeros of both signs and denormals in the data too");
  autoscheduler(checks, trial.autoscheduler);

  AutoschedulerOptions tried;
  CLI::App* automatic = app.add_subcommand("autoschedulers", "the library under each of Halide's autoschedulers, as a table");
  automatic->add_option("OP", names, "names of operators; without: all");
  automatic->add_option("--seconds", tried.seconds, "of CPU time for one operator")->capture_default_str();
  automatic->add_option("--jobs", tried.jobs, "so many at a time")->check(CLI::PositiveNumber)->capture_default_str();
  automatic->add_option("--out", tried.out, "the file that the table is written to");

  CLI::App* random = app.add_subcommand("fuzz", "random algorithms against the interpreter");
  random->add_option("--cases", cases, "so many")->capture_default_str();
  random->add_option("--seed", trial.seed, "the first")->capture_default_str();
  autoscheduler(random, trial.autoscheduler);

  CLI::App* bench_verb = app.add_subcommand("bench", "the time of one call, as JSON");
  bench_verb->add_option("OP", timed.name, "name of an operator")->required();
  bench_verb->add_option("--size", timed.sizes, "M=512,N=512");
  bench_verb->add_option("--set", timed.params, "static parameters: stride=2");
  bench_verb->add_option("--threads", timed.threads, "of Halide's pool")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  bench_verb->add_option("--repetitions", timed.repetitions, "samples")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  autoscheduler(bench_verb, timed.autoscheduler);
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);

  if (checks->parsed()) return check(names, trial);
  if (automatic->parsed()) return try_autoschedulers(names, tried);
  if (random->parsed()) return fuzz(cases, trial);
  return bench(timed);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
