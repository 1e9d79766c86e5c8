// Bytes through the levels of memory, counted from the final loop IR.
#include "tuner/traffic.h"

#include <doctest/doctest.h>

#include "jit/ir/text.h"

namespace lathe::tuner {
namespace {

// A pass over `a` for each of R rounds.
const char* const kRounds = R"(program rounds

entry rounds(a: f32 readonly, b: f32; R: i64, N: i64) {
  for r in 0, R serial {
    for i in 0, N serial {
      b[ramp(8*i, 1, 8)] = a[ramp(8*i, 1, 8)] + b[ramp(8*i, 1, 8)]
    }
  }
}
)";

Traffic of(const char* text, const std::map<std::string, int64_t>& scalars) {
  return traffic(ir::parse_program(text), target_named("x86-64-v3"), scalars);  // caches of 32 KB, 1 MB, 32 MB
}

}  // namespace

TEST_CASE("what fits a cache is brought into it once, what does not at each round") {
  const Traffic small = of(kRounds, {{"R", 10}, {"N", 256}});  // 2 arrays of 8 KB
  CHECK(small.moved == 10 * 3 * 8192);
  for (const double bytes : small.beyond) CHECK(bytes == doctest::Approx(2 * 8192).epsilon(0.02));
  const Traffic large = of(kRounds, {{"R", 10}, {"N", 8192}});  // 2 arrays of 256 KB
  CHECK(large.beyond[0] == doctest::Approx(10 * 2 * 262144).epsilon(0.02));
  CHECK(large.beyond[1] == doctest::Approx(2 * 262144).epsilon(0.02));
}

TEST_CASE("a program that runs nothing moves nothing") {
  const Traffic none = of(kRounds, {{"R", 0}, {"N", 8}});
  CHECK(none.moved == 0);
  CHECK(none.beyond[2] == 0);
}

}  // namespace lathe::tuner
