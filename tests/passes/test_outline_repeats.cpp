// Pieces that a program repeats become functions, whatever their names and addresses.
#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "jit/passes/outline_repeats.h"
#include "jit/passes/outline_units.h"

using namespace lathe;

namespace {

const std::string unit_0 =
    "unit unit_0(b0: f32 readonly, b1: f32; p0: i64) {\n  b1[0] = b0[p0]\n}\n\n";

std::string outlined(const std::string& functions, size_t least_nodes = 4) {
  const ir::Program before = ir::parse_program("program p\n\n" + functions);
  ir::verify(before, ir::Stage::flat);
  const ir::Program after = outline_repeats(before, least_nodes);
  const std::string text = ir::print(after);
  CAPTURE(text);
  ir::verify(after, ir::Stage::flat);
  return text.substr(text.find('\n') + 2);
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string in_entry(const std::string& body) {
  return unit_0 + "entry f(A: f32 readonly, C: f32; M: i64, first: i64, lda: i64) {\n" + body + "\n}\n";
}

}  // namespace

TEST_CASE("the loop that two ranges repeat is one function, as the file head says") {
  CHECK(outlined(unit_0 + R"(entry f(A: f32 readonly, C: f32; M: i64, first: i64, lda: i64) {
  for i in 0, first serial {
    C[i] = f32(1)
    for j in 0, M serial {
      call unit_0(A + i*lda + j, C + i; lda)
    }
  }
  for i_1 in first, M - first serial {
    for j_1 in 0, M serial {
      call unit_0(A + i_1*lda + j_1, C + i_1; lda)
    }
  }
}
)") == unit_0 + R"(unit unit_1(b0: f32 readonly, b1: f32; p0: i64, p1: i64) {
  for x0 in 0, p0 serial {
    call unit_0(b0 + x0, b1; p1)
  }
}

entry f(A: f32 readonly, C: f32; M: i64, first: i64, lda: i64) {
  for i in 0, first serial {
    C[i] = f32(1)
    call unit_1(A + i * lda, C + i; M, lda)
  }
  for i_1 in first, M - first serial {
    call unit_1(A + i_1 * lda, C + i_1; M, lda)
  }
}
)");
}

TEST_CASE("a loop without a loop or a call in it is not worth a call") {
  const std::string text = outlined(in_entry(
      "for i in 0, M serial {\n  C[i] = f32(0)\n}\nfor j in 0, M serial {\n  C[j] = f32(0)\n}"));
  CHECK(count(text, "unit_1") == 0);
}

TEST_CASE("what stands once stays in place") {
  const std::string text = outlined(in_entry("for i in 0, M serial {\n  call unit_0(A + i, C + i; lda)\n}"));
  CHECK(count(text, "unit_1") == 0);
}

TEST_CASE("a piece smaller than is asked for stays in place") {
  const std::string loops = "for i in 0, M serial {\n  call unit_0(A + i, C + i; lda)\n}\n"
                            "for j in 0, M serial {\n  call unit_0(A + j, C + j; lda)\n}";
  CHECK(count(outlined(in_entry(loops)), "call unit_1") == 2);
  CHECK(count(outlined(in_entry(loops), 100), "unit_1") == 0);
}

TEST_CASE("a piece within a repeated piece and outside of it is a function that both call") {
  const auto inner = [](const std::string& n) {
    return "for j" + n + " in 0, M serial {\n  call unit_0(A + i" + n + "*lda + j" + n + ", C + i" + n + "; lda)\n}\n";
  };
  const auto outer = [&](const std::string& n) {
    return "for i" + n + " in 0, first serial {\n  C[i" + n + "] = f32(1)\n" + inner(n) + "}\n";
  };
  const std::string other = "for i_3 in first, M serial {\n  C[i_3] = f32(7)\n  C[0] = f32(2)\n" + inner("_3") + "}";
  const std::string text = outlined(in_entry(outer("_1") + "C[0] = f32(2)\n" + outer("_2") + other));
  CHECK(count(text, "\nunit unit_") == 2);                  // beside unit_0, which the text begins with
  CHECK(count(text, "call unit_0(") == 1);
  CHECK(count(text, "call unit_1(") == 2);
  CHECK(count(text, "call unit_2(") == 2);
}

TEST_CASE("outlining keeps the numeric class") {
  ir::Program program = ir::parse_program("program p\n\n" + in_entry("C[0] = f32(1)"));
  program.strict = true;
  CHECK(outline_repeats(program).strict);
  CHECK(outline_units(program).strict);
}
