#include "tests/fuzz/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "jit/compile.h"
#include "jit/runtime/context.h"
#include "jit/runtime/host.h"
#include "jit/runtime/pack.h"
#include "lang/needed_regions.h"
#include "lang/program.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/messages.h"
#include "tests/fuzz/fault_report.h"

namespace lathe {
namespace {

constexpr std::string_view layouts[] = {"dense", "padded", "transposed"};

std::string text_of(const TrialRun& run) {
  std::string s = run.sizes.empty() ? "-" : "";
  for (const auto& [name, value] : run.sizes) s += fmt::format("{}{}={}", s.empty() ? "" : ",", name, value);
  return fmt::format("{} {} threads {} order {} seed {} kc {} end {} {} {}", s, layouts[static_cast<int>(run.check.strides)], run.threads,
                     run.order, run.check.seed, run.param, run.end, run.check.exact ? "exact" : "bounded",
                     run.check.special_values ? "special" : "plain");
}

TrialRun run_from(const std::string& line) {
  std::istringstream words(line);
  std::string sizes, layout, word, mode, values;
  TrialRun run;
  words >> sizes >> layout >> word >> run.threads >> word >> run.order >> word >> run.check.seed >> word >> run.param >> word;
  if (word == "end") words >> run.end >> mode;
  else mode = word;
  words >> values;
  if (sizes == "-") sizes.clear();
  std::istringstream list(sizes);
  for (std::string one; std::getline(list, one, ',');) run.sizes[one.substr(0, one.find('='))] = std::stoll(one.substr(one.find('=') + 1));
  for (size_t i = 0; i < std::size(layouts); ++i) if (layout == layouts[i]) run.check.strides = static_cast<CheckStrides>(i);
  run.check.max_points = 200;
  run.check.exact = mode == "exact";
  run.check.special_values = values == "special";
  return run;
}

// Parallel loops run in this order while it lives.
class ParallelOrder {
 public:
  explicit ParallelOrder(uint64_t seed) { set_parallel_order(seed); }
  ~ParallelOrder() { set_parallel_order(0); }
};

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

std::string Trial::text() const {
  std::string s = fmt::format("# seed {}\n# target {}\n", seed, target.name);
  if (target.vector_registers != target_named(target.name).vector_registers) s += fmt::format("# registers {}\n", target.vector_registers);
  for (const TrialRun& r : runs) s += "# run " + text_of(r) + "\n";
  s += print(op);
  if (!schedule.empty()) s += "\n" + schedule.text(op.name);
  return s;
}

Trial read_trial(const std::string& path) {
  const SourceFile file = read_lathe_file(path);
  Trial trial{file.operators.at(0), {}, {}, {}};
  std::ifstream text(path);
  std::vector<std::string> all;
  for (std::string line; std::getline(text, line);) all.push_back(line);
  const bool one_variant = std::count_if(all.begin(), all.end(), [](const std::string& l) { return l.starts_with("specialize("); }) == 1;
  bool in_schedule = false, in_variant = false;
  for (const std::string& line : all) {
    if (line.starts_with("# seed ")) trial.seed = std::stoull(line.substr(7));
    else if (line.starts_with("# target ")) trial.target = target_named(line.substr(9));
    else if (line.starts_with("# registers ")) trial.target.vector_registers = std::stoi(line.substr(12));
    else if (line.starts_with("# run ")) trial.runs.push_back(run_from(line.substr(6)));
    else if (line.starts_with("schedule for ")) in_schedule = true;
    else if (!in_schedule || line.empty()) continue;
    else if (line.starts_with("param ")) trial.schedule.params.push_back(line);
    else if (!one_variant) trial.schedule.lines.push_back(line);
    else if (line == "}") in_variant = false;
    else if (line.starts_with("specialize(")) {
      in_variant = true;
      trial.schedule.condition = line.substr(11, line.rfind(')') - 11);
    } else (in_variant ? trial.schedule.variant : trial.schedule.lines).push_back(line.substr(line.find_first_not_of(' ')));
  }
  return trial;
}

namespace {

// Compiles as the author would, and shows the programs on the way to a listener.
Kernel compiled(const Trial& trial, const CompileOptions& options, Coverage* coverage) {
  if (coverage) {
    coverage->add(compile_to_ir(trial.op, options, "lower"));
    coverage->add(compile_to_ir(trial.op, options));
    if (options.schedule) coverage->add(trial.op, *options.schedule);
  }
  return compile(trial.op, options);
}

// A value at the end of what the type holds, as far as a double tells it apart.
double end_of(DType type, int which) {
  if (type == DType::boolean) return which > 0;
  if (is_float(type)) return which > 0 ? 1000 : -1000;
  const int bits = std::min(8 * static_cast<int>(bytes_of(type)), 53);
  if (!is_signed(type)) return which > 0 ? std::ldexp(1.0, bits) - 1 : 0;
  return which > 0 ? std::ldexp(1.0, bits - 1) - 1 : -std::ldexp(1.0, bits - 1);
}

void move_params(const Operator& op, int end, Bindings& bindings) {
  for (const ParamDecl& p : op.params) {
    if (!p.is_static && end != 0) bindings.params[p.name] = end_of(p.dtype, end);
  }
}

// What is wrong with a run; "" where nothing is. None: the operator refuses the sizes.
std::optional<std::string> difference(const Trial& trial, const Kernel& kernel, const TrialRun& r) {
  CheckOptions check = r.check;
  CheckData data;
  try {
    data = make_check_data(trial.op, r.sizes, check);
    move_params(trial.op, r.end, data.bindings);
    if (check.special_values && !exact_mode_applies(trial.op, data.bindings)) {
      check.special_values = false;
      data = make_check_data(trial.op, r.sizes, check);
      move_params(trial.op, r.end, data.bindings);
    }
    const PackedCall call(kernel, data.bindings.tensors);
    kernel.run(call.arguments(), {.threads = r.threads}, data.bindings.params);
    call.unpack_outputs();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::read_outside_at_call && error.code() != ErrorCode::wrong_shape) throw;
    return std::nullopt;
  }
  const CheckReport result = compare(trial.op, data, check);
  return result.good ? "" : result.first_difference;
}

}  // namespace

// What schedules trace is not for the log of the tests.
class Untold {
 public:
  Untold() {
    set_message_hook([](std::string_view text) {
      if (!text.starts_with("trace: ")) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
    });
  }
  ~Untold() { set_message_hook({}); }
};

Verdict run(const Trial& trial, Coverage* coverage) {
  const Untold untold;
  FaultReport report(trial.text());
  Verdict verdict;
  try {
    CompileOptions options;
    options.target = trial.target;
    options.cache = Cache::memory;
    options.schedule = plain_nest(trial.op);
    if (!trial.schedule.empty()) {
      options.schedule = parse_schedule({trial.schedule.text(trial.op.name), {"schedule", 1, 1}}, trial.op);
    }
    Kernel kernel = compiled(trial, options, coverage);
    for (const TrialRun& r : trial.runs) {
      if (r.param > 0 && !trial.schedule.params.empty()) kernel.set_tune_param("kc", r.param);
      report.at("running " + text_of(r));
      const ParallelOrder order(r.order);
      const std::optional<std::string> wrong = difference(trial, kernel, r);
      verdict.skipped += !wrong;
      if (wrong && !wrong->empty()) return {Outcome::wrong, text_of(r) + ": " + *wrong, verdict.skipped};
    }
  } catch (const Error& error) {
    if (kind_of(error.code()) == ErrorKind::user) return {Outcome::refused, error.what()};
    return {Outcome::wrong, error.what()};
  } catch (const std::exception& error) {
    return {Outcome::wrong, error.what()};
  }
  return verdict;
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
