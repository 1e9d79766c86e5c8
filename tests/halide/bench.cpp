// Times a call of an operator in Halide, under one of its autoschedulers or with the plain schedule, with Halide's own
// arithmetic and fast floats: a peer as its users have it.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "interop/halide/to_halide.h"
#include "tests/halide/verbs.h"

namespace lathe::halide {
namespace {

using Clock = std::chrono::steady_clock;

Error wrong_use(std::string what, std::string got, std::string need) {
  return Error(ErrorCode::wrong_use,
               {.step = "bench", .what = std::move(what), .got = std::move(got), .need = std::move(need)});
}

// "M=7,N=4093"
Sizes values_of(const std::string& text) {
  Sizes values;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) throw wrong_use("a value without a name", part, "NAME=NUMBER");
    values[part.substr(0, equals)] = std::stoll(part.substr(equals + 1));
  }
  return values;
}

Operator operator_named(const std::string& name) {
  std::vector<std::string> names;
  for (Operator& op : library()) {
    if (op.name == name) return std::move(op);
    names.push_back(op.name);
  }
  throw wrong_use("no operator of the library has this name", name,
                  "one that `lathe list` shows; nearest: " + nearest_name(name, names));
}

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// Microseconds of one call, sorted: samples of at least a millisecond.
std::vector<double> samples_of(HalideCall& call, int repetitions) {
  call.run();
  auto begin = Clock::now();
  call.run();
  const int batch = std::max(1, static_cast<int>(1000 / std::max(us_since(begin), 0.1)));
  std::vector<double> samples;
  for (int s = 0; s < repetitions; ++s) {
    begin = Clock::now();
    for (int i = 0; i < batch; ++i) call.run();
    samples.push_back(us_since(begin) / batch);
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

}  // namespace

int bench(const BenchOptions& options) {
  const Operator op = with_static_params(operator_named(options.name), values_of(options.params));
  const Sizes sizes = values_of(options.sizes);
  for (const SizeDecl& s : op.sizes) {
    if (!sizes.contains(s.name)) throw wrong_use("a size is missing", options.sizes, s.name + "=NUMBER");
  }
  Halide::Internal::JITSharedRuntime::set_num_threads(options.threads);
  HalidePipeline pipeline = to_halide(op, Arithmetic::halide);
  const auto begin = Clock::now();
  if (options.autoscheduler.empty()) {
    schedule_plainly(pipeline);
  } else {
    apply_autoscheduler(pipeline, options.autoscheduler, sizes, options.threads);
  }
  const double schedule_ms = us_since(begin) / 1000, compile_ms = compile(pipeline);
  const CheckData data = make_check_data(op, sizes, {.exact = false});
  HalideCall call(pipeline, data.bindings);
  const std::vector<double> samples = samples_of(call, options.repetitions);
  const CheckReport report = compare(op, data, {.exact = false, .max_points = 200});
  fmt::print("{}\n", nlohmann::json{{"operator", op.name},
                                    {"sizes", text_of(sizes)},
                                    {"threads", options.threads},
                                    {"schedule", options.autoscheduler.empty() ? "plain" : options.autoscheduler},
                                    {"target", pipeline.target.to_string()},
                                    {"time_us_min", samples.front()},
                                    {"time_us_median", samples[samples.size() / 2]},
                                    {"schedule_ms", schedule_ms},
                                    {"compile_ms", compile_ms},
                                    {"max_error", report.largest_error},
                                    {"good", report.good}}
                         .dump(2));
  return 0;
}

}  // namespace lathe::halide
