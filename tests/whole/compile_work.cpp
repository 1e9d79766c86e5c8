// What compiling costs grows about as fast as what is compiled: over chains of 4 to 128 stages and nests of growing rank,
// the exponent of the nodes of loop IR and of the steps of simplification is at most 1.3. Counts, no times: `./dev bench
// compile` has the times.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "analysis/steps.h"
#include "bench/growing.h"
#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

constexpr double most = 1.3;

double nodes_of(const ir::Program& program) {
  size_t nodes = 0;
  for (const ir::Function& f : program.functions) nodes += ir::count_nodes(f.body);
  return static_cast<double>(nodes);
}

struct Work {
  double lowered = 0, final = 0, steps = 0;                 // IR nodes after lowering and in the end, steps of simplification
};

Work work_of(const Growing& growing, int size) {
  const SourceFile file = parse_file_text(growing.text(size), "growing.lathe");
  const Operator& op = file.operators.at(0);
  CompileOptions options;
  options.target = target_named("x86-64-v3");
  const int64_t before = simplifier_steps;
  if (growing.schedule == GrowingSchedule::constructed) options.schedule = constructed_schedule(op, options);
  else options.schedule = schedule_for(file, op, "x86-64-v3");
  Work work;
  work.final = nodes_of(compile_to_ir(op, options));
  work.steps = static_cast<double>(simplifier_steps - before);
  work.lowered = nodes_of(compile_to_ir(op, options, "lower"));
  return work;
}

}  // namespace

TEST_CASE("the work of compiling grows about as fast as what is compiled") {
  for (const Growing& growing : growing_operators()) {
    INFO(growing.name);
    std::vector<double> lowered, final, steps;
    std::string rows;
    for (int size : growing.sizes) {
      const Work work = work_of(growing, size);
      lowered.push_back(work.lowered);
      final.push_back(work.final);
      steps.push_back(work.steps);
      rows += fmt::format("\n{} of size {}: {} nodes lowered, {} in the end, {} steps", growing.name, size, work.lowered, work.final, work.steps);
    }
    CHECK_MESSAGE(exponent_of(growing.sizes, lowered) <= most, "nodes after lowering" << rows);
    CHECK_MESSAGE(exponent_of(growing.sizes, final) <= most, "nodes in the end" << rows);
    CHECK_MESSAGE(exponent_of(growing.sizes, steps) <= most, "steps of simplification" << rows);
  }
}

}  // namespace lathe
