// What tuning found, for `compile`:
//
//   Kernel k = compile(op, {.known = tuner::tuned_schedules(tuner::default_store_path()), .sizes = {{"M", 512}, ...}});
//
// The record of exactly this algorithm, sizes and machine; then those of the nearest sizes, decided anew for this operator, in
// the order of the times that the model predicts from theirs.
// `compile` itself goes on to the constructed schedule. No record changes how an argument lies that is not in `layouts`.
#pragma once

#include <memory>
#include <string>

#include "jit/compile.h"
#include "tuner/tune.h"

namespace lathe::tuner {

// A file that is not there, or cannot be read, has no schedules: a message says why (support/messages.h).
std::shared_ptr<const KnownSchedules> tuned_schedules(const std::string& path, int threads = 1, const Layouts& layouts = {});
// The same of a store that is open and outlives it.
std::shared_ptr<const KnownSchedules> tuned_schedules(const Store& store, int threads = 1, const Layouts& layouts = {});

// Leaves what a search found where every `compile` of the operator finds it unasked (jit/tuned_files.h), under the
// condition of these sizes: a schedule that was faster in a fresh process, with arguments as the caller has them. False
// where there is none; where a fresh process saw no gain, what was left before goes.
bool leave_for_compile(const Operator& op, const TuneOptions& options, const Tuned& tuned);
// The same of the best that a store knows for a problem, if a fresh process confirmed it or it is pinned; else none is
// left.
bool leave_for_compile(const Operator& op, const Target& target, const Problem& problem, const Store& store);
// The same where the problem is of this machine.
bool leave_for_compile(const Problem& problem, const Store& store);

// What `compile` takes unasked: what was left and is accepted, before a constructed schedule. Nothing where none was left.
struct Left {
  Schedule schedule;
  std::vector<Sizes> sizes;                                 // that have a variant of their own
};
std::optional<Left> left_for_compile(const Operator& op, const Target& target, const Schedule& constructed);

// How far apart sizes are: the sum of |log2| of their ratios; infinite where they have other names.
double distance(const Sizes& a, const Sizes& b);

}  // namespace lathe::tuner
