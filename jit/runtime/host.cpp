// The host as a description: instruction set from LLVM, caches and threads from hwloc, rates from a measurement of
// about two milliseconds (no table of CPUs: a core that runs 512-bit instructions in two halves shows it), kept in the
// cache on disk. A rate is a ratio to the clock of the same moment, rounded to what hardware can have, so that a busy
// machine gives the same description.
#include "jit/runtime/host.h"

#include <fmt/format.h>
#include <hwloc.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <mutex>

#include "jit/runtime/disk_cache.h"
#include "jit/runtime/meter.h"
#include "jit/runtime/meter_sampling.h"
#include "support/bytes.h"

namespace lathe {
namespace {

constexpr int samples_per_rate = 12;
constexpr double clock_sample_us = 10, rate_sample_us = 15;

double per_cycle(MeterOp op, int vector_bytes) {
  MeterLoop loop = meter_loop(op, vector_bytes);
  if (!loop) return 0;
  return nearest_per_cycle(sample_against_clock(loop, samples_per_rate, clock_sample_us, rate_sample_us).per_cycle());
}

void measure_now(Target& target) {
  int bytes = target.vector_bytes;
  target.mul.per_cycle = per_cycle(target.has_feature("fma") ? MeterOp::fma : MeterOp::mul, bytes);
  target.add.per_cycle = per_cycle(MeterOp::add, bytes);
  target.logic.per_cycle = per_cycle(MeterOp::logic, bytes);
  target.divide.per_cycle = per_cycle(MeterOp::divide, bytes);
  target.popcount.per_cycle = target.has_feature("avx512vpopcntdq") ? per_cycle(MeterOp::popcount, bytes) : 0;
  target.loads_per_cycle = std::max(1, static_cast<int>(per_cycle(MeterOp::load, bytes)));
  target.stores_per_cycle = std::max(1, static_cast<int>(per_cycle(MeterOp::store, bytes)));
}

// The numbers that are measured, in a fixed order.
template <class Visit>
void each_rate(Target& target, const Visit& visit) {
  for (PipeInfo* pipe : {&target.mul, &target.add, &target.logic, &target.divide, &target.popcount})
    visit(pipe->per_cycle);
  visit(target.loads_per_cycle);
  visit(target.stores_per_cycle);
}

// As measured before on a CPU of this kind, by any process of the user: one that was disturbed would otherwise see
// another target, for which nothing is in the cache.
void measure_rates(Target& target) {
  DiskCache* disk = disk_cache();
  if (!disk) return measure_now(target);
  const std::string key =
      fmt::format("rates 1 of {} {} bytes {}", target.cpu, target.vector_bytes, fmt::join(target.features, ","));
  if (const std::optional<std::string> known = disk->find(key)) {
    ByteReader in(*known);
    each_rate(target, [&](auto& rate) {
      rate = static_cast<std::decay_t<decltype(rate)>>(std::bit_cast<double>(in.number()));
    });
    if (in.good() && in.at_end()) return;
  }
  measure_now(target);
  ByteWriter out;
  each_rate(target, [&](auto& rate) { out.number(std::bit_cast<uint64_t>(static_cast<double>(rate))); });
  disk->store(key, out.take());
}

std::vector<std::string> detected_features() {
  std::vector<std::string> features;
  for (const auto& entry : llvm::sys::getHostCPUFeatures()) {
    features.push_back(fmt::format("{}{}", entry.second ? '+' : '-', entry.first().str()));
  }
  std::sort(features.begin(), features.end());
  return features;
}

// Below the level that has them whole, AVX-512's parts would only make LLVM pick 512-bit types.
void drop_partial_avx512(Target& target) {
  for (std::string& feature : target.features) {
    if (feature.starts_with("+avx512") || feature == "+evex512") feature[0] = '-';
  }
}

// The strongest level whose every feature the machine has.
Target strongest_level(const std::vector<std::string>& features) {
  Target machine;
  machine.features = features;
  Target best;
  for (const std::string& name : target_names()) {
    Target level = target_named(name);
    bool runs = missing_features(level, machine).empty();
    if (runs && level_number(level.level) > level_number(best.level)) best = level;
  }
  if (!best.level.empty()) return best;
  check_runs_on(target_named("x86-64-v2"), machine);
  internal_error("target", "no level of instructions fits this machine");
}

int64_t cache_bytes(hwloc_topology_t topology, hwloc_obj_type_t type, int64_t typical) {
  hwloc_obj_t cache = hwloc_get_obj_by_type(topology, type, 0);
  return cache && cache->attr->cache.size > 0 ? static_cast<int64_t>(cache->attr->cache.size) : typical;
}

// Caches, and the processing units this process may use.
void read_topology(Target& target) {
  hwloc_topology_t topology;
  if (hwloc_topology_init(&topology) != 0) return;
  std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)> owner(topology, hwloc_topology_destroy);
  if (hwloc_topology_load(topology) != 0) return;
  target.l1_bytes = cache_bytes(topology, HWLOC_OBJ_L1CACHE, target.l1_bytes);
  target.l2_bytes = cache_bytes(topology, HWLOC_OBJ_L2CACHE, target.l2_bytes);
  target.l3_bytes = cache_bytes(topology, HWLOC_OBJ_L3CACHE, target.l3_bytes);
  std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)> usable(
      hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(topology)), hwloc_bitmap_free);
  std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)> bound(hwloc_bitmap_alloc(), hwloc_bitmap_free);
  if (hwloc_get_cpubind(topology, bound.get(), HWLOC_CPUBIND_PROCESS) == 0) {
    hwloc_bitmap_and(usable.get(), usable.get(), bound.get());
  }
  target.threads = std::max(1, hwloc_bitmap_weight(usable.get()));
}

