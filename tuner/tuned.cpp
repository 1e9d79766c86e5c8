#include "tuner/tuned.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "jit/lower/condition_facts.h"
#include "jit/lower/lower.h"
#include "jit/runtime/host.h"
#include "jit/tuned_files.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/messages.h"
#include "targets/fingerprint.h"
#include "tuner/executed.h"
#include "tuner/one_variant.h"
#include "tuner/space.h"

namespace lathe::tuner {

namespace {

constexpr size_t kNearest = 3;

class TunedSchedules : public KnownSchedules {
 public:
  TunedSchedules(const Store* store, std::unique_ptr<Store> own, int threads, Layouts layouts)
      : own_(std::move(own)), store_(own_ ? own_.get() : store), threads_(threads), layouts_(std::move(layouts)) {}

  std::vector<Schedule> schedules_for(const Operator& op, const Target& target, const Sizes& sizes) const override {
    std::vector<Schedule> found;
    if (!store_) return found;
    const Problem wanted = problem_of(op, sizes, threads_, target, layouts_);
    const Schedule constructed = Space(op, target, threads_, layouts_).candidate({}).decided();
    if (const auto exact = best_trial(*store_, wanted.key())) add_text(found, *exact, op, constructed);
    struct Near {
      double apart;
      Sizes sizes;
      Trial trial;
    };
    std::vector<Near> near;
    for (const Problem& p : store_->problems()) {
      const bool same = p.algorithm == wanted.algorithm && p.target == wanted.target && p.threads == threads_ && p.layouts == wanted.layouts;
      if (!same || p.key() == wanted.key()) continue;
      const double apart = distance(p.sizes, sizes);
      if (!std::isfinite(apart)) continue;
      if (auto best = best_trial(*store_, p.key())) near.push_back({apart, p.sizes, std::move(*best)});
    }
    std::stable_sort(near.begin(), near.end(), [](const Near& a, const Near& b) { return a.apart < b.apart; });
    if (near.size() > kNearest) near.resize(kNearest);
    const Space here(op, target, threads_, layouts_, sizes);
    std::vector<std::pair<double, Schedule>> ranked;
    const auto rank = [&](const Trace& trace, double us, const Sizes& measured) {
      const Candidate candidate = here.candidate(trace);
      const auto cycles = cycles_of(op, target, candidate, sizes);
      const auto before =
          cycles_of(op, target, Space(op, target, threads_, layouts_, measured).candidate(trace), measured);
      if (!cycles || !before) return;
      Schedule schedule = candidate.decided();
      if (candidate.at_sizes) schedule = with_variants_first({schedule}, constructed);
      ranked.emplace_back(us * *cycles / *before, std::move(schedule));
    };
    for (const Near& n : near) {
      rank(parse_trace(n.trial.trace), n.trial.us, n.sizes);
      if (&n == &near.front() && n.trial.speedup > 0)
        rank({}, n.trial.us * n.trial.speedup, n.sizes);  // a gain there may be none here
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [us, schedule] : ranked) found.push_back(std::move(schedule));
    return found;
  }

 private:
  // By the model; nothing where it is refused.
  static std::optional<double> cycles_of(const Operator& op, const Target& target, const Candidate& candidate,
                                         const Sizes& sizes) {
    try {
      const ir::Program program = compile_to_ir(op, {.schedule = candidate.decided(), .target = target});
      Sizes scalars = scalars_of(op, sizes);
      scalars.insert(candidate.all_params.begin(), candidate.all_params.end());
      return std::max(executed(program, target, scalars).cycles, 1.0);
    } catch (const Error& error) {
      if (kind_of(error.code()) != ErrorKind::user) throw;
      return std::nullopt;
    }
  }

  // The schedule as it was measured; what no longer parses is decided anew by those who come after it.
  // One variant is for calls at the record's sizes.
  void add_text(std::vector<Schedule>& found, const Trial& trial, const Operator& op,
                const Schedule& constructed) const {
    try {
      const Schedule own = parse_schedule({trial.schedule, {"record", 1}}, op);
      const bool for_some = layouts_.empty() && own.params.empty() && own.specializations.size() == 1;
      found.push_back(for_some ? with_variants_first({own}, constructed) : own);
    } catch (const Error&) {
    }
  }

