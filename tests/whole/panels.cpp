// Panels of a tile that are not whole: their last vector is moved back, inside of them.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* product = "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";
constexpr const char* added =
    "added(A: f32[M, K], B: f32[K, N], X: f32[M, N]) -> C: f32[M, N] in X\n"
    "  P[i, j] = sum(k < K: A[i, k] * B[k, j])\n  C[i, j] = X[i, j] + P[i, j]\n";
constexpr const char* tile = "C.tile(j, i -> jo, io, ji, ii; width 24: 2 rows, 16: 3, 8: 4; even).reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii)\n"
                             "C.store_in(registers, at = io)\n";
constexpr const char* blocked = "C.split(k, ko, ki, 5).tile(j, i -> jo, io, ji, ii; width 16: 3 rows, 8: 4; even)\n"
                                "C.reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = io)\n"
                                "B.stage_at(C, jo).layout(ki, ji).with_first(io)\n";

Sizes all_columns_to(int64_t last) {
  Sizes sizes;
  for (int64_t n = 1; n <= last; ++n) sizes.push_back({{"M", 1 + n % 9}, {"K", 1 + n % 13}, {"N", n}});
  return sizes;
}

}  // namespace

TEST_CASE("the last vector of a panel is moved back where columns are missing, and nothing is masked but a panel of one vector") {
  const std::string text = lowered(product, tile);
  has(text, "B[k_5, jo.unit*8 + select(ji_16 < 16, ji_16, ji_16 + jo.columns - 24)]");
  CHECK(text.find("if ji_16") == std::string::npos);
  has(text, " + jo.columns - 16)]");
  has(text, "if ji_1 < jo.columns");                          // of the narrowest
}

TEST_CASE("panels whose last vector is moved back are right for every number of columns, terms in blocks or not") {
  computes(product, tile, all_columns_to(50));
  computes(product, blocked, all_columns_to(70));
  computes(product, std::string(tile) + "C.tail(ji, shift)\n", {{{"M", 5}, {"K", 7}, {"N", 23}}});
}

TEST_CASE("columns of a result that is updated in place are masked: computed twice they would count twice") {
  const std::string lines = "P.tile(j, i -> jo, io, ji, ii; width 16: 3 rows, 8: 4; even).reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii)\n"
                            "P.store_in(registers, at = io)\nC.epilogue_of(P)\n";
  CHECK(lowered(added, lines).find("select(ji") == std::string::npos);
  computes(added, lines, all_columns_to(35));
}

}  // namespace lathe
