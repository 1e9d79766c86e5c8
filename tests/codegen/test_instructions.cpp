// Machine instructions on any number of lanes, at every level the machine runs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/codegen/run_program.h"

namespace lathe::test {

TEST_CASE("an instruction on more lanes than a register holds is several") {
  for (const Target& target : runnable_targets()) {
    for (const int lanes : {1, 2, 4, 8, 16, 32, 64}) {
      CAPTURE(target.name);
      CAPTURE(lanes);
      const std::string results = lanes == 1 ? "0" : fmt::format("ramp(0, 1, {})", lanes);
      Compiled code(fmt::format("program p\nentry main(A: i16 readonly, B: i16 readonly, C: i32) {{\n"
                                "  C[{0}] = instruction(vpmaddwd, C[{0}], A[ramp(0, 1, {1})], B[ramp(0, 1, 2)])\n}}\n",
                                results, 2 * lanes),
                    target);
      std::vector<int16_t> a(2 * static_cast<size_t>(lanes)), b{3, -7};
      std::vector<int32_t> c(static_cast<size_t>(lanes), 5);
      for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<int16_t>(i * i + 1);
      REQUIRE(code.run({a.data(), b.data(), c.data()}) == 0);
      for (size_t j = 0; j < c.size(); ++j) CHECK(c[j] == 5 + 3 * a[2 * j] - 7 * a[2 * j + 1]);
    }
  }
}

}  // namespace lathe::test
