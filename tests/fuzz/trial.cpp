#include "tests/fuzz/trial.h"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <unistd.h>

#include "jit/compile.h"
#include "jit/runtime/host.h"
#include "jit/runtime/pack.h"
#include "lang/needed_regions.h"
#include "lang/program.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

// What runs now, for the message when a guard page is touched.
char current[1 << 16];
void (*before_fault)(int) = SIG_DFL;
void (*before_abort)(int) = SIG_DFL;

extern "C" void print_current(int signal) {
  ssize_t written = write(STDERR_FILENO, current, std::strlen(current));
  static_cast<void>(written);
  std::signal(signal, signal == SIGABRT ? before_abort : before_fault);
  std::raise(signal);
}

// Names the trial if the code in it faults.
class FaultReport {
 public:
  explicit FaultReport(std::string text) : text_(std::move(text)) {
    at("compiling");
    before_fault = std::signal(SIGSEGV, print_current);
    before_abort = std::signal(SIGABRT, print_current);
  }
  ~FaultReport() {
    std::signal(SIGSEGV, before_fault);
    std::signal(SIGABRT, before_abort);
  }
  void at(const std::string& step) {
    std::snprintf(current, sizeof current, "the program stopped in\n%s%s\n", text_.c_str(), step.c_str());
  }

 private:
  std::string text_;
};

std::string text_of(const TrialRun& run) {
  static const char* const layouts[] = {"dense", "padded", "transposed"};
  std::string s;
  for (const auto& [name, value] : run.sizes) s += fmt::format("{}{}={}", s.empty() ? "" : ",", name, value);
  return fmt::format("{} {} threads {} seed {} kc {}{}", s, layouts[static_cast<int>(run.check.strides)], run.threads,
                     run.check.seed, run.param, run.check.exact ? "" : " bounded");
}

bool holds(const Trial& trial, Outcome outcome) { return run(trial).outcome == outcome; }

// Drops what is not needed for the outcome, last first, until nothing more goes.
template <class List, class Test>
bool drop_some(List& list, const Test& still) {
  bool any = false;
  for (size_t i = list.size(); i-- > 0;) {
    auto item = list[i];
    list.erase(list.begin() + static_cast<long>(i));
    if (still()) {
      any = true;
    } else {
      list.insert(list.begin() + static_cast<long>(i), item);
    }
  }
  return any;
}

int64_t lowest_of(const Operator& op, const std::string& size) {
  for (const SizeDecl& s : op.sizes) if (s.name == size) return s.lowest;
  return 0;
}

bool no_extent_is_negative(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  for (const TensorArgument& t : tensor_arguments(op)) {
    for (const Expr& e : t.extents) if (evaluate_extent(e, sizes) < 0) return false;
  }
  return true;
}

// The nearest value that the declaration allows.
int64_t allowed(const SizeDecl& s, int64_t value) {
  const int64_t multiple = s.multiple_of, least = (s.lowest + multiple - 1) / multiple * multiple;
  return std::clamp(value / multiple * multiple, least, s.highest / multiple * multiple);
}

}  // namespace

double terms_at(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  Bindings bindings;
  bindings.sizes = sizes;
  double elements = 0;
  for (const TensorArgument& t : tensor_arguments(op)) {
    double here = 1;
    for (const Expr& e : t.extents) here *= static_cast<double>(std::max<int64_t>(evaluate_extent(e, sizes), 0));
    elements += here;
  }
  return std::max(needed_regions(op, constants_of(op, bindings)).work, elements);
}

std::string Trial::describe() const {
  std::string s = fmt::format("{}\n{}on {}\n", print(op), schedule.text(op.name), target.name);
  for (const TrialRun& r : runs) s += text_of(r) + "\n";
  return s;
}

Verdict run(const Trial& trial) {
  FaultReport report("LATHE_FUZZ_SEED=" + std::to_string(trial.seed) + "\n" + trial.describe());
  Verdict verdict;
  try {
    CompileOptions options;
    options.target = trial.target;
    if (!trial.schedule.lines.empty() || !trial.schedule.variant.empty()) {
      options.schedule = parse_schedule({trial.schedule.text(trial.op.name), {"schedule", 1, 1}}, trial.op);
    }
    Kernel kernel = compile(trial.op, options);
    for (const TrialRun& r : trial.runs) {
      if (r.param > 0 && !trial.schedule.params.empty()) kernel.set_tune_param("kc", r.param);
      report.at("running " + text_of(r));
      CheckData data;
      try {
        data = make_check_data(trial.op, r.sizes, r.check);
        const PackedCall call(kernel, data.bindings.tensors);
        kernel.run(call.arguments(), {.threads = r.threads}, data.bindings.params);
        call.unpack_outputs();
      } catch (const Error& error) {
        if (error.code() != ErrorCode::read_outside_at_call && error.code() != ErrorCode::wrong_shape) throw;
        ++verdict.skipped;
        continue;
      }
      CheckReport result = compare(trial.op, data, r.check);
      if (!result.good) return {Outcome::wrong, text_of(r) + ": " + result.first_difference, verdict.skipped};
    }
  } catch (const Error& error) {
    if (kind_of(error.code()) == ErrorKind::user) return {Outcome::refused, error.what()};
    return {Outcome::wrong, error.what()};
  } catch (const std::exception& error) {
    return {Outcome::wrong, error.what()};
  }
  return verdict;
}

Trial shrunk(Trial trial, Outcome outcome) {
  auto still = [&] { return holds(trial, outcome); };
  bool smaller = true;
  while (smaller) {
    smaller = drop_some(trial.runs, still);
    smaller = drop_some(trial.schedule.lines, still) || smaller;
    smaller = drop_some(trial.schedule.variant, still) || smaller;
    if (!trial.schedule.condition.empty() && trial.schedule.variant.empty()) trial.schedule.condition.clear();
    for (TrialRun& r : trial.runs) {
      for (auto& [name, value] : r.sizes) {
        const int64_t old = value, lowest = lowest_of(trial.op, name);
        for (int64_t less : {int64_t{0}, int64_t{1}, int64_t{2}, old / 2, old - 1}) {
          if (less < lowest || less >= old) continue;
          value = less;
          if (still()) break;
          value = old;
        }
        smaller = smaller || value != old;
      }
    }
  }
  return trial;
}

std::map<std::string, int64_t> random_sizes(const Operator& op, Random& random, double most_work) {
  static const std::vector<int64_t> usual = {0,  1,  1,  2,  3,  4,  5,  6,  7,  8,  9,  11, 12, 13, 15, 16,
                                             17, 19, 23, 24, 25, 31, 32, 33, 37, 47, 48, 49, 63, 64, 65, 97};
  std::map<std::string, int64_t> sizes;
  for (int i = 0; i < 50; ++i) {
    for (const SizeDecl& s : op.sizes) sizes[s.name] = allowed(s, random.pick(usual));
    if (no_extent_is_negative(op, sizes)) break;
  }
  for (int steps = 0; steps < 100 && terms_at(op, sizes) > most_work; ++steps) {
    const SizeDecl& s = random.pick(op.sizes);
    std::map<std::string, int64_t> less = sizes;
    less[s.name] = allowed(s, less[s.name] - std::max<int64_t>(less[s.name] / 3, 1));
    if (no_extent_is_negative(op, less)) sizes = less;
  }
  return sizes;
}

std::optional<Target> target_to_test(const std::string& name) {
  try {
    Target target = target_named(name);
    check_runs_on(target, host_target());
    return target;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::missing_feature) return std::nullopt;
    throw;
  }
}

}  // namespace lathe
