// Where Funcs are computed that no directive places, and those that are read at places which data names.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <string>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "jit/lower/lower.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

// The report of one call; `lines` are directives.
std::string difference(const std::string& text, const std::string& lines, const std::map<std::string, int64_t>& sizes) {
  const Operator op = parse_file_text(text, "unplaced.lathe").operators.at(0);
  CompileOptions options;
  options.target = target_named("x86-64-v2");
  if (!lines.empty())
    options.schedule = parse_schedule({"schedule for " + op.name + "\n" + lines, {"unplaced.lathe", 1, 1}}, op);
  const Kernel kernel = compile(op, options);
  const CheckData data = make_check_data(op, sizes, {});
  kernel.run(data.bindings.tensors, {.threads = 1}, data.bindings.params);
  return compare(op, data, {}).first_difference;
}

// So many steps, each of four neighbours: the last one, written out, would read 4^steps elements.
std::string chain(int steps) {
  std::string text = "chain(X: i32[N]) -> Y: i32[N]\n  size N in 1..1000000\n  S0[i] = X[i] outside edge\n";
  for (int s = 1; s <= steps; ++s) {
    text += fmt::format("  S{0}[i] = S{1}[i - 1] + 3*S{1}[i] + 3*S{1}[i + 1] + S{1}[i + 2]\n", s, s - 1);
  }
  return text + fmt::format("  Y[i] = S{}[i]\n", steps);
}

// Each step reads the one before twice, at its own place: written out, the last one would be 2^steps factors.
std::string squares(int steps) {
  std::string text = "squares(X: i64[N]) -> Y: i64[N]\n  S0[i] = X[i]\n";
  for (int s = 1; s <= steps; ++s) text += fmt::format("  S{0}[i] = S{1}[i] * S{1}[i]\n", s, s - 1);
  return text + fmt::format("  Y[i] = S{}[i]\n", steps);
}

// So many steps, each a hundred pairs of parentheses deep.
std::string nested(int steps) {
  std::string text = "nested(X: i64[N]) -> Y: i64[N]\n  S0[i] = X[i]\n";
  for (int s = 1; s <= steps; ++s) {
    std::string value = fmt::format("S{}[i]", s - 1);
    for (int level = 0; level < 100; ++level) value = fmt::format("({} {} {})", value, level % 2 ? "+" : "^", level + s);
    text += fmt::format("  S{}[i] = {}\n", s, value);
  }
  return text + fmt::format("  Y[i] = S{}[i]\n", steps);
}

constexpr const char* mapped =
    "mapped(X: u8[N]) -> Y: i64[N]\n  counts[b] = i64(0)\n  over n < N: counts[i64(X[n])] = counts[i64(X[n])] + 1\n"
    "  Y[n] = counts[i64(X[n])] * 2\n";

constexpr const char* table =
    "table(X: f32[K], at: i64[N]) -> Y: f32[N]\n  size K in 1..1000\n  square[k] = (X[k] outside edge) * (X[k] outside "
    "edge)\n"
    "  Y[n] = square[min(max(at[n], 0), K - 1)]\n";

}  // namespace

TEST_CASE("a pure Func whose formula would grow too large is computed whole") {
  const Operator op = parse_file_text(chain(12), "unplaced.lathe").operators.at(0);
  CompileOptions options;
  options.target = target_named("x86-64-v2");
  CHECK(ir::print(compile_to_ir(op, options)).size() < 200'000);
  for (int64_t n : {1, 2, 37}) CHECK(difference(chain(12), "", {{"N", n}}) == "");
}

TEST_CASE("a Func that is read twice again and again is planned, compiled and interpreted once") {
  CHECK(difference(squares(60), "", {{"N", 21}}) == "");
  CHECK(difference(squares(60), "Y.split(i, io, ii, 4)\n", {{"N", 21}}) == "");
}

TEST_CASE("formulas that would be too deep in the place of their reads are computed whole") {
  const Operator op = parse_file_text(nested(30), "unplaced.lathe").operators.at(0);
  const std::string loops = ir::print(compile_to_ir(op, {.schedule = plain_nest(op), .target = target_named("x86-64-v2")}));
  CHECK(loops.find("alloc") != std::string::npos);
  CHECK(difference(nested(30), "Y.split(i, io, ii, 4)\n", {{"N", 5}}) == "");
  CHECK(difference(nested(30), "", {{"N", 5}}) == "");
  CHECK(parse_file_text(nested(900), "unplaced.lathe").operators.at(0).funcs.size() == 902);
}

TEST_CASE("what runs first stores a Func whose code its reads would repeat, what stays computes it again") {
  const Operator op = parse_file_text(
                          "twice(X: f32[N]) -> Y: f32[N]\n  P[i] = X[i] outside edge\n"
                          "  once[i] = (P[i - 1] + 3*(P[i] + P[i + 1]) + P[i + 2]) * 0.125\n"
                          "  Y[i] = (once[2*i - 1] + 3*(once[2*i] + once[2*i + 1]) + once[2*i + 2]) * 0.125\n",
                          "unplaced.lathe")
                          .operators.at(0);
  const Target target = target_named("x86-64-v2");
  CHECK(ir::print(lower_plain(op, nullptr, target).program).find("alloc once") != std::string::npos);
  CHECK(ir::print(lower(op, nullptr, target).program).find("alloc") == std::string::npos);
  const Kernel kernel = compile(op, {.wait = Wait::first, .cache = Cache::none});
  const CheckData data = make_check_data(op, {{"N", 37}}, {});
  kernel.run(data.bindings.tensors);
  CHECK(compare(op, data, {}).first_difference == "");
  CHECK(kernel.wait());
}

TEST_CASE("a Func is read at an index that is data where its type holds it") {
  CHECK(difference(mapped, "", {{"N", 300}}) == "");
  CHECK(difference(mapped, "Y.split(n, no, ni, 8).vectorize(ni).parallel(no)\n", {{"N", 301}}) == "");
  CHECK(difference(mapped, "", {{"N", 0}}) == "");
}

TEST_CASE("an index that is data takes no more room than the narrowest type that it came through") {
  const std::string text =
      "wide(X: u8[N], Z: i8[N]) -> Y: i32[N]\n  F[i] = i32(1)\n"
      "  over r < N: F[i64(select(X[r] > 7, i32(X[r]), i32(Z[r])))] = i32(r)\n  Y[n] = F[i64(i32(X[n]))]\n";
  const Operator op = parse_file_text(text, "unplaced.lathe").operators.at(0);
  const std::string loops =
      ir::print(compile_to_ir(op, {.schedule = plain_nest(op), .target = target_named("x86-64-v2")}));
  CHECK(loops.find("alloc F: i32[256]") != std::string::npos);
  CHECK(difference(text, "", {{"N", 40}}) == "");
}

TEST_CASE("a Func is read at an index that is data where min and max hold it") {
  for (const char* lines :
       {"", "square.compute_root().split(k, ko, ki, 8).vectorize(ki)\nY.split(n, no, ni, 8).vectorize(ni)\n"}) {
    CHECK(difference(table, lines, {{"K", 13}, {"N", 40}}) == "");
    CHECK(difference(table, lines, {{"K", 1}, {"N", 3}}) == "");
  }
}

}  // namespace lathe
