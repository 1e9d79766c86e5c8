// lathe bench: times an operator in turns with the meters of the machine, and compares with what the formula needs.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lang/oracle.h"
#include "tools/arguments.h"
#include "tools/bound.h"
#include "tools/choice.h"
#include "tools/measure.h"
#include "tools/sweep_table.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct BenchOptions {
  Choice choice;
  int repetitions = 20;
  bool cold = false;
  bool sweep = false;
  double seconds = 0.3;  // of a sweep, for each size
};

// One size: everything that a row of the output says.
struct BenchRow {
  std::string sizes;
  Work work;
  Measurement measurement;
  Bound bound;
  double compile_ms = 0, max_error = 0;
  std::string cache;                                        // where the code came from
  bool good = true;
  std::string first_difference;

  double gflops() const { return work.operations * 1e-3 / measurement.us_median; }
  double gbytes_per_s() const { return static_cast<double>(work.bytes) * 1e-3 / measurement.us_median; }
  double roofline_fraction() const { return measurement.us_median > 0 ? bound.us / measurement.us_median : 0; }
};

class Bench {
 public:
  explicit Bench(const BenchOptions& options)
      : options_(options), chosen_(choose(options.choice)), kernel_(compile(chosen_.op, chosen_.compile_options())) {}

  const Chosen& chosen() const { return chosen_; }

  BenchRow time(const std::map<std::string, int64_t>& sizes) {
    BenchRow row;
    row.sizes = size_text(chosen_.fixed, sizes);
    row.compile_ms = kernel_.stats().total_ms;
    row.cache = name_of(kernel_.stats().cache);
    row.work = count_work(chosen_.fixed, sizes);
    CheckOptions check{.seed = 1, .exact = false, .max_points = 1000, .strides = CheckStrides::dense};
    CheckData data = make_check_data(chosen_.fixed, sizes, check);
    for (const auto& [name, value] : chosen_.run_params) data.bindings.params[name] = value;
    compare_once(data, check, row);
    measure_with(data, row);
    row.bound = bound_of(row.work, row.measurement.machine, chosen_.target);
    return row;
  }

 private:
  RunOptions run_options() const { return {.threads = options_.choice.threads}; }
  int threads() const { return options_.choice.threads > 0 ? options_.choice.threads : host_target().threads; }

  void compare_once(const CheckData& data, const CheckOptions& check, BenchRow& row) const {
    const PackedCall call(kernel_, data.bindings.tensors);
    kernel_.run(call.arguments(), run_options(), data.bindings.params);
    call.unpack_outputs();
    CheckReport report = compare(chosen_.fixed, data, check);
    row.max_error = report.largest_error;
    row.good = report.good;
    row.first_difference = report.first_difference;
  }

  // Warm: one set of arguments. Cold: so many sets in turn that none is in a cache when its turn comes.
  void measure_with(const CheckData& data, BenchRow& row) const {
    int64_t set_bytes = std::max<int64_t>(row.work.bytes, 1);
    int64_t sets = options_.cold ? 2 + 2 * host_target().l3_bytes / set_bytes : 1;
    sets = std::min<int64_t>(sets, 4096);
    std::vector<DenseArguments> all;
    std::vector<std::function<void()>> calls;
    for (int64_t i = 0; i < sets; i++) {
      all.push_back(arguments_of(chosen_.fixed, kernel_, data));
      kernel_.run(all.back().views, run_options(), data.bindings.params);
      calls.push_back(kernel_.bind(all.back().views, run_options(), data.bindings.params));
    }
    size_t turn = 0;
    std::function<void()> in_turn = [&] { calls[turn++ % calls.size()](); };
    row.measurement = measure({.call = sets == 1 ? calls.front() : in_turn,
                               .repetitions = options_.repetitions,
                               .target = chosen_.target,
                               .threads = threads(),
                               .pipes = pipes_of(row.work),
                               .working_set_bytes = sets * set_bytes});
  }

  BenchOptions options_;
  Chosen chosen_;
  Kernel kernel_;
};

