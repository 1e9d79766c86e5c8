// Bandwidth of reads and copies at a working set. Each thread has its own part, touched by itself first, so that pages
// lie near it; passes over small sets are repeated within a sample.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "jit/runtime/meter.h"
#include "jit/runtime/meter_sampling.h"
#include "support/large_pages.h"

namespace lathe {
namespace {

constexpr int64_t granule = 1024;         // two halves of 512 bytes: one iteration of every loop
constexpr int64_t timed_bytes = 1 << 20;  // moved between two looks at the clock, at least
constexpr double sample_us = 300;
constexpr double budget_us = 40000;  // for one kind

struct Freed {
  void operator()(char* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<char, Freed>;

Memory make_memory(int64_t bytes) {
  Memory memory(static_cast<char*>(allocate_aligned(4096, static_cast<size_t>(bytes))));
  if (memory) return memory;
  throw Error(ErrorCode::out_of_memory, {.step = "meter",
                                         .what = "no memory for the working set of a bandwidth measurement",
                                         .got = fmt::format("{} bytes", bytes),
                                         .need = "less than the free memory"});
}

// GB/s of `pass`, which moves `bytes`, over about the time of one sample.
template <class Pass>
double rate_of(int64_t bytes, const Pass& pass) {
  int64_t batch = std::max<int64_t>(1, timed_bytes / bytes), passes = 0;
  double start = now_ns(), end = start;
  do {
    for (int64_t i = 0; i < batch; ++i) pass();
    passes += batch;
    end = now_ns();
  } while (end - start < sample_us * 1000);
  return static_cast<double>(passes * bytes) / (end - start);
}

}  // namespace

Bandwidth measure_bandwidth(int64_t bytes, int threads) {
  threads = std::max(1, threads);
  int64_t share = std::max(granule, bytes / threads / granule * granule), half = share / 2;
  std::vector<Memory> parts;
  for (int t = 0; t < threads; ++t) parts.push_back(make_memory(share));
  auto part = [&](int t) { return parts[static_cast<size_t>(t)].get(); };
  best_sum(threads, 1, [&](int t) {
    std::memset(part(t), 1, static_cast<size_t>(share));
    return 0.0;
  });
  // A pass at 10 GB/s, the slowest to expect, tells how many samples fit the budget.
  double pass_us = std::max(sample_us, static_cast<double>(share) / 10e3);
  int samples = std::clamp(static_cast<int>(budget_us / pass_us), 3, 40);
  Bandwidth result;
  result.read = best_sum(threads, samples, [&](int t) { return rate_of(share, [&] { run_read(part(t), share); }); });
  result.memcpy_ = best_sum(threads, samples, [&](int t) {
    return rate_of(2 * half, [&] {
      std::memcpy(part(t) + half, part(t), static_cast<size_t>(half));
      asm volatile("" : : "r"(part(t)) : "memory");  // keeps the copy
    });
  });
  result.streaming_copy = best_sum(threads, samples, [&](int t) {
    return rate_of(2 * half, [&] { run_streaming_copy(part(t) + half, part(t), half); });
  });
  return result;
}

}  // namespace lathe
