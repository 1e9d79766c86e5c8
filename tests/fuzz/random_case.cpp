#include "tests/fuzz/random_case.h"

#include <sstream>

#include "jit/compile.h"
#include "jit/lower/lower.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/break_schedule.h"
#include "tests/fuzz/fault_report.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/fuzz/vary_schedule.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

// With more registers than the machine has, tiles of any size are compiled: what is spilt is slow, not wrong.
constexpr int plenty = 64;

enum class Source : uint8_t { plain, constructed, varied_constructed, varied_library, collection, drawn };

Source random_source(Random& random) {
  const int64_t draw = random.below(100);
  if (draw < 4) return Source::plain;
  if (draw < 10) return Source::constructed;
  if (draw < 15) return Source::varied_constructed;
  if (draw < 21) return Source::varied_library;
  return draw < 35 ? Source::collection : Source::drawn;
}

Operator with_random_params(const Operator& op, Random& random) {
  std::map<std::string, int64_t> params;
  for (const ParamDecl& p : op.params) {
    if (p.is_static) params[p.name] = static_cast<int64_t>(p.default_value) + random.below(2);
  }
  return with_static_params(op, params);
}

const std::vector<Operator>& collection() {
  static const std::vector<Operator> operators = read_lathe_file(source_dir() + "/tests/fuzz/operators.lathe").operators;
  return operators;
}

// Operators of the library with the schedules of their files.
struct Scheduled {
  Operator op;
  const SourceFile* file;
};
const std::vector<Scheduled>& library() {
  static const std::vector<Scheduled> list = [] {
    std::vector<Scheduled> found;
    for (const char* name : {"matmul", "conv", "max_plus", "blur"}) {
      const auto* file = new SourceFile(read_lathe_file(source_dir() + "/stdlib/" + name + ".lathe"));
      for (const Operator& op : file->operators) {
        if (schedule_for(*file, op, "x86-64-v4")) found.push_back({op, file});
      }
    }
    return found;
  }();
  return list;
}

// What stands below the header of a printed schedule.
std::vector<std::string> lines_of(const Schedule& schedule) {
  std::istringstream text(print(schedule));
  std::vector<std::string> lines;
  std::string line;
  std::getline(text, line);
  while (std::getline(text, line)) lines.push_back(line);
  return lines;
}

class Drawer {
 public:
  Drawer(uint64_t seed, const CaseOptions& options) : random_(seed), options_(options) {
    trial_.seed = seed;
    trial_.target = options.targets[seed % options.targets.size()];
    wishes_for_missing_ = !options.missing.empty() && seed / 2 % 2 == 1;
    const std::vector<CoveragePair>& pairs = wishes_for_missing_ ? options.missing : wanted_pairs();
    wish_ = pairs[seed * 7919 % pairs.size()];
    for (const CoverageItem& item : {wish_.first, wish_.second}) {
      if (!item.is_construct) taste_.wanted.insert(static_cast<DirectiveKind>(item.number));
    }
  }

  Trial run() {
    switch (wishes_for_missing_ ? Source::drawn : random_source(random_)) {
      case Source::plain: trial_.op = small_algorithm(); break;
      case Source::constructed:
        trial_.op = small_algorithm();
        trial_.schedule.lines = lines_of(constructed());
        break;
      case Source::varied_constructed:
        trial_.op = small_algorithm();
        trial_.schedule = vary(constructed(), random_);
        break;
      case Source::varied_library: {
        const Scheduled& author = random_.pick(library());
        trial_.op = with_random_params(author.op, random_);
        trial_.schedule = vary(schedule_for(*author.file, author.op, trial_.target.level).value_or(Schedule{}), random_);
        break;
      }
      case Source::collection:
        trial_.op = with_random_params(random_.pick(collection()), random_);
        trial_.schedule = random_schedule(trial_.op, random_, taste_);
        break;
      case Source::drawn: draw_as_wished(); break;
    }
    if (!trial_.schedule.empty() && random_.chance(10)) {
      break_schedule(trial_.schedule, trial_.op, random_);
      trial_.broken = true;
    }
    if (random_.chance(30)) trial_.target.vector_registers = plenty;
    add_runs();
    return std::move(trial_);
  }

 private:
  using K = DirectiveKind;

  // An algorithm whose smallest sizes are not too many terms already.
  Operator small_algorithm(const AlgorithmOptions& kinds = {}) {
    while (true) {
      Operator op = with_static_params(legal_random_algorithm(random_, kinds), {});
      if (terms_at(op, random_sizes(op, random_, 1)) <= options_.most_work) return op;
    }
  }

