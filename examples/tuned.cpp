// The morning after `lathe tune --job examples/night.toml`: a program takes up what was found, and says what it runs.
//
//   tuned STORE FILE
#include <fmt/core.h>

#include "lang/oracle.h"
#include "lathe.h"
#include "tuner/tuned.h"

using namespace lathe;

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "tuned STORE FILE\n");
    return 2;
  }
  const Operator op = read_lathe_file(argv[2]).operators.at(0);

  // Where most calls will be. What the store has for these sizes, or near to them, is taken; without any record the
  // schedule is constructed, as without a store: a program needs no tuning to run.
  const std::map<std::string, int64_t> sizes = {{"H", 128}, {"W", 256}};
  const CompileOptions options{.known = tuner::tuned_schedules(argv[1]), .sizes = sizes};
  const size_t known = options.known->schedules_for(op, host_target(), sizes).size();
  const Schedule schedule = best_known_schedule(op, options);
  fmt::print("{} records fit; the schedule of the best:\n\n{}\n", known, print(schedule));
  fmt::print("Its loop nest:\n\n{}\n", ir::print(compile_to_ir(op, {.schedule = schedule}, "lower").functions[0]));

  // It is a kernel like any other: every size, and right at every size.
  const Kernel kernel = compile(op, options);
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{128, 256}, {3, 3}, {77, 1031}}) {
    const std::map<std::string, int64_t> call = {{"H", height}, {"W", width}};
    CheckData data = make_check_data(op, call, {});
    kernel.run(data.bindings.tensors);
    fmt::print("H={} W={}: {}\n", height, width, compare(op, data, {}).good ? "right" : "wrong");
  }
}
