// Loops, branches, scratch, tasks and calls, run.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <thread>

#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

std::vector<float> counting(int count) {
  std::vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

}  // namespace

TEST_CASE("a loop starts at its minimum and an extent below 1 runs nothing") {
  Compiled code(R"(program p
entry main(Y: i64; first: i64, count: i64) {
  for i in first, count serial {
    Y[i] = i * 10
  }
}
)");
  std::vector<int64_t> y(6, -1);
  for (int64_t count : {0, -3}) CHECK(code.run({y.data()}, {2, count}) == 0);
  CHECK(y == std::vector<int64_t>(6, -1));
  CHECK(code.run({y.data()}, {2, 3}) == 0);
  CHECK(y == std::vector<int64_t>{-1, -1, 20, 30, 40, -1});
}

TEST_CASE("nested loops with run-time strides visit every element") {
  Compiled code(R"(program p
entry main(X: f32 readonly, Y: f32; M: i64, N: i64, sy: i64, sx: i64, shift: i64) {
  for i in shift, M serial {
    let row = (i - shift) * sy
    for j in 0, N serial {
      Y[row + j * sx] = X[(i - shift) * N + j] * 2
    }
  }
}
)");
  const std::vector<float> x = counting(6);
  std::vector<float> y(20, 0);
  CHECK(code.run({const_cast<float*>(x.data()), y.data()}, {2, 3, 10, 3, 5}) == 0);
  CHECK(y[0] == 2);
  CHECK(y[3] == 4);
  CHECK(y[6] == 6);
  CHECK(y[10] == 8);
  CHECK(y[13] == 10);
  CHECK(y[16] == 12);
}

TEST_CASE("a branch runs one of its arms, and lets end with their arm") {
  Compiled code(R"(program p
entry main(Y: i64; n: i64) {
  for i in 0, n serial {
    if i % 3 == 1 {
      let twice = i * n
      Y[i] = twice
    } else {
      if i < 2 {
        Y[i] = 7
      }
    }
  }
}
)");
  std::vector<int64_t> y(5, -1);
  CHECK(code.run({y.data()}, {5}) == 0);
  CHECK(y == std::vector<int64_t>{7, 5, -1, -1, 20});
}

TEST_CASE("a read after a write of the same buffer sees the new value") {
  Compiled code(R"(program p
entry main(Y: f32; n: i64) {
  let before = Y[0]
  Y[0] = Y[0] + 1
  Y[1] = Y[0] + before
  for i in 2, n serial {
    Y[i] = Y[i - 1] + Y[i - 2]
  }
}
)");
  std::vector<float> y = {1, 0, 0, 0, 0};
  CHECK(code.run({y.data()}, {3}) == 0);
  CHECK(y == std::vector<float>{2, 3, 5, 8, 13});
}

TEST_CASE("a loop bound and an offset read from memory keep the value they had") {
  Compiled code(R"(program p
entry main(B: i64, Y: i64) {
  for i in B[0], B[1] serial {
    let at = B[2]
    B[0] = 100
    B[1] = 100
    B[2] = at + 2
    Y[at + i] = i
    Y[B[2] + i] = i + 50
  }
}
)");
  std::vector<int64_t> b = {1, 2, 0}, y(8, -1);
  CHECK(code.run({b.data(), y.data()}) == 0);
  CHECK(y == std::vector<int64_t>{-1, 1, -1, 51, 2, -1, 52, -1});
}