nlohmann::json json_row(const Bench& bench, const BenchOptions& options, const BenchRow& row) {
  const Measurement& m = row.measurement;
  return {{"operator", bench.chosen().op.name},
          {"sizes", row.sizes},
          {"threads", options.choice.threads},
          {"schedule", bench.chosen().schedule_label},
          {"time_us_min", m.us_min},
          {"time_us_median", m.us_median},
          {"gflops", row.gflops()},
          {"gbytes_per_s", row.gbytes_per_s()},
          {"peak_gflops", peak_gflops(row.work, m.machine, bench.chosen().target)},
          {"bandwidth_gbytes_per_s", m.machine.bandwidth.read},
          {"roofline_fraction", row.roofline_fraction()},
          {"compile_ms", row.compile_ms},
          {"cache", row.cache},
          {"max_error", row.max_error},
          {"target", bench.chosen().target.name},
          {"good", row.good},
          {"bound_us", row.bound.us},
          {"bound_by", row.bound.by},
          {"memcpy_us", copy_us(row.work, m.machine.bandwidth.memcpy_)},
          {"streaming_copy_us", copy_us(row.work, m.machine.bandwidth.streaming_copy)}};
}

void print_head(const Bench& bench, const BenchOptions& options) {
  fmt::print("{} on {}, {} schedule, threads {}{}\n", bench.chosen().op.name, bench.chosen().target.name,
             bench.chosen().schedule_label, options.choice.threads, options.cold ? ", cold" : "");
  fmt::print("{:<32} {:>11} {:>11} {:>9} {:>8} {:>9} {:>8} {:>8}  {:<10} {:>10} {:>6} {:>10}\n", "sizes", "median us",
             "min us", "GFLOP/s", "GB/s", "peak", "read", "of bound", "bound by", "compile ms", "cache", "max error");
}

void print_row(const Bench& bench, const BenchRow& row) {
  const Measurement& m = row.measurement;
  fmt::print("{:<32} {:>11.2f} {:>11.2f} {:>9.2f} {:>8.2f} {:>9.2f} {:>8.2f} {:>8.3f}  {:<10} {:>10.2f} {:>6} {:>10.3g}\n",
             row.sizes, m.us_median, m.us_min, row.gflops(), row.gbytes_per_s(),
             peak_gflops(row.work, m.machine, bench.chosen().target), m.machine.bandwidth.read, row.roofline_fraction(),
             row.bound.by, row.compile_ms, row.cache, row.max_error);
  if (row.bound.by == memory_bound) {
    double memcpy_us = copy_us(row.work, m.machine.bandwidth.memcpy_);
    fmt::print("  the same bytes by memcpy: {:.2f} us ({:.3f} times), by a streaming copy: {:.2f} us ({:.3f} times)\n",
               memcpy_us, m.us_median / memcpy_us, copy_us(row.work, m.machine.bandwidth.streaming_copy),
               m.us_median / copy_us(row.work, m.machine.bandwidth.streaming_copy));
  }
  if (!row.good)
    fmt::print(stderr, "lathe: bench: {} is wrong at {}: {}\n", bench.chosen().op.name, row.sizes,
               row.first_difference);
}

int bench_operator(const BenchOptions& options) {
  if (options.sweep) {
    if (options.cold) wrong_use("--sweep times arguments that are in the caches", "--cold", "one of the two");
    return print_sweep(options.choice, options.seconds);
  }
  Bench bench(options);
  std::vector<std::map<std::string, int64_t>> combinations;
  for (const std::string& text : options.choice.sizes) combinations.push_back(sizes_of(bench.chosen().fixed, text));
  if (combinations.empty()) combinations.push_back(sizes_of(bench.chosen().fixed, ""));
  nlohmann::json rows = nlohmann::json::array();
  bool all_good = true;
  if (!options.choice.json) print_head(bench, options);
  for (const auto& sizes : combinations) {
    BenchRow row = bench.time(sizes);
    all_good &= row.good;
    if (options.choice.json)
      rows.push_back(json_row(bench, options, row));
    else
      print_row(bench, row);
  }
  if (options.choice.json) fmt::print("{}\n", rows.dump(2));
  return all_good ? good : refused;
}

}  // namespace

Action add_bench(CLI::App& app) {
  auto options = std::make_shared<BenchOptions>();
  add_operator_options(app, options->choice);
  add_size_options(app, options->choice);
  add_compile_options(app, options->choice);
  add_thread_option(app, options->choice);
  app.add_option("--repetitions", options->repetitions, "samples of each size")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_flag("--sweep", options->sweep,
               "time the kernel beside each of its variants compiled for exactly that size, over a grid: --size "
               "M=64..1024 doubles, M=7/100 lists");
  app.add_option("--seconds", options->seconds, "time of a sweep for each size")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_flag("--cold", options->cold, "rotate over arguments larger than the last cache");
  return [options] { return bench_operator(*options); };
}

}  // namespace lathe::tools
