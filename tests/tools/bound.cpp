// The bound of a formula, from given work and rates.
#include "tools/bound.h"

#include <doctest/doctest.h>

namespace {
using namespace lathe;
using namespace lathe::tools;

const MachineRates machine = {.instructions_per_ns = {{Pipe::add, 4}, {Pipe::mul, 8}},
                              .bandwidth = {.read = 32, .memcpy_ = 16, .streaming_copy = 20}};

Target target_of_64_bytes() {
  Target target;
  target.vector_bytes = 64;
  return target;
}

TEST_CASE("the busiest pipe bounds the time, or the bytes") {
  Target target = target_of_64_bytes();
  Work work;
  work.ops = {{{Pipe::add, 4}, 64000}, {{Pipe::mul, 4}, 256000}};
  work.bytes = 32000;
  CHECK(bound_of(work, machine, target).us == doctest::Approx(2));  // 256000 / (8 * 16) ns
  CHECK(bound_of(work, machine, target).by == "mul");
  work.ops[{Pipe::add, 8}] = 64000;  // 1 us for each half: 64000/64 + 64000/32 ns
  CHECK(bound_of(work, machine, target).us == doctest::Approx(3));
  CHECK(bound_of(work, machine, target).by == "add");
  work.bytes = 320000;
  CHECK(bound_of(work, machine, target).us == doctest::Approx(10));
  CHECK(bound_of(work, machine, target).by == memory_bound);
}

TEST_CASE("the peak counts fused multiply-adds of the formula's elements") {
  Work work;
  work.ops = {{{Pipe::mul, 8}, 1}};
  CHECK(peak_gflops(work, machine, target_of_64_bytes()) == 128);
  CHECK(peak_gflops({}, machine, target_of_64_bytes()) == 256);
}

TEST_CASE("copies of the same bytes, and the pipes to measure") {
  Work work;
  work.bytes = 32000;
  CHECK(copy_us(work, machine.bandwidth.memcpy_) == doctest::Approx(2));
  work.ops = {{{Pipe::add, 4}, 1}, {{Pipe::add, 8}, 1}};
  CHECK(pipes_of(work) == std::vector<Pipe>{Pipe::mul, Pipe::add});
}

}  // namespace
