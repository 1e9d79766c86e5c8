// All 2^32 operands of each function of one operand, and 10^9 pairs of pow, against double precision: `./dev fuzz math`.
// Arguments: names of functions (default: all). Exit code 1 where an error exceeds its bound.
#include <fmt/format.h>

#include <atomic>
#include <bit>
#include <mutex>
#include <random>
#include <thread>

#include "jit/runtime/host.h"
#include "tests/math/accuracy.h"

namespace lathe::test {

namespace {

constexpr int lanes = 16;
constexpr uint64_t piece = uint64_t{1} << 20;
constexpr uint64_t pairs = 1'000'000'000;

void fill(const MathFunction& function, uint64_t first, std::vector<float>& x, std::vector<float>& y) {
  std::mt19937_64 random(first + 1);
  for (uint64_t i = 0; i < piece; ++i) {
    if (function.of_one) {
      x[i] = std::bit_cast<float>(static_cast<uint32_t>(first + i));
      continue;
    }
    // Half the pairs are any two floats, half have a finite result more often than not.
    const uint64_t bits = random();
    const bool any = i % 2 == 0;
    x[i] = std::bit_cast<float>(static_cast<uint32_t>(any ? bits : bits % 0x10000000 + 0x38000000));
    y[i] = any ? std::bit_cast<float>(static_cast<uint32_t>(bits >> 32))
               : static_cast<float>(static_cast<int32_t>(bits >> 32)) * 0x1p-26f;
  }
}

Accuracy over_all(const MathFunction& function, const MathLoop& loop) {
  const uint64_t count = function.of_one ? uint64_t{1} << 32 : pairs;
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  Accuracy worst;
  const auto work = [&] {
    std::vector<float> x(piece), y(piece);
    Accuracy mine;
    for (uint64_t first; (first = next.fetch_add(piece)) < count;) {
      fill(function, first, x, y);
      measure(function, loop, x, y, mine);
    }
    const std::lock_guard lock(mutex);
    if (mine.worst_ulp > worst.worst_ulp) worst = mine;
  };
  std::vector<std::thread> threads(std::max(1u, std::thread::hardware_concurrency()));
  for (std::thread& thread : threads) thread = std::thread(work);
  for (std::thread& thread : threads) thread.join();
  return worst;
}

}  // namespace

int run(const std::vector<std::string>& names) {
  const Target target = host_target();
  int status = 0;
  for (const MathFunction& function : math_functions()) {
    const std::string name(info_of(function.op).name);
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    const Accuracy worst = over_all(function, MathLoop(function.op, f32, lanes, target));
    const bool good = worst.worst_ulp <= function.most_ulp;
    if (!good) status = 1;
    fmt::print("{:<10} {} (at most {}): {}\n", name, good ? "good" : "BAD", function.most_ulp, worst.text());
    std::fflush(stdout);
  }
  return status;
}

}  // namespace lathe::test

int main(int argc, char** argv) { return lathe::test::run({argv + 1, argv + argc}); }
