// The text form: what directives become, and that printing and parsing are inverse.
#include <doctest/doctest.h>

#include "tests/schedules/operators.h"

using namespace lathe;

namespace {

const char* const whole_schedule = R"(schedule for dense on x86-64-v4
param kc = min(target.L1/(8*6), target.L2/(16*64)) in 16..4096    # a cache tile
C.split(k, ko, ki, kc, even)
C.tile(j, i -> jo, io, ji, ii; width 64: 6 rows, 48: 8, 32: 12; even)
C.reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii)
C.tail(io, rows: full, 2/3, 1/3, then clamp).tail(ji, mask)
C.store_in(registers, at = io)

D.epilogue_of(C)
specialize(M >= 48 and stride(B, K) % 1024 == 0) {
  B.stage_at(C, jo, Bp).layout(ki, ji).with_first(io)
  Bp.vectorize(ji)
}
)";

}  // namespace

TEST_CASE("a whole schedule parses into its parts") {
  Schedule s = parse_schedule(block_of(whole_schedule), dense());
  CHECK(s.op == "dense");
  CHECK(s.target == "x86-64-v4");
  CHECK(!s.condition.defined());
  REQUIRE(s.params.size() == 1);
  CHECK(s.params[0].name == "kc");
  CHECK(s.params[0].lowest == 16);
  CHECK(s.params[0].highest == 4096);
  Expr l1 = make_var("target.L1"), l2 = make_var("target.L2");
  CHECK(s.params[0].formula == min(l1 / (Expr(8) * Expr(6)), l2 / (Expr(16) * Expr(64))));
  REQUIRE(s.directives.size() == 9);
  CHECK(s.directives[0].kind == DirectiveKind::split);
  CHECK(s.directives[0].value == make_var("kc"));
  CHECK(s.directives[0].even);
  CHECK(s.directives[1].classes == std::vector<TileClass>{{64, 6}, {48, 8}, {32, 12}});
  CHECK(s.directives[1].loops == std::vector<std::string>{"j", "i", "jo", "io", "ji", "ii"});
  CHECK(s.directives[5].rows == std::vector<RowCount>{{1, 1}, {2, 3}, {1, 3}});
  CHECK(s.directives[5].tail == Tail::clamp);
  CHECK(s.directives[6].tail == Tail::mask);
  CHECK(s.directives[7].space == "registers");
  CHECK(s.directives[7].loops == std::vector<std::string>{"io"});
  CHECK(s.directives[8].func == "D");
  CHECK(s.directives[8].target == "C");
  REQUIRE(s.specializations.size() == 1);
  Expr stride = make_var("B.stride.0");
  CHECK(s.specializations[0].condition == (ge(make_var("M"), Expr(48)) & eq(stride % Expr(1024), Expr(0))));
  REQUIRE(s.specializations[0].directives.size() == 4);
  CHECK(s.specializations[0].directives[0].name == "Bp");
  CHECK(s.specializations[0].directives[3].func == "Bp");
}

TEST_CASE("directives remember where the author wrote them") {
  Schedule s = parse_schedule(block_of(whole_schedule, 10), dense());
  CHECK(to_string(s.where) == "dense.lathe:10:1");
  CHECK(to_string(s.params[0].where) == "dense.lathe:11:7");
  CHECK(to_string(s.directives[0].where) == "dense.lathe:12:3");
  CHECK(to_string(s.directives[3].where) == "dense.lathe:14:35");
  CHECK(to_string(s.specializations[0].where) == "dense.lathe:19:1");
}

TEST_CASE("a printed schedule parses to an equal one with the same hash") {
  Schedule s = parse_schedule(block_of(whole_schedule), dense());
  std::string text = print(s);
  Schedule again = parse_schedule(block_of(text), dense());
  CHECK(again == s);
  CHECK(print(again) == text);
  CHECK(again.hash() == s.hash());
}

