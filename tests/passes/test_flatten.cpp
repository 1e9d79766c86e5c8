#include <doctest/doctest.h>

#include "jit/passes/flatten.h"
#include "tests/passes/head.h"

namespace lathe {

TEST_CASE("flatten does what its head shows") {
  check_head("flatten",
             "A: f32 readonly strides[lda, 1], B: f32 readonly strides[ldb, 1], C: f32 strides[ldc, 1]; i: i64, j: i64, "
             "k: i64, lda: i64, ldb: i64, ldc: i64",
             flatten);
}

TEST_CASE("storage of our own is dense, and a mask keeps its lanes") {
  CHECK(body_after("A: f32 readonly strides[lda, 1], C: f32 strides[1]; M: i64, n: i64, lda: i64",
                   "alloc t: f32[M, 4, 8] heap\nfor i in 0, M serial {\n  t[i, 2, 3] = A[i, n] if i < n\n}\nC[n] = t[0, 1, n]\n"
                   "prefetch A[n, 1] read",
                   flatten) ==
        "alloc t: f32[M, 4, 8] heap\nfor i in 0, M serial {\n  t[i*32 + 19] = A[i*lda + n] if i < n\n}\nC[n] = t[n + 8]\n"
        "prefetch A[lda*n + 1] read\n");
}

TEST_CASE("rows that are padded take the room that they say") {
  CHECK(body_after("C: f32 strides[1]; M: i64, n: i64", "alloc t: f32[M, 5] stack align 128 strides[8, 1]\nt[n, 2] = f32(1)\nC[n] = t[n, 3]", flatten) ==
        "alloc t: f32[M * 8] stack align 128\nt[n*8 + 2] = f32(1)\nC[n] = t[n*8 + 3]\n");
}

TEST_CASE("a group of neighbours keeps their distance") {
  CHECK(body_after("A: u8 readonly strides[lda, 1], C: i32 strides[1]; lda: i64, n: i64", "C[0] = instruction(vpdpbusd, C[0], A[n, ramp(4, 1, 4)], A[n, ramp(8, 1, 4)])", flatten) ==
        "C[0] = instruction(vpdpbusd, C[0], A[ramp(lda*n + 4, 1, 4)], A[ramp(lda*n + 8, 1, 4)])\n");
}

}  // namespace lathe
