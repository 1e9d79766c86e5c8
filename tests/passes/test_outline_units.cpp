// Units become functions, one for all that are equal up to names.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "jit/passes/flatten.h"
#include "jit/passes/outline_units.h"
#include "jit/passes/simplify_program.h"
#include "tests/source_dir.h"

using namespace lathe;

namespace {

// The program after the pass, checked before and after.
std::string outlined(const std::string& functions, ir::Stage stage = ir::Stage::flat) {
  const ir::Program before = ir::parse_program("program p\n\n" + functions);
  ir::verify(before, stage);
  const ir::Program after = outline_units(before);
  const std::string text = ir::print(after);
  CAPTURE(text);
  ir::verify(after, stage);
  return text.substr(text.find('\n') + 2);
}

std::string in_entry(const std::string& body, const std::string& params = "M: i64, N: i64, K: i64, lda: i64") {
  return "entry f(A: f32 readonly, B: f32 readonly, C: f32; " + params + ") {\n" + body + "\n}\n";
}

// How many units, and what the caller does.
std::string calls_of(const std::string& text) {
  std::string calls;
  for (size_t at = text.find("call "); at != std::string::npos; at = text.find("call ", at + 1)) {
    calls += text.substr(at, text.find('\n', at) - at) + "\n";
  }
  return calls;
}

size_t units_in(const std::string& text) {
  size_t count = 0;
  for (size_t at = text.find("unit unit_"); at != std::string::npos; at = text.find("unit unit_", at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("the example of the file head comes out as it says") {
  CHECK(outlined(R"(variant f(A: f32 readonly, C: f32; M: i64, K: i64, lda: i64) {
  for i in 0, M parallel {
    unit {
      C[i] = f32(0)
      for k in 0, K serial {
        C[i] = C[i] + A[i*lda + k]
      }
    }
  }
}

entry g() {
}
)") == R"(unit unit_0(b0: f32, b1: f32 readonly; p0: i64) {
  b0[0] = f32(0)
  for x0 in 0, p0 serial {
    b0[0] = b0[0] + b1[x0]
  }
}

variant f(A: f32 readonly, C: f32; M: i64, K: i64, lda: i64) {
  for i in 0, M parallel {
    call unit_0(C + i, A + i * lda; K)
  }
}

entry g() {
}
)");
}

TEST_CASE("bodies that differ in bases, strides and names become one function") {
  const std::string text = outlined(in_entry(R"(for i in 0, M serial {
    unit {
      alloc acc: f32[16] registers
      for j in 0, 16 vector {
        acc[j] = 0
      }
      for k in 0, K serial {
        for j2 in 0, 16 vector {
          acc[j2] = acc[j2] + A[i*lda + k] * B[k*N + j2]
        }
      }
    }
  }
  for zi in 0, M serial {
    unit {
      alloc sum: f32[16] registers
      for zj in 0, 16 vector {
        sum[zj] = 0
      }
      for a in 0, K serial {
        for zz in 0, 16 vector {
          sum[zz] = sum[zz] + B[5 + a + zi*M] * A[a*lda + zi*lda + zz]
        }
      }
    }
  })"));
  CAPTURE(text);
  CHECK(units_in(text) == 1);
  CHECK(calls_of(text) == "call unit_0(A + i * lda, B; K, N)\ncall unit_0(B + M * zi + 5, A + lda * zi; K, lda)\n");
  CHECK(text.find("x0[x3] = x0[x3] + b0[x2] * b1[p1*x2 + x3]") != std::string::npos);
}

TEST_CASE("bodies that compute something else stay apart") {
  const std::string text = outlined(in_entry(R"(unit {
    C[0] = A[0] + B[0]
  }
  unit {
    C[1] = A[1] - B[1]
  }
  unit {
    C[2] = B[7] + A[3]
  })"));
  CAPTURE(text);
  CHECK(calls_of(text) == "call unit_0(A, B, C)\ncall unit_1(A + 1, B + 1, C + 1)\ncall unit_0(B + 7, A + 3, C + 2)\n");
}

TEST_CASE("rows that share no base pass what differs as parameters") {
  const std::string text = outlined(in_entry(R"(for i in 0, M serial {
    unit {
      for k in 0, K serial {
        C[k] = A[i*lda + k] + A[min(i + 1, M)*lda + k]
      }
    }
  })"));
  CAPTURE(text);
  CHECK(calls_of(text) == "call unit_0(A, C; K, i * lda, lda * min(i + 1, M))\n");
  CHECK(text.find("b1[x0] = b0[p1 + x0] + b0[p2 + x0]") != std::string::npos);
}

TEST_CASE("a fixed expression of one variable stays inside, of two it is a parameter") {
  const std::string text = outlined(in_entry(R"(unit {
    for k in 0, M*N + 3 serial {
      for j in 0, K*4 + 1 serial {
        C[k] = A[k + lda*3 + j] + A[k + j*M*N]
      }
    }
  })"));
  CAPTURE(text);
  CHECK(text.find("for x0 in 0, p0 serial {\n    for x1 in 0, p1 * 4 + 1 serial {") != std::string::npos);
  CHECK(text.find("b1[x0] = b0[p2*3 + x0 + x1] + b0[p3*x1 + x0]") != std::string::npos);
  CHECK(calls_of(text) == "call unit_0(A, C; M * N + 3, K, lda, M * N)\n");
}

TEST_CASE("values of other types, lets and masks are parameters where they come from outside") {
  const std::string text = outlined(in_entry(R"(let s = A[0] * alpha
  for i in 0, M serial {
    unit {
      let t = s + beta
      C[i] = t * s if i < N
    }
  })",
                                             "M: i64, N: i64, alpha: f32, beta: f32"));
  CAPTURE(text);
  CHECK(calls_of(text) == "call unit_0(C + i; s, beta, i, N)\n");
  CHECK(text.find("unit unit_0(b0: f32; p0: f32, p1: f32, p2: i64, p3: i64) {\n"
                  "  let x0 = p0 + p1\n"
                  "  b0[0] = x0 * p0 if p2 < p3\n") == 0);
}

TEST_CASE("a marked loop goes into the function as a whole") {
  CHECK(outlined(in_entry("for i in M, N parallel unit {\nprefetch A[i + K] read\nstream C[i] = 1\n}")) ==
        R"(unit unit_0(b0: f32 readonly, b1: f32; p0: i64, p1: i64) {
  for x0 in p0, p1 parallel {
    prefetch b0[x0] read
    stream b1[x0] = f32(1)
  }
}

)" + in_entry("  call unit_0(A + K, C; M, N)"));
}

TEST_CASE("units inside units are functions that the outer one calls") {
  const std::string text = outlined(in_entry(R"(for i in 0, M serial unit {
    unit {
      C[i*N] = A[i]
    }
  })"));
  CAPTURE(text);
  CHECK(text.find("unit unit_1(b0: f32 readonly, b1: f32; p0: i64, p1: i64) {\n"
                  "  for x0 in 0, p0 serial {\n"
                  "    call unit_0(b0 + x0, b1 + p1 * x0)\n") != std::string::npos);
  CHECK(text.find("  call unit_1(A, C; M, N)\n}\n") != std::string::npos);
}

TEST_CASE("gathered addresses stay inside with the base of the buffer") {
  const std::string text = outlined(
      "entry f(A: f32 readonly, I: i64 readonly, C: f32; n: i64) {\n"
      "for i in 0, n serial {\nunit {\nC[i] = A[I[i]] + A[i]\n}\n}\n}\n");
  CAPTURE(text);
  CHECK(calls_of(text) == "call unit_0(A, I + i, C + i; i)\n");
  CHECK(text.find("b2[0] = b0[b1[0]] + b0[p0]") != std::string::npos);
}

TEST_CASE("in the final stage ramps give their base to the caller, and vectors are parameters") {
  const std::string text = outlined(in_entry(R"(for i in 0, M serial {
    let on = ramp(i, 1, 16) < broadcast(N, 16)
    unit {
      C[ramp(i*16, 1, 16)] = A[ramp(i*lda, 1, 16)] if on
    }
  })"),
                                    ir::Stage::final);
  CAPTURE(text);
  CHECK(text.find("unit unit_0(b0: f32 readonly, b1: f32; p0: boolx16) {\n"
                  "  b1[ramp(0, 1, 16)] = b0[ramp(0, 1, 16)] if p0\n") == 0);
  CHECK(calls_of(text) == "call unit_0(A + i * lda, C + i * 16; on)\n");
}

TEST_CASE("units that use registers from outside, or stand in a vector loop, stay in place") {
  const std::string registers =
      in_entry("  alloc r: f32[4] registers\n  for i in 0, M serial {\n    r[0] = A[i]\n    C[i] = r[0]\n  }");
  std::string marked = registers;
  marked.replace(marked.find("serial {"), 8, "serial unit {");
  CHECK(outlined(marked) == registers);
  const std::string vector = in_entry("  for i in 0, 4 vector {\n    C[i] = A[i]\n  }");
  CHECK(outlined(in_entry("for i in 0, 4 vector {\nunit {\nC[i] = A[i]\n}\n}")) == vector);
}

TEST_CASE("names of units step over names that are taken") {
  const std::string text = outlined("variant unit_0() {\n}\n" + in_entry("unit {\nC[0] = A[0]\n}"));
  CHECK(calls_of(text) == "call unit_1(A, C)\n");
}

TEST_CASE("the flat program of docs/ir.md is what becomes of the nested one") {
  std::ifstream file(source_dir() + "/docs/ir.md");
  std::stringstream whole;
  whole << file.rdbuf();
  const std::string text = whole.str();
  const auto example = [&](const std::string& stage) {
    const size_t begin = text.find("\n```" + stage + "\n") + stage.size() + 5;
    return text.substr(begin, text.find("```", begin) - begin);
  };
  CHECK(ir::print(outline_units(flatten(ir::parse_program(example("nested"))))) == example("flat"));
}

TEST_CASE("bodies that differ in a held value alone are one unit, though the simplifier knows the value") {
  const auto body = [](const std::string& word) {
    return in_entry(R"(  {
    let rows = 6)" + word + R"(
    unit {
      for i in 0, 6 serial {
        C[min(i, rows - 1)*lda] = f32(0)
      }
    }
  }
  {
    let rest = M % 6)" + word + R"(
    unit {
      for i in 0, 6 serial {
        C[min(i, rest - 1)*lda] = f32(0)
      }
    }
  })");
  };
  const auto units = [](const std::string& text) {
    return units_in(ir::print(outline_units(simplify_program(ir::parse_program("program p\n\n" + text)))));
  };
  CHECK(units(body("")) == 2);
  CHECK(units(body(" held")) == 1);
  const std::string after = ir::print(outline_units(simplify_program(ir::parse_program("program p\n\n" + body(" held")))));
  CHECK(after.find("held") == std::string::npos);
  CHECK(after.find("let rows = 6") != std::string::npos);
}
