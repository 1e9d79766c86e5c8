// The constructive scheduler says why, where it decides: for each variant what is true of it, and nothing where nobody
// asks.
#include <doctest/doctest.h>

#include <algorithm>

#include "lang/text.h"
#include "schedules/construct/construct.h"

namespace lathe {
namespace {

struct Told {
  Schedule schedule;
  Reasons reasons;
};

Told told(const char* text, const std::string& form = "fused") {
  Told result;
  Decisions decisions({{"form", form}}, &result.reasons);
  result.schedule =
      construct_schedule(parse_file_text(text, "r.lathe").operators.at(0), target_named("x86-64-v3"), decisions);
  return result;
}

std::string reason(const Told& t, size_t variant, const std::string& func, const std::string& about) {
  for (const Reason& r : t.reasons.of_variant(variant))
    if (r.func == func && r.about == about) return r.text;
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const char* const product =
    "product(A: f32[M, K], B: f32[K, N], b: f32[N]) -> D: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
    "  D[i, j] = max(C[i, j] + b[j], 0)\n";
const char* const pointwise =
    "pointwise(X: f32[M, N]) -> Y: f32[M, N]\n"
    "  Y[i, j] = X[i, j] + 1\n";

TEST_CASE("each variant has the reasons of its own form") {
  const Told t = told(product);
  const size_t count = t.schedule.specializations.size();
  REQUIRE(count >= 3);
  CHECK(!reason(t, 0, "C", "streams").empty());  // few rows come first
  CHECK(reason(t, 0, "C", "panel").empty());
  for (const size_t variant : {count - 2, count - 1}) {  // the usual nests last, with a copy and without
    CHECK(reason(t, variant, "C", "streams").empty());
    CHECK(!reason(t, variant, "C", "panel").empty());
    CHECK(contains(reason(t, variant, "C", "vector"), "lanes run along j"));
  }
  for (size_t variant = 0; variant < count; ++variant) {  // what is said of all forms
    CHECK(contains(reason(t, variant, "D", "place"), "it alone reads C"));
    CHECK(!reason(t, variant, "C", "vector").empty());
  }
}

TEST_CASE("variants of one nest have a form each") {
  const Told t = told(pointwise, "joined");
  REQUIRE(t.schedule.specializations.size() == 2);
  CHECK(contains(reason(t, 0, "Y", "nest"), "of ij at a time"));
  CHECK(contains(reason(t, 1, "Y", "nest"), "of j at a time"));
}

TEST_CASE("a schedule with variants of no other form has common reasons") {
  const Told t = told(product, "fused-alone");
  CHECK(!reason(t, 0, "C", "tile").empty());
  CHECK(!reason(t, t.schedule.specializations.size(), "C", "tile").empty());
}

TEST_CASE("asking for reasons changes no schedule") {
  for (const char* text : {product, pointwise}) {
    const Operator op = parse_file_text(text, "r.lathe").operators.at(0);
    Decisions silent;
    Reasons reasons;
    Decisions talking({}, &reasons);
    CHECK(construct_schedule(op, target_named("x86-64-v3"), silent) ==
          construct_schedule(op, target_named("x86-64-v3"), talking));
  }
}

}  // namespace
}  // namespace lathe
