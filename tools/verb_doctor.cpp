// lathe doctor: what this machine is, and what the meters say it can do.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "jit/runtime/meter.h"
#include "lathe.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

using nlohmann::json;

constexpr double peak_tolerance = 0.03;

// The level of the host and those below it, widest vectors first.
std::vector<Target> runnable_targets() {
  std::vector<Target> targets;
  std::set<int> widths;
  std::vector<std::string> names = target_names();
  std::sort(names.rbegin(), names.rend());
  for (const std::string& name : names) {
    if (!satisfies(host_target().level, name)) continue;
    Target target = target_on_host(name);
    if (widths.insert(target.vector_bytes).second) targets.push_back(target);
  }
  return targets;
}

json peak_row(const Target& target) {
  PeakCheck check = check_peak(target);
  return {{"target", target.name},
          {"vector_bits", 8 * target.vector_bytes},
          {"clock_ghz", check.clock_ghz},
          {"peak_gflops", check.peak_gflops},
          {"expected_gflops", check.expected_gflops},
          {"ratio", check.ratio},
          {"as_expected", std::abs(check.ratio - 1) <= peak_tolerance},
          {"peak_gflops_all_threads", measure_peak_gflops(target, host_target().threads)}};
}

json bandwidth_row(const std::string& level, int64_t bytes, int threads) {
  Bandwidth bandwidth = measure_bandwidth(bytes, threads);
  return {{"level", level},
          {"bytes", bytes},
          {"threads", threads},
          {"read_gbytes_per_s", bandwidth.read},
          {"memcpy_gbytes_per_s", bandwidth.memcpy_},
          {"streaming_copy_gbytes_per_s", bandwidth.streaming_copy}};
}

json examine() {
  const Target& host = host_target();
  json report = {{"cpu", host.cpu},
                 {"level", host.level},
                 {"features", host.features},
                 {"vector_bits", 8 * host.vector_bytes},
                 {"vector_registers", host.vector_registers},
                 {"l1_bytes", host.l1_bytes},
                 {"l2_bytes", host.l2_bytes},
                 {"l3_bytes", host.l3_bytes},
                 {"threads", host.threads},
                 {"clock_ghz", measure_clock_ghz()},
                 {"peak", json::array()},
                 {"bandwidth", json::array()}};
  for (const Target& target : runnable_targets()) report["peak"].push_back(peak_row(target));
  std::set<int> thread_counts = {1, host.threads};
  const std::pair<const char*, int64_t> sizes[] = {
      {"L1", host.l1_bytes / 2}, {"L2", host.l2_bytes / 2}, {"L3", host.l3_bytes / 2}, {"DRAM", 4 * host.l3_bytes}};
  for (const auto& [level, bytes] : sizes) {
    for (int threads : thread_counts) report["bandwidth"].push_back(bandwidth_row(level, bytes * threads, threads));
  }
  return report;
}

void print_report(const json& report) {
  std::vector<std::string> on;
  for (const std::string feature : report["features"]) {
    if (feature.starts_with("+")) on.push_back(feature.substr(1));
  }
  fmt::print("CPU        {}, {}, {} threads, {:.2f} GHz\n", report["cpu"].get<std::string>(),
             report["level"].get<std::string>(), report["threads"].get<int>(), report["clock_ghz"].get<double>());
  fmt::print("vectors    {} registers of {} bits\n", report["vector_registers"].get<int>(),
             report["vector_bits"].get<int>());
  fmt::print("caches     L1 {} KiB, L2 {} KiB, L3 {} KiB\n", report["l1_bytes"].get<int64_t>() >> 10,
             report["l2_bytes"].get<int64_t>() >> 10, report["l3_bytes"].get<int64_t>() >> 10);
  fmt::print("features   {}\n\n", fmt::join(on, " "));

  fmt::print("f32 FMA peak, GFLOP/s      1 thread  expected  ratio              all threads\n");
  for (const json& row : report["peak"]) {
    fmt::print("  {:<12} {:>4} bits  {:>10.1f}  {:>8.1f}  {:>5.3f}  {:<15}  {:>11.1f}\n",
               row["target"].get<std::string>(), row["vector_bits"].get<int>(), row["peak_gflops"].get<double>(),
               row["expected_gflops"].get<double>(), row["ratio"].get<double>(),
               row["as_expected"].get<bool>() ? "as expected" : "off by over 3 %",
               row["peak_gflops_all_threads"].get<double>());
  }
  fmt::print("\nbandwidth, GB/s  threads  working set        read      memcpy  streaming copy\n");
  for (const json& row : report["bandwidth"]) {
    fmt::print("  {:<14} {:>7}  {:>7} KiB  {:>10.1f}  {:>10.1f}  {:>14.1f}\n", row["level"].get<std::string>(),
               row["threads"].get<int>(), row["bytes"].get<int64_t>() >> 10, row["read_gbytes_per_s"].get<double>(),
               row["memcpy_gbytes_per_s"].get<double>(), row["streaming_copy_gbytes_per_s"].get<double>());
  }
}

}  // namespace

Action add_doctor(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  app.add_flag("--json", *as_json, "print JSON");
  return [as_json] {
    json report = examine();
    if (*as_json)
      fmt::print("{}\n", report.dump(2));
    else
      print_report(report);
    return good;
  };
}

}  // namespace lathe::tools
