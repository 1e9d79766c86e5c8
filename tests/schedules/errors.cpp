// Errors in the text of schedules: each names the place, the value and the rule.
#include <doctest/doctest.h>

#include "tests/schedules/operators.h"

using namespace lathe;

namespace {

// Checks code and whole message of what these lines give; `text` starts behind "lathe: ".
void check_error(const std::string& lines, ErrorCode code, const std::string& text) {
  CAPTURE(lines);
  Failure failure = failure_of(lines);
  CHECK(failure.text == "lathe: " + text);
  CHECK(code_text(failure.code) == code_text(code));
}

// The same with a part of the message.
void check_error_has(const std::string& lines, ErrorCode code, const std::string& part) {
  CAPTURE(lines);
  Failure failure = failure_of(lines);
  CAPTURE(failure.text);
  CHECK(failure.text.find(part) != std::string::npos);
  CHECK(code_text(failure.code) == code_text(code));
}

}  // namespace

TEST_CASE("an unknown directive is answered with the nearest") {
  check_error_has("C.vectorize(j).splitt(k, ko, ki, 8)", ErrorCode::bad_directive,
                  "unknown directive: got 'splitt', need one of split, tile,");
  check_error_has("C.vectorize(j).splitt(k, ko, ki, 8)", ErrorCode::bad_directive,
                  "at dense.lathe:2:16\n  hint: did you mean split?");
  check_error_has("D.sum.paralel(i)", ErrorCode::bad_directive, "at dense.lathe:2:7\n  hint: did you mean parallel?");
}

TEST_CASE("an unknown Func is answered with the nearest") {
  check_error("bais.compute_root()", ErrorCode::unknown_loop,
              "schedule: unknown Func of dense: got 'bais', need one of C, D.sum, D.sum2, D, A, B, bias, S\n"
              "  at dense.lathe:2:1\n  hint: did you mean bias?");
  check_error_has("C.compute_root()\nB.stage_at(Cx, jo)", ErrorCode::unknown_loop,
                  "got 'Cx', need one of C, D.sum, D.sum2, D, A, B, bias, S\n  at dense.lathe:3:12");
}

TEST_CASE("an unknown name in a formula is answered with the nearest") {
  check_error_has("param kc = target.L4 in 1..2", ErrorCode::unknown_name, "got 'target.L4'");
  check_error_has("param kc = target.L4 in 1..2", ErrorCode::unknown_name,
                  "at dense.lathe:2:12\n  hint: did you mean target.L1?");
  check_error_has("param cache = 2 in 1..2\nC.split(k, ko, ki, cahce)", ErrorCode::unknown_name,
                  "at dense.lathe:3:20\n  hint: did you mean cache?");
  check_error_has("C.split(k, ko, ki, maxx(1, 2))", ErrorCode::unknown_name, "did you mean max?");
  check_error_has("D.stream(when bytes(bais) > 1)", ErrorCode::unknown_name, "did you mean bias.bytes?");
  check_error_has("D.stream(when 1 < bytes(D) and Mx > 1)", ErrorCode::unknown_name, "at dense.lathe:2:32");
}

TEST_CASE("arguments of the wrong form are answered with the signature") {
  check_error("C.split(k, ko, ki)", ErrorCode::bad_directive,
              "schedule: arguments of split: got ')', need F.split(l, outer, inner, e[, even])\n  at dense.lathe:2:18");
  check_error_has("C.split(k, ko, ki, )", ErrorCode::bad_directive, "arguments of split: got ')'");
  check_error_has("C.split(k, ko, ki, 8, evne)", ErrorCode::bad_directive, "arguments of split: got 'evne'");
  check_error_has("C.vectorize()", ErrorCode::bad_directive, "got ')', need F.vectorize(l)");
  check_error_has("C.vectorize(i, j)", ErrorCode::bad_directive, "got ',', need F.vectorize(l)");
  check_error_has("C.vectorize(8)", ErrorCode::bad_directive, "got '8', need F.vectorize(l)");
  check_error_has("C.vectorize", ErrorCode::bad_directive, "got the end of the line, need F.vectorize(l)");
  check_error_has("C.vectorize\nD.compute_root()", ErrorCode::bad_directive,
                  "got the end of the line, need F.vectorize(l)");
  check_error_has("C.tile(j, i; width 8: 8)", ErrorCode::bad_directive,
                  "got ';', need F.tile(j, i -> jo, io, ji, ii; width e: e [rows], ...[; even])");
  check_error_has("C.tail(io, sometimes)", ErrorCode::bad_directive, "got 'sometimes', need F.tail(l, how, ...)");
  check_error_has("C.store_in(registers, io)", ErrorCode::bad_directive, "got 'io', need F.store_in(space[, at = l])");
  check_error_has("C.compute_root(i)", ErrorCode::bad_directive, "got 'i', need F.compute_root()");
  check_error_has("D.stream(M > 5)", ErrorCode::bad_directive, "got 'M', need F.stream([when e])");
}

