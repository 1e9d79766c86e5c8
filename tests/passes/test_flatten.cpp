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

}  // namespace lathe