  // None where even the plain nest is refused, as its kernel will be.
  Schedule constructed() const {
    FaultReport report(trial_.text());
    try {
      return constructed_schedule(trial_.op, {.target = trial_.target});
    } catch (const Error& error) {
      if (kind_of(error.code()) != ErrorKind::user) throw;
      return plain_nest(trial_.op);
    }
  }

  // The first few legal schedules; the one that has the pair, or else the last.
  void draw_as_wished() {
    Trial legal = trial_;
    // To draw again costs less than to run what is known; what few cases still wish for is rare.
    const int most = !wishes_for_missing_ ? 4 : options_.missing.size() > 50 ? 12 : 36;
    for (int algorithms = 0; algorithms < most; ++algorithms) {
      trial_.op = algorithm_with_wish();
      for (int schedules = 0; schedules < (asks_much() ? 10 : 4); ++schedules) {
        trial_.schedule = random_schedule(trial_.op, random_, taste_);
        const std::optional<Schedule> schedule = legal_schedule(trial_);
        if (!schedule) continue;
        legal.op = trial_.op;
        legal.schedule = trial_.schedule;
        Coverage coverage;
        coverage.add(trial_.op, *schedule);
        if (coverage.has(wish_)) return;
      }
    }
    if (!legal.op.name.empty()) trial_ = std::move(legal);
  }

  template <class... Kinds>
  bool wants(Kinds... kinds) const {
    return (taste_.wants(kinds) || ...);
  }

  // Of directives that few nests admit, one in several draws is legal.
  bool asks_much() const {
    return wants(K::slide, K::fold_storage, K::clip, K::collapse, K::with_first, K::tensorize, K::store_with);
  }

  Operator algorithm_with_wish() {
    const bool asks = wish_.second.is_construct;
    AlgorithmOptions kinds;                                 // of which a rare directive has something to do
    if (wants(K::tensorize)) kinds.dots = 100;
    if (wants(K::clip)) kinds.windows = 70;
    if (wants(K::slide, K::fold_storage, K::collapse)) kinds.aligned = 85;
    if (wants(K::store_with)) kinds.chained = 90;
    if (wants(K::epilogue_of)) kinds.chained = 50;
    if (wants(K::epilogue_of, K::with_first, K::rfactor)) kinds.reductions = 75;
    if (wants(K::compute_inline, K::compute_at, K::store_at, K::fold_storage, K::slide, K::pitch, K::align, K::layout))
      kinds.least_funcs = 2, kinds.linked = 40;
    if (wants(K::compute_inline) && taste_.wanted.size() > 1) kinds.least_funcs = 3;
    Operator op;
    for (int tries = 0; tries < (asks ? 60 : 1); ++tries) {
      op = small_algorithm(kinds);
      if (!asks || has(constructs_of(op), static_cast<Construct>(wish_.second.number))) break;
    }
    return op;
  }

  void add_runs() {
    for (int i = 0; i < options_.runs; ++i) {
      TrialRun r;
      r.sizes = random_sizes(trial_.op, random_, options_.most_work);
      r.check.seed = trial_.seed * 8 + static_cast<uint64_t>(i);
      r.check.exact = random_.chance(75);
      r.check.special_values = random_.chance(25);
      r.check.strides = static_cast<CheckStrides>(random_.below(3));
      r.check.max_points = 200;
      r.threads = static_cast<int>(random_.between(1, 2));
      r.order = random_.chance(50) ? trial_.seed * 8 + static_cast<uint64_t>(i) + 1 : 0;
      r.end = random_.pick<int>({0, 0, -1, 1});
      r.param = random_.chance(50) ? random_.between(1, 64) : 0;
      trial_.runs.push_back(std::move(r));
    }
  }

  Random random_;
  const CaseOptions& options_;
  Trial trial_;
  CoveragePair wish_;
  bool wishes_for_missing_ = false;
  Taste taste_;
};

}  // namespace

Trial random_case(uint64_t seed, const CaseOptions& options) { return Drawer(seed, options).run(); }

std::optional<Schedule> legal_schedule(const Trial& trial) {
  FaultReport report(trial.text());
  try {
    Schedule schedule = parse_schedule({trial.schedule.text(trial.op.name), {"schedule", 1, 1}}, trial.op);
    lower(trial.op, &schedule, trial.target);
    return schedule;
  } catch (const Error& error) {
    if (kind_of(error.code()) == ErrorKind::user) return std::nullopt;
    return Schedule{};                                      // a fault: let the trial show it
  }
}

std::vector<Target> targets_to_test() {
  std::vector<Target> targets;
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    if (std::optional<Target> target = target_to_test(name)) targets.push_back(*target);
  }
  return targets;
}

}  // namespace lathe