Target detect_host() {
  std::vector<std::string> features = detected_features();
  Target target = strongest_level(features);
  target.name = "host";
  target.cpu = llvm::sys::getHostCPUName().str();
  target.features = features;
  if (level_number(target.level) < level_number("x86-64-v4")) drop_partial_avx512(target);
  read_topology(target);
  measure_rates(target);
  for (int i = 0; i < 10; ++i) target.clock_ghz = std::max(target.clock_ghz, sample_clock_ghz(20));
  return target;
}

}  // namespace

std::vector<std::string> missing_features(const Target& target, const Target& machine) {
  std::vector<std::string> missing;
  for (const std::string& feature : target.features) {
    if (feature.starts_with('+') && !machine.has_feature(feature.substr(1))) missing.push_back(feature.substr(1));
  }
  return missing;
}

void check_runs_on(const Target& target, const Target& machine) {
  std::vector<std::string> missing = missing_features(target, machine);
  if (missing.empty()) return;
  ErrorParts parts{.step = "target", .what = {}, .got = {}, .need = {}};
  parts.what = fmt::format("this machine cannot run code for {}", target.name);
  parts.got = fmt::format("no {}", fmt::join(missing, ", "));
  parts.need = "every feature that the target names";
  parts.hint = "choose a lower level, or leave the target out to use the host's own";
  throw Error(ErrorCode::missing_feature, parts);
}

const Target& host_target() {
  static const Target host = detect_host();
  return host;
}

Target target_on_host(const std::string& name) {
  if (name.empty() || name == "host") return host_target();
  static std::mutex mutex;
  static auto* known = new std::map<std::string, Target>;  // rates are measured once for each name
  std::lock_guard lock(mutex);
  if (auto found = known->find(name); found != known->end()) return found->second;
  Target target = with_instruction_set(host_target(), target_named(name));
  if (missing_features(target, host_target()).empty()) measure_rates(target);
  return known->emplace(name, target).first->second;
}

}  // namespace lathe
