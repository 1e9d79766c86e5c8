// Bounds beyond 64 bits.
#include <doctest/doctest.h>

#include "analysis/simplify.h"

namespace {
using namespace lathe;

TEST_CASE("products of sizes whose ranges leave 64 bits decide nothing") {
  Facts facts;
  for (const char* size : {"M", "N"}) {
    facts.bound(size, make_integer(DType::i64, 0), make_integer(DType::i64, int64_t{1} << 40));
  }
  Expr product = make_var("M") * make_var("N") * make_integer(DType::i64, 4);
  Expr condition = gt(product, make_integer(DType::i64, 524288));
  CHECK(simplify(condition, facts) == condition);
  CHECK_FALSE(facts.at_most(product, make_integer(DType::i64, 524288)));
  CHECK(facts.at_most(make_integer(DType::i64, 0), product));
}

}  // namespace
