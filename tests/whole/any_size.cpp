// One kernel serves every size: each operator of stdlib/ and examples/ that has a schedule is compiled once for a target
// and then called at fifty random sizes, strides and numbers of threads. All results are right, and no machine code is
// generated after the first. The target's caches are made so small that the variants for large sizes run too.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"
#include "tests/whole/library.h"

namespace lathe {
namespace {

constexpr int calls = 50;
constexpr double most_work = 12'000, work_of_large_calls = 200'000;         // terms of one call

struct Call {
  std::map<std::string, int64_t> sizes;
  CheckOptions check;
  RunOptions run;

  Call(const Operator& op, Random& random, uint64_t seed) {
    sizes = random_sizes(op, random, random.chance(10) ? work_of_large_calls : most_work);
    check = {.seed = seed, .exact = !random.chance(20), .max_points = 200,
             .strides = static_cast<CheckStrides>(random.below(3))};
    run.threads = static_cast<int>(random.between(1, 2));
  }
  std::string text() const {
    std::string s = fmt::format("seed {}, {} threads, strides {}", check.seed, run.threads, static_cast<int>(check.strides));
    for (const auto& [name, value] : sizes) s += fmt::format(", {} = {}", name, value);
    return s;
  }
};

void call_at_random_sizes(const Kernel& kernel, const Operator& op, const std::string& label) {
  Random random(1);
  int done = 0;
  int64_t compared = 0;
  const int64_t compiled = compile_events();
  for (uint64_t seed = 1; done < calls && seed < 4 * calls; ++seed) {
    const Call call(op, random, seed);
    try {
      const CheckData data = make_check_data(op, call.sizes, call.check);
      kernel.run(data.bindings.tensors, call.run, data.bindings.params);
      const CheckReport report = compare(op, data, call.check);
      CHECK_MESSAGE(report.good, fmt::format("{}, {}: {}", label, call.text(), report.first_difference));
      compared += report.compared;
      ++done;
    } catch (const Error& error) {                          // sizes that the operator itself refuses
      const bool refused = error.code() == ErrorCode::read_outside_at_call || error.code() == ErrorCode::wrong_shape;
      CHECK_MESSAGE(refused, fmt::format("{}, {}: {}", label, call.text(), error.what()));
    }
  }
  CHECK_MESSAGE(compile_events() == compiled, label);
  CHECK_MESSAGE(done == calls, label);
  CHECK_MESSAGE(compared > calls, label);
}

void check_schedules_on(const std::string& target_name) {
  std::optional<Target> target = target_to_test(target_name);
  if (!target) return;
  target->l1_bytes = 1024, target->l2_bytes = 2048, target->l3_bytes = 16384;
  int scheduled = 0;
  for (const std::string& path : library_files()) {
    const SourceFile file = read_lathe_file(path);
    for (const Operator& op : file.operators) {
      const std::optional<Schedule> schedule = schedule_for(file, op, target->level);
      if (!schedule) continue;
      ++scheduled;
      const int64_t before = compile_events();
      const Kernel kernel = compile(op, {.schedule = schedule, .target = target});
      CHECK(compile_events() == before + 1);
      call_at_random_sizes(kernel, with_static_params(op, {}), op.name + " on " + target->name);
    }
  }
  CHECK(scheduled >= 10);                                   // matmul, dense, max_plus, conv, blur3x3 and five combiners
}

}  // namespace

TEST_CASE("a scheduled kernel serves fifty random sizes without compiling on x86-64-v3") { check_schedules_on("x86-64-v3"); }
TEST_CASE("a scheduled kernel serves fifty random sizes without compiling on x86-64-v4") { check_schedules_on("x86-64-v4"); }

}  // namespace lathe