TEST_CASE("scratch is released in reverse order, also when there is not enough") {
  const char* text = R"(program p
unit fill(T: f32, Y: f32; n: i64) {
  alloc U: f32[n] heap
  for i in 0, n serial {
    U[i] = T[i] + 1
  }
  for i2 in 0, n serial {
    Y[i2] = U[i2]
  }
}
entry main(X: f32 readonly, Y: f32; n: i64) {
  alloc S: f32[n] heap
  alloc T: f32[n, 2] heap
  for i in 0, n serial {
    T[i] = X[i] * 2
    S[i] = 0
  }
  call fill(T + 0, Y + 0; n)
}
)";
  std::vector<float> x = counting(4), y(4, -1);
  for (int available = 0; available <= 3; ++available) {
    Compiled code(text);
    code.context.fails_from = available;
    CHECK(code.run({x.data(), y.data()}, {4}) == (available < 3 ? 1 : 0));
    CHECK(code.context.allocated == available);
    CHECK(code.context.released == available);
    CHECK(code.context.in_reverse_order);
  }
  CHECK(y == std::vector<float>{3, 5, 7, 9});
}

TEST_CASE("a parallel loop runs every iteration with what it captured") {
  const char* text = R"(program p
variant go(X: f32 readonly, Y: f32; rows: i64, n: i64, scale: f32, negate: bool) {
  let columns = n * 2
  for i in 3, rows parallel {
    alloc T: f32[columns] heap
    for j in 0, columns serial {
      T[j] = X[(i - 3) * columns + j] * scale
    }
    for j2 in 0, columns serial {
      Y[(i - 3) * columns + j2] = select(negate, -T[j2], T[j2])
    }
  }
}
entry main(X: f32 readonly, Y: f32; rows: i64, n: i64, scale: f32, negate: bool) {
  call go(X + 0, Y + 0; rows, n, scale, negate)
}
)";
  std::vector<float> x = counting(7 * 4), y(x.size(), 0);
  const auto bits = static_cast<int64_t>(std::bit_cast<uint32_t>(0.5f));
  Compiled code(text);
  CHECK(code.run({x.data(), y.data()}, {7, 2, bits, 1}) == 0);
  CHECK(code.context.pieces == 3);
  CHECK(code.context.allocated == 3);                       // storage serves the iterations of a piece
  for (size_t i = 0; i < x.size(); ++i) CHECK(y[i] == x[i] * -0.5f);

  CHECK(code.run({x.data(), y.data()}, {0, 2, bits, 1}) == 0);
  code.context.fails_from = 4;
  CHECK(code.run({x.data(), y.data()}, {7, 2, bits, 0}) == 1);
  CHECK(code.context.released == code.context.allocated);
}

TEST_CASE("parallel loops nest") {
  Compiled code(R"(program p
entry main(Y: i64; m: i64, n: i64) {
  for i in 0, m parallel {
    for j in 0, n parallel {
      Y[i * n + j] = i * 100 + j
    }
  }
}
)");
  std::vector<int64_t> y(20, -1);
  CHECK(code.run({y.data()}, {4, 5}) == 0);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 5; ++j) CHECK(y[i * 5 + j] == i * 100 + j);
  }
}

TEST_CASE("loops in a parallel loop read what is around it where it lies, and what a loop between them changes") {
  Compiled code(R"(program p
variant go(X: i64 readonly, Y: i64; m: i64, n: i64, negate: bool) {
  let twice = n * 2
  for i in 1, m parallel {
    let row = i * 1000
    for h in 0, 2 serial {
      alloc T: i64[4] heap
      T[0] = row + h * 100
      for j in 0, n parallel {
        for k in 0, 1 parallel {
          Y[(i - 1) * twice + h * n + j] = X[j] + T[0] + select(negate, -(i + k), i + k)
        }
      }
    }
  }
}
entry main(X: i64 readonly, Y: i64; m: i64, n: i64, negate: bool) {
  call go(X + 0, Y + 0; m, n, negate)
}
)");
  std::vector<int64_t> x = {7, 8, 9}, y(12, -1);
  for (const int64_t negate : {0, 1}) {
    CHECK(code.run({x.data(), y.data()}, {2, 3, negate}) == 0);
    for (int64_t i = 1; i <= 2; ++i) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t j = 0; j < 3; ++j) {
          const auto at = static_cast<size_t>((i - 1) * 6 + h * 3 + j);
          CHECK(y[at] == x[static_cast<size_t>(j)] + i * 1000 + h * 100 + (negate ? -i : i));
        }
      }
    }
  }
}