TEST_CASE("factors are at least one") {
  check_error("C.split(k, ko, ki, 0)", ErrorCode::bad_factor,
              "schedule: factor of split: got 0, need at least 1\n  at dense.lathe:2:20");
  check_error_has("C.split(k, ko, ki, -4)", ErrorCode::bad_factor, "got -4, need at least 1");
  check_error_has("C.fold_storage(i, 0)", ErrorCode::bad_factor, "count of fold_storage: got 0");
  check_error_has("C.tile(j, i -> jo, io, ji, ii; width 0: 4)", ErrorCode::bad_factor, "width of a tile: got 0");
  check_error_has("C.tile(j, i -> jo, io, ji, ii; width 8: -4)", ErrorCode::bad_factor,
                  "rows of a tile of width 8: got -4");
  check_error_has("param kc = 8 in 0..4", ErrorCode::bad_factor, "range of param kc: got 0..4");
  check_error_has("param kc = 8 in 5..4", ErrorCode::bad_factor, "range of param kc: got 5..4");
  check_error_has("C.tail(io, rows: full, 3/2, then clamp)", ErrorCode::bad_factor, "row count of a tail: got 3/2");
  check_error_has("C.tail(io, rows: 1/3, 2/3, then clamp)", ErrorCode::bad_factor,
                  "row counts of a tail: got 2/3 after 1/3, need the largest first");
}

TEST_CASE("formulas have the type that their place needs") {
  check_error_has("C.split(k, ko, ki, M > 3)", ErrorCode::type_mismatch,
                  "factor of split: got bool, need an integer");
  check_error_has("D.stream(when M)", ErrorCode::type_mismatch, "condition of stream: got i64, need a condition");
  check_error_has("specialize(M) { C.compute_root() }", ErrorCode::type_mismatch, "got i64, need a condition");
  check_error_has("specialize(M and N > 1) { C.compute_root() }", ErrorCode::type_mismatch,
                  "an operand of and is not a condition: got i64");
}

TEST_CASE("an unknown space of store_in is answered with the spaces") {
  check_error("C.store_in(register, at = io)", ErrorCode::bad_directive,
              "schedule: store_in: got the space 'register', need one of registers, stack, heap\n"
              "  at dense.lathe:2:12\n  hint: did you mean registers?");
}

TEST_CASE("the dimension of a stride is a number in range or the one size that fits") {
  check_error(
      "specialize(stride(S, N) == 1) { C.compute_root() }", ErrorCode::bad_directive,
      "schedule: dimension of stride(S, N): got N, the extent of 2 dimensions of S, need the number of a dimension, "
      "or a size that is the extent of one\n  at dense.lathe:2:12");
  check_error_has("specialize(stride(A, N) == 1) { C.compute_root() }", ErrorCode::bad_directive,
                  "got N, the extent of 0 dimensions of A");
  check_error_has("specialize(stride(A, 2) == 1) { C.compute_root() }", ErrorCode::unknown_name, "stride(A, 2)");
  check_error_has("specialize(stride(Ax, 0) == 1) { C.compute_root() }", ErrorCode::unknown_name, "stride(Ax, 0)");
}

TEST_CASE("names of params and staged copies are new") {
  check_error_has("param M = 8 in 1..9", ErrorCode::duplicate_name, "name of a param: got 'M'");
  check_error_has("param kc = 8 in 1..9\nparam kc = 8 in 1..9", ErrorCode::duplicate_name, "at dense.lathe:3:7");
  check_error_has("B.stage_at(C, jo, D)", ErrorCode::duplicate_name, "name of a staged copy: got 'D'");
  check_error_has("C.rfactor(k, D)", ErrorCode::duplicate_name, "name of a new Func: got 'D'");
}

TEST_CASE("facts, counts and digits that there are not are refused") {
  check_error_has("C.require(kep)", ErrorCode::bad_directive, "got kep, need one of kept, in_registers,");
  check_error_has("C.require(kep)", ErrorCode::bad_directive, "did you mean kept?");
  check_error_has("C.peel(i, 1)", ErrorCode::bad_directive, "need F.peel(l, e, e)");
  check_error_has("C.peel(i, -1, 1)", ErrorCode::bad_factor, "got -1, need at least 0");
  check_error_has("B.layout(N/0)", ErrorCode::bad_factor, "got N/0, need a divisor of at least 1");
  check_error_has("B.layout(N%1)", ErrorCode::bad_factor, "got N%1, need a divisor of at least 1, a radix of at least 2");
}

TEST_CASE("variants do not nest, and their copies stay inside") {
  check_error_has("specialize(M > 1) {\n  specialize(N > 1) { C.compute_root() }\n}", ErrorCode::bad_directive,
                  "inside a variant: got 'specialize', need directives only; join conditions with 'and'\n"
                  "  at dense.lathe:3:3");
  check_error_has("specialize(M > 1) { B.stage_at(C, jo, Bp) }\nBp.vectorize(ji)", ErrorCode::unknown_loop, "got 'Bp'");
  CHECK(parsed("B.stage_at(C, jo, Bp)\nspecialize(M > 1) { Bp.vectorize(ji) }").specializations.size() == 1);
}

TEST_CASE("broken text is refused with line and column") {
  check_error_has("C.vectorize(j) D.compute_root()", ErrorCode::syntax, "dense.lathe:2:16");
  check_error_has("split(k, ko, ki, 8)", ErrorCode::bad_directive, "got 'split', need F.directive(...)");
  check_error_has("C.split(k, ko, ki, 8 +)", ErrorCode::syntax, "need a number, a name or '('");
  check_error_has("specialize(M > 1) {\n  C.compute_root()\n", ErrorCode::syntax, "need");
  check_error_has("}", ErrorCode::syntax, "need a directive such as C.vectorize(j)");
  check_error_has("param kc = 8", ErrorCode::syntax, "dense.lathe:2:13");
}

TEST_CASE("deep nesting is refused, not followed") {
  std::string deep = "C.split(k, ko, ki, " + std::string(100000, '(') + "8" + std::string(100000, ')') + ")";
  check_error_has(deep, ErrorCode::syntax, "more than 200 levels");
  check_error_has("C.split(k, ko, ki, " + std::string(100000, '~') + "8)", ErrorCode::syntax, "more than 200 levels");
}