TEST_CASE("every directive prints as it was written") {
  const char* const lines[] = {
      "C.split(k, ko, ki, 64)",
      "C.split(k, ko, ki, target.L1 / 4, even)",
      "C.tile(j, i -> jo, io, ji, ii; width 64: 6 rows)",
      "C.tile(j, i -> jo, io, ji, ii; width 64: 6 rows, 48: 8; even)",
      "C.collapse(x, c, xc)",
      "C.fuse(i, j, ij)",
      "C.peel(i, 1, 0)",
      "C.peel(i, M / 2, 2)",
      "C.reorder(ko, j)",
      "C.vectorize(j)",
      "C.unroll(j)",
      "C.parallel(i)",
      "C.tail(i, rows: full, 2/3, 1/3, then clamp)",
      "C.tail(i, rows: full, 1/2)",
      "C.tail(i, clamp)",
      "C.tail(i, mask)",
      "C.tail(i, guard)",
      "C.tail(i, shift)",
      "C.tail(i, automatic)",
      "C.clip(k)",
      "C.clip(r, s)",
      "C.rfactor(ko, Cp)",
      "C.store_in(heap)",
      "C.store_in(registers, at = io)",
      "C.pitch(j, 16)",
      "C.pitch(j, N / 2, 8)",
      "C.align(4096)",
      "A.table_at(C, i)",
      "C.slide(i)",
      "C.trace(0, N - 1)",
      "C.trace()",
      "C.tensorize(ki, vpdpbusd)",
      "B.stage_at(C, jo)",
      "B.stage_at(C, jo, Bp)",
      "B.layout(ki, ji)",
      "B.layout(N/16, 0, N%16)",
      "B.layout(n/16%4, n%16, n/64)",
      "B.free_layout()",
      "B.constant()",
      "B.with_first(io)",
      "C.compute_inline()",
      "C.compute_root()",
      "C.compute_at(D, i)",
      "C.store_at(D, i)",
      "C.fold_storage(i, 3)",
      "D.epilogue_of(C)",
      "C.store_with(D)",
      "A.prefetch(C, i, 2)",
      "D.stream()",
      "D.require(kept)",
      "D.stream(when M > 100 or not N % 2 == 0)",
      "D.sum.vectorize(i)",
      "D.sum2.vectorize(i)",
  };
  std::vector<bool> seen(std::size(lines));
  for (const char* line : lines) {
    CAPTURE(line);
    Schedule s = parsed(line);
    REQUIRE(s.directives.size() == 1);
    CHECK(print(s.directives[0]) == line);
    CHECK(parsed(print(s.directives[0])) == s);
  }
#define LATHE_DIRECTIVE(name, signature, text)                                                                         \
  CHECK_MESSAGE(std::any_of(std::begin(lines), std::end(lines),                                                        \
                            [](std::string_view line) { return line.find("." #name "(") != std::string_view::npos; }), \
                "no line above has " #name);
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
}

TEST_CASE("chains go on inside parentheses and on lines that start with a dot") {
  Schedule one_line = parsed("C.split(k, ko, ki, 8).reorder(ko, i, ki).vectorize(j)\nD.compute_root()");
  Schedule many = parsed(
      "C.split(k, ko,   # the cache tile\n        ki, 8)\n\n  .reorder(\n    ko, i, ki\n  "
      ").vectorize(j)\nD.compute_root()");
  CHECK(many == one_line);
  CHECK(many.directives.size() == 4);
}

TEST_CASE("neighbours on one Func share a line that stays short") {
  Schedule s = parsed("C.vectorize(j)\nC.unroll(i)\nD.parallel(i)\nC.compute_root()");
  CHECK(print(s) == "schedule for dense\nC.vectorize(j).unroll(i)\nD.parallel(i)\nC.compute_root()\n");
  std::string long_line = "C.reorder(a_rather_long_loop_name, another_rather_long_loop_name, and_one_more_long_name)\n";
  Schedule wide = parsed(long_line + long_line);
  CHECK(print(wide) == "schedule for dense\n" + long_line + long_line);
}

TEST_CASE("conditions have words, sizes, parameters, facts and strides") {
  auto condition_of = [](const std::string& text) {
    Schedule s = parsed("specialize(" + text + ") { C.compute_root() }");
    return s.specializations.at(0).condition;
  };
  Expr M = make_var("M"), N = make_var("N");
  CHECK(condition_of("M > 1 or N > 2 and M < 9") == (gt(M, Expr(1)) | (gt(N, Expr(2)) & lt(M, Expr(9)))));
  CHECK(condition_of("(M > 1 or N > 2) and M < 9") == ((gt(M, Expr(1)) | gt(N, Expr(2))) & lt(M, Expr(9))));
  CHECK(condition_of("not M > 1") == make_op(Op::bit_not, {gt(M, Expr(1))}));
  CHECK(condition_of("stride_y == 2") == eq(make_var("stride_y"), Expr(2)));
  CHECK(condition_of("alpha == 1").arg(0).type().dtype == DType::f32);
  CHECK(condition_of("stride(A, 1) == 1") == eq(make_var("A.stride.1"), Expr(1)));
  CHECK(condition_of("stride(A, K) == 1") == eq(make_var("A.stride.1"), Expr(1)));
  CHECK(condition_of("stride(D, N) == -1") == eq(make_var("D.stride.1"), Expr(-1)));
  CHECK(condition_of("bytes(D) > target.L3 / 2") == gt(Expr(4) * M * N, make_var("target.L3") / Expr(2)));
  CHECK(condition_of("bytes(S) > target.L2") == gt(Expr(8) * N * N, make_var("target.L2")));
}

TEST_CASE("conditions print with words and parse back") {
  for (const char* text :
       {"M > 1 or N > 2 and M < 9", "(M > 1 or N > 2) and M < 9", "M > 1 or (N > 2 or K > 3)", "not (M > 1 and N > 2)",
        "M - (N - K) > -1", "stride(B, 0) % 1024 == 0", "min(M, max(N, 3)) < 2 * (K + 1)", "alpha == 1"}) {
    CAPTURE(text);
    Schedule s = parsed(std::string("specialize(") + text + ") {\n  C.compute_root()\n}\n");
    CHECK(print(s).find("and_") == std::string::npos);
    CHECK(parse_schedule(block_of(print(s)), dense()) == s);
  }
  Schedule s = parsed("specialize((M > 1 or N > 2) and stride(B, N) == 1) { C.compute_root() }");
  CHECK(print(s) ==
        "schedule for dense\nspecialize((M > 1 or N > 2) and stride(B, 1) == 1) {\n  C.compute_root()\n}\n");
}

TEST_CASE("a later param may use an earlier one") {
  Schedule s = parsed("param kc = target.L1 / 64 in 16..4096\nparam nc = kc * 2 in 1..100\nC.split(k, ko, ki, nc)");
  CHECK(s.params.at(1).formula == make_var("kc") * Expr(2));
}

TEST_CASE("a schedule may carry a condition of its own") {
  Schedule s = parse_schedule(block_of("schedule for dense on x86-64-v3 if N <= 16\nC.compute_root()"), dense());
  CHECK(s.target == "x86-64-v3");
  CHECK(s.condition == le(make_var("N"), Expr(16)));
  CHECK(parse_schedule(block_of(print(s)), dense()) == s);
}

TEST_CASE("schedules differ by each of their parts, not by locations") {
  Schedule s = parsed("C.split(k, ko, ki, 8)");
  CHECK(parsed("\n\n C.split( k,ko , ki, 8 )  # the same") == s);
  CHECK(!(parsed("C.split(k, ko, ki, 9)") == s));
  CHECK(!(parsed("C.split(k, ko, ki, 8, even)") == s));
  CHECK(!(parsed("D.split(k, ko, ki, 8)") == s));
  CHECK(parsed("C.split(k, ko, ki, 9)").hash() != s.hash());
}

TEST_CASE("the hash is the same in every run") {
  Schedule s;
  s.op = "dense";
  CHECK(print(s) == "schedule for dense\n");
  uint64_t expected = 0xcbf29ce484222325u;
  for (char c : std::string("schedule for dense\n"))
    expected = (expected ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  CHECK(s.hash() == expected);
}