  const std::unique_ptr<Store> own_;
  const Store* const store_;
  const int threads_;
  const Layouts layouts_;
};

bool is_accepted(const Operator& op, const Target& target, const Schedule& schedule) {
  try {
    compile_to_ir(op, {.schedule = schedule, .target = target}, "expand_loops");
    return true;
  } catch (const Error& error) {
    if (kind_of(error.code()) != ErrorKind::user) throw;
    return false;
  }
}

// The variant that calls at these sizes take, for them alone.
Schedule for_calls(const Operator& op, const Target& target, const Sizes& sizes, const Schedule& found) {
  const Schedule schedule = with_params_fixed(found, target);
  return variant_at(schedule, variant_taken(schedule, target, scalars_of(op, sizes)), op, sizes);
}

}  // namespace

bool leave_for_compile(const Operator& op, const TuneOptions& options, const Tuned& tuned) {
  if (!tuned.confirmed || !options.measure.layouts.empty()) return false;
  const Schedule schedule = for_calls(op, options.target, options.sizes, tuned.schedule);
  if (tuned.speedup > 1) {
    keep_tuned(op, options.target, schedule);
  } else {
    forget_tuned(op, options.target, schedule.specializations[0].condition);
  }
  return tuned.speedup > 1;
}

bool leave_for_compile(const Operator& op, const Target& target, const Problem& problem, const Store& store) {
  if (!problem.layouts.empty()) return false;
  const auto best = best_trial(store, problem.key());
  if (best && (best->confirmed || store.pinned(problem.key()))) {
    const Schedule schedule = parse_schedule({best->schedule, {"record", 1}}, op);
    keep_tuned(op, target, for_calls(op, target, problem.sizes, schedule));
    return true;
  }
  forget_tuned(op, target, for_calls(op, target, problem.sizes, plain_nest(op)).specializations[0].condition);
  return false;
}

bool leave_for_compile(const Problem& problem, const Store& store) {
  if (fingerprint_of(host_target()) != problem.target) return false;
  const SourceFile file = parse_file_text(problem.algorithm, "record.lathe");
  return leave_for_compile(find_operator(file, problem.op), host_target(), problem, store);
}

std::optional<Left> left_for_compile(const Operator& op, const Target& target, const Schedule& constructed) {
  std::vector<Schedule> all = kept_schedules(op, tuned_text(op, target));
  std::erase_if(all, [&](const Schedule& s) { return !is_accepted(op, target, s); });
  if (all.empty()) return std::nullopt;
  Left left{with_variants_first(all, with_params_fixed(constructed, target)), {}};
  for (const Schedule& s : all) {
    Sizes& sizes = left.sizes.emplace_back();
    for (const auto& [name, value] : pinned_sizes(s.specializations[0].condition, op.sizes)) {
      is_integer_constant(value, &sizes[name]);
    }
  }
  return left;
}

double distance(const Sizes& a, const Sizes& b) {
  double sum = 0;
  for (const auto& [name, value] : a) {
    const auto other = b.find(name);
    if (other == b.end()) return std::numeric_limits<double>::infinity();
    sum += std::fabs(std::log2(std::max<double>(static_cast<double>(value), 0.5)) - std::log2(std::max<double>(static_cast<double>(other->second), 0.5)));
  }
  return a.size() == b.size() ? sum : std::numeric_limits<double>::infinity();
}

std::shared_ptr<const KnownSchedules> tuned_schedules(const std::string& path, int threads, const Layouts& layouts) {
  std::unique_ptr<Store> store;
  try {
    if (std::filesystem::exists(path)) store = open_store(path, StoreUse::read);
  } catch (const Error& error) {
    send_message(error.what());
  }
  return std::make_shared<TunedSchedules>(nullptr, std::move(store), threads, layouts);
}

std::shared_ptr<const KnownSchedules> tuned_schedules(const Store& store, int threads, const Layouts& layouts) {
  return std::make_shared<TunedSchedules>(&store, nullptr, threads, layouts);
}

}  // namespace lathe::tuner
