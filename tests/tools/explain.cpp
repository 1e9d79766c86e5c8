// What `lathe explain` says: the scheduler's reasons, the dispatch with numbers, the bound, the alternatives.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/helpers.h"
#include "tools/explanation.h"

namespace lathe::tools {
namespace {

const char* const operators =
    "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
    "\n"
    "softmax(X: f32[M, N]) -> Y: f32[M, N]\n"
    "  top[i] = max(k < N: X[i, k])\n"
    "  E[i, j] = exp(X[i, j] - top[i])\n"
    "  Y[i, j] = E[i, j] / sum(k < N: E[i, k])\n"
    "\n"
    "conv(X: f32[H, W, C], F: f32[R, S, C, O]) -> Y: f32[H, W, O]\n"
    "  P[y, x, c] = X[y - 1, x - 1, c] outside 0\n"
    "  Y[y, x, o] = sum(r < R, s < S, c < C: P[y + r, x + s, c] * F[r, s, c, o])\n"
    "\n"
    "halve(X: f32[N]) -> Y: f32[N]\n"
    "  Y[i] = X[i] / 2\n";

// On a target that is described and no machine, so that the text is the same everywhere.
Explained explain(const std::string& op, const std::string& sizes, bool alternatives = false) {
  TemporaryFolder folder;
  folder.write("small.lathe", operators);
  Choice choice;
  choice.spec = folder.path("small.lathe") + ":" + op;
  choice.runs = false;
  return explained(choose_for(choice, target_named("x86-64-v3")), sizes, alternatives);
}

void check_says(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    CHECK_MESSAGE(text.find(part) != std::string::npos, "'" << part << "' is not in:\n" << text);
}

}  // namespace

TEST_CASE("a product: classes of indices, register tile, variant and bound, in the author's names") {
  const std::string text = text_of(explain("product", "M=100,N=200,K=300"));
  check_says(text,
             {"product at M=100,K=300,N=200 on x86-64-v3", "small.lathe:2", "It was constructed, in the form 'fused'.",
              "product.variant_0 is for M <= 12; here 100 <= 12 does not hold.", "The call takes product.variant_",
              "index i: spatial: a step moves A, the result a fixed distance; B stays, to be used again.",
              "index j: spatial: a step moves B, the result to the next element; A stays, to be used again.",
              "index k: reduction: a step moves A to the next element, B a fixed distance.",
              "vector: lanes run along j, by score", "rows: steps of i read 1 vector again",
              "tile: 6 rows of i x 2 vectors of j = 12 sums in registers of 16",
              "panel: B is read again by every row of tiles",
              "threads: iterations over j run on threads where M * N * K terms",
              "need 3.75e+05 cycles of the pipe mul at full width", "the second cache (1024 KB) holds"});
  CHECK(text.find("streams") == std::string::npos);  // a reason of another variant
}

TEST_CASE("few rows take a variant of their own, with its own reasons") {
  const std::string text = text_of(explain("product", "M=3,N=4000,K=500"));
  check_says(text, {"The call takes product.variant_0, which is for M <= 12: 3 <= 12.",
                    "streams: rows of a tile or two are all that share"});
  CHECK(text.find("panel:") == std::string::npos);
}

TEST_CASE("softmax: what is fused where, and a short size") {
  check_says(text_of(explain("softmax", "M=1000,N=1000")),
             {"E (", "place: it is computed inside the loops of Y over i", "top", "lanes run along k",
              "each lane adds up terms of its own", "softmax.variant_0 is for (N < 8 or N < 24 and M >= 16) and M >= 2; "
              "here (1000 < 8 or 1000 < 24 and 1000 >= 16) and 1000 >= 2 does not hold"});
  check_says(text_of(explain("softmax", "M=1000,N=5")),
             {"which is for (N < 8 or N < 24 and M >= 16) and M >= 2: (5 < 8 or 5 < 24 and 1000 >= 16) and 1000 >= 2", "is kept out of the lanes in this form"});
}

TEST_CASE("a convolution: windows, rows that are kept, and what was not reached") {
  check_says(text_of(explain("conv", "H=56,W=56,C=64,R=3,S=3,O=64")),
             {"index r: window", "index y: spatial", "place: rows of it are kept while Y runs along y",
              "a ring holds the R rows that a step reads", "What was not reached"});
}

TEST_CASE("an elementwise operator is bound by what it moves") {
  const std::string text = text_of(explain("halve", "N=1000"));
  check_says(text, {"index i: batch: a step moves X, the result to the next element.", "vector: lanes run along i",
                    "It must move 8e+03 bytes at least once", "the first cache (32 KB) holds", "% in the loop"});
  CHECK(text.find("tile:") == std::string::npos);
}

TEST_CASE("other decisions are counted, and what is refused says why") {
  const Explained e = explain("product", "M=100,N=200,K=300", true);
  bool rows = false;
  for (const tuner::Alternative& a : e.kernel.alternatives) {
    CHECK((a.cycles > 0 || !a.refused.empty()));
    CHECK(a.answer != a.usual);
    rows = rows || (a.decision == "C.tile.rows" && a.cycles > 0);
  }
  CHECK(rows);
  check_says(text_of(e), {"What else was weighed", "C.tile.rows is 6; "});
}

TEST_CASE("JSON holds the same facts by name") {
  const nlohmann::json json = nlohmann::json::parse(json_text({explain("softmax", "M=100,N=50")})).at(0);
  for (const char* field :
       {"operator", "sizes", "target", "schedule", "form", "dispatch", "reasons", "cycles", "loops", "least_cycles",
        "bytes", "operations", "attempts", "alternatives", "params", "refused_forms"}) {
    CHECK_MESSAGE(json.contains(field), field);
  }
  CHECK(json["sizes"] == "M=100,N=50");
  CHECK(json["dispatch"].back()["taken"] == true);
  CHECK(json["reasons"].size() > 5);
}

TEST_CASE("a size that is missing, unknown or out of range is refused") {
  check_says(failure_of([] { explain("halve", ""); }), {"--size gives no value for N"});
  check_says(failure_of([] { explain("halve", "M=3"); }), {"halve has no such size"});
  check_says(failure_of([] { explain("halve", "N=-1"); }), {"size N: got -1"});
}

}  // namespace lathe::tools
