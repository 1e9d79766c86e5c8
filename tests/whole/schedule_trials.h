// Schedules of small operators, compared with the interpreter, or refused with a reason.
#pragma once

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <map>
#include <string>
#include <vector>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "lang/text.h"
#include "schedules/construct/construct.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"

namespace lathe {

using Sizes = std::vector<std::map<std::string, int64_t>>;

inline Trial trial_of(const std::string& algorithm, const std::string& lines, const std::string& target,
                      bool strict = false) {
  Operator op = parse_file_text(algorithm, "algorithm").operators.at(0);
  op.strict = strict;
  return {with_static_params(op, {}), {{}, {lines}, {}, {}}, target_to_test(target).value(), {}, 0};
}

// Dense, padded and transposed arguments, one thread and two. Nothing where this machine cannot run the target.
inline void computes_on(const std::string& target, const std::string& algorithm, const std::string& lines, const Sizes& sizes) {
  if (!target_to_test(target)) return;
  Trial trial = trial_of(algorithm, lines, target);
  for (size_t i = 0; i < sizes.size(); ++i) {
    TrialRun run;
    run.sizes = sizes[i];
    run.check = {.seed = i, .exact = true, .strides = static_cast<CheckStrides>(i % 3)};
    run.threads = 1 + static_cast<int>(i % 2);
    trial.runs.push_back(run);
  }
  const Verdict verdict = run(trial);
  CHECK_MESSAGE(verdict.outcome == Outcome::good, fmt::format("{}\non {}\n{}", lines, target, verdict.message));
}

inline void computes(const std::string& algorithm, const std::string& lines, const Sizes& sizes) {
  for (const char* target : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) computes_on(target, algorithm, lines, sizes);
}

// The schedule that the constructive scheduler thinks best.
inline std::string constructed(const std::string& algorithm, const std::string& target) {
  const Operator op = parse_file_text(algorithm, "algorithm").operators.at(0);
  return print(construct_schedules(op, target_named(target)).front());
}

// As computes, with that schedule; it must be legal.
inline void computes_constructed(const std::string& algorithm, const Sizes& sizes) {
  for (const char* target : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const std::string schedule = constructed(algorithm, target);
    computes_on(target, algorithm, schedule.substr(schedule.find('\n') + 1), sizes);
  }
}

// The program that lowering makes, as text.
inline std::string lowered(const std::string& algorithm, const std::string& lines) {
  const SourceFile file = parse_file_text(
      algorithm + "schedule for " + algorithm.substr(0, algorithm.find('(')) + "\n" + lines + "\n", "t.lathe");
  const Operator& op = file.operators.at(0);
  return ir::print(compile_to_ir(
      op, {.schedule = schedule_for(file, op, "x86-64-v3"), .target = target_named("x86-64-v3")}, "lower"));
}

inline std::string refusal(const std::string& algorithm, const std::string& lines, bool strict = false) {
  const Verdict verdict = run(trial_of(algorithm, lines, "x86-64-v2", strict));
  return verdict.outcome == Outcome::refused ? verdict.message : "not refused: " + verdict.message;
}

inline void has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace lathe
