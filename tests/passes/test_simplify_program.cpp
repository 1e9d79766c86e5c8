// The pass that stands twice in the pipeline, as simplify and as tidy.
#include <doctest/doctest.h>

#include "jit/passes/simplify_program.h"
#include "tests/passes/head.h"

namespace lathe {

TEST_CASE("simplify_program does what its head shows") {
  check_head("simplify_program", "A: f32 readonly, C: f32; N: i64", simplify_program);
}

TEST_CASE("loops without iterations and branches that never run vanish, with the storage only they used") {
  CHECK(body_after("C: f32; N: i64",
                   "alloc t: f32[8] stack\nfor i in 0, 0 serial {\n  t[i] = f32(0)\n}\nif 1 > 2 {\n  t[0] = f32(1)\n}", simplify_program) ==
        "");
  CHECK(body_after("C: f32; N: i64", "if 2 > 1 {\n  C[0] = f32(1)\n} else {\n  C[1] = f32(1)\n}", simplify_program) == "C[0] = f32(1)\n");
  CHECK(body_after("C: f32; N: i64", "if N > 1 {\n  C[0] = f32(1) if 1 > 2\n} else {\n  C[1] = f32(1)\n}", simplify_program) ==
        "if not N > 1 {\n  C[1] = f32(1)\n}\n");
}

TEST_CASE("a loop's range decides the conditions inside it") {
  CHECK(body_after("C: f32; N: i64", "for i in 0, 8 serial {\n  C[i] = f32(1) if i < 8\n  C[i] = f32(2) if i < N\n}", simplify_program) ==
        "for i in 0, 8 serial {\n  C[i] = f32(1)\n  C[i] = f32(2) if i < N\n}\n");
}

TEST_CASE("a let of a name or a number is replaced by it, others stay") {
  CHECK(body_after("C: f32; N: i64", "let a = N + 1 - 1\nlet b = N / 4\nC[a + b + b] = f32(1)", simplify_program) ==
        "let b = N / 4\nC[N + b*2] = f32(1)\n");
}

}  // namespace lathe