TEST_CASE("a variant may be called with other arguments than its caller's") {
  Compiled code(R"(program p
variant fill(Y: i64, X: i64 readonly; n: i64, negate: bool) {
  for i in 0, n serial {
    Y[i] = select(negate, -X[i], X[i])
  }
}
entry main(X: i64 readonly, Y: i64; n: i64, negate: bool) {
  call fill(Y + 1, X + 0; n - 1, not negate)
  call fill(Y + n, X + 1; n, negate)
}
)");
  std::vector<int64_t> x = {1, 2, 3, 4}, y(6, 0);
  CHECK(code.run({x.data(), y.data()}, {3, 0}) == 0);
  CHECK(y == std::vector<int64_t>{0, -1, -2, 2, 3, 4});
}

TEST_CASE("a stack buffer is aligned and an own one for each iteration of a task") {
  Compiled code(R"(program p
entry main(Y: f32; n: i64) {
  for i in 0, n parallel {
    alloc T: f32[2, 8] stack
    stream T[ramp(0, 1, 8)] = broadcast(f32(i), 8)
    T[ramp(8, 1, 8)] = T[ramp(0, 1, 8)] + broadcast(f32(1), 8)
    Y[i] = T[3] + T[11]
  }
}
)");
  std::vector<float> y(7, -1);
  CHECK(code.run({y.data()}, {7}) == 0);
  for (int i = 0; i < 7; ++i) CHECK(y[i] == 2 * i + 1);
}

TEST_CASE("registers carry values around loops and through branches") {
  Compiled code(R"(program p
entry main(X: f32 readonly, Y: f32; n: i64) {
  alloc r: f32[2] registers
  r[0] = 0
  r[1] = f32(-inf)
  for i in 0, n serial {
    if X[i] > 2 {
      r[0] = r[0] + X[i]
    }
    r[1] = max_number(r[1], X[i])
  }
  Y[0] = r[0]
  Y[1] = r[1]
}
)");
  std::vector<float> x = {1, 5, 2, NAN, 3, -4}, y(2, -1);
  CHECK(code.run({x.data(), y.data()}, {6}) == 0);
  CHECK(y == std::vector<float>{8, 5});
}

TEST_CASE("a call passes buffers at an offset") {
  Compiled code(R"(program p
unit copy(X: i16 readonly, Y: i16; n: i64) {
  for i in 0, n serial {
    Y[i] = X[i]
  }
}
entry main(X: i16 readonly, Y: i16; n: i64) {
  for r in 0, n serial {
    call copy(X + (r * 3 + 1), Y + r * 2; 2)
  }
}
)");
  std::vector<int16_t> x = {0, 1, 2, 3, 4, 5, 6, 7, 8}, y(6, -1);
  CHECK(code.run({x.data(), y.data()}, {3}) == 0);
  CHECK(y == std::vector<int16_t>{1, 2, 4, 5, 7, 8});
}

TEST_CASE("many threads may compile at once") {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&right, t] {
      for (int round = 0; round < 5; ++round) {
        Compiled code("program p\nentry main(Y: i64; n: i64) {\n  Y[0] = n * " + std::to_string(t + 2) + "\n}\n");
        int64_t y = 0;
        if (code.run({&y}, {5}) == 0 && y == 5 * (t + 2)) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 20);
}

TEST_CASE("a target beyond this machine is refused by name") {
  Target target = test_target("x86-64-v2");
  target.name = "future";
  target.features.push_back("+teleportation");
  try {
    Compiled("program p\nentry main() {\n}\n", target);
    FAIL("loaded");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::missing_feature);
    CHECK(std::string(error.what()).find("target future cannot run on this machine: got a CPU without teleportation") !=
          std::string::npos);
  }
}

}  // namespace lathe::test
