// The regret table: grids of sizes, and one kernel beside its variants.
#include "tools/sweep.h"

#include <doctest/doctest.h>

#include "lang/text.h"
#include "tests/tools/helpers.h"

namespace lathe::tools {
namespace {

const char* const product =
    "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";

Operator op() { return parse_file_text(product, "product.lathe").operators.at(0); }

}  // namespace

TEST_CASE("a grid is every combination of lists and doubling ranges") {
  const auto grid = grid_of(op(), "M=4..20,K=7,N=1/9");
  REQUIRE(grid.size() == 8);
  CHECK(grid.front() == std::map<std::string, int64_t>{{"M", 4}, {"K", 7}, {"N", 1}});
  CHECK(grid.at(3) == std::map<std::string, int64_t>{{"M", 8}, {"K", 7}, {"N", 9}});
  CHECK(grid.back() ==
        std::map<std::string, int64_t>{{"M", 20}, {"K", 7}, {"N", 9}});  // the last is always one of them
}

TEST_CASE("a grid that is none is refused with its text") {
  const auto refusal = [](const char* text) { return failure_of([&] { grid_of(op(), text); }); };
  CHECK(refusal("M=9..3,K=1,N=1").find("the range of size M: got 9..3, need FIRST..LAST with 1 <= FIRST <= LAST") !=
        std::string::npos);
  CHECK(refusal("M=a..3,K=1,N=1").find("the range of size M: got 'a', need an integer") != std::string::npos);
  CHECK(refusal("M=1/x,K=1,N=1").find("the value of size M: got 'x'") != std::string::npos);
  CHECK(refusal("M=1..8,K=1").find("--size gives no value for N") != std::string::npos);
  CHECK(refusal("P=1..8").find("product has no such size: got P") != std::string::npos);
  const std::string all = "1..1099511627776";
  CHECK(refusal(("M=" + all + ",K=" + all + ",N=" + all).c_str()).find("need at most 10000") != std::string::npos);
}

TEST_CASE("a row holds the kernel's time, each variant's, and what the dispatch takes") {
  TemporaryFolder folder;
  folder.write("product.lathe", product);
  Choice choice;
  choice.spec = folder.path("product.lathe");
  const Chosen chosen = choose(choice);
  const Sweep sweep(chosen, 1, 0.01);
  const SweepRow row = sweep.at({{"M", 40}, {"K", 30}, {"N", 50}});
  CHECK(row.sizes == "M=40,K=30,N=50");
  CHECK(row.us > 0);
  CHECK(row.first_difference.empty());
  CHECK(row.variants.size() == chosen.schedule->specializations.size());
  CHECK(row.taken.starts_with("product.variant_"));
  REQUIRE(row.best() != nullptr);
  CHECK(row.regret() == row.best()->ratio);
  for (const FixedVariant& v : row.variants) CHECK((v.us > 0) == v.refused.empty());
}

}  // namespace lathe::tools
