#include "tuner/check_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/error.h"

namespace lathe::tuner {

namespace {

// Why the schedule is refused; "" where it is not.
std::string refusal(const Problem& problem, const Trial& trial) {
  try {
    const SourceFile file = parse_file_text(problem.algorithm, "record.lathe");
    const Operator& op = find_operator(file, problem.op);
    if (trial.schedule.empty()) return "";
    const Target target = target_named(problem.level);
    compile_to_ir(op, {.schedule = parse_schedule({trial.schedule, {"record", 1}}, op), .target = target}, "expand_loops");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

std::vector<Error> remove_unfit(Records& records) {
  std::map<std::string, const Problem*> of_run;
  for (const Run& run : records.runs) {
    for (const Problem& p : records.problems) if (p.key() == run.problem) of_run[run.id] = &p;
  }
  std::vector<Error> unfit;
  std::erase_if(records.trials, [&](const Trial& t) {
    const Problem* const problem = of_run[t.run];
    if (problem && t.outcome != Outcome::good) return false;
    const std::string why = problem ? refusal(*problem, t) : "lathe: records: no run of that name: got " + t.run + ", need its line before";
    if (why.empty()) return false;
    unfit.emplace_back(ErrorCode::bad_record,
                       ErrorParts{.step = "records", .what = fmt::format("trial {}/{}{}", t.run, t.number, problem ? " of " + problem->op : ""),
                                  .got = why.substr(0, why.find('\n')), .need = "a schedule that this Lathe accepts"});
    return true;
  });
  return unfit;
}

}  // namespace lathe::tuner
