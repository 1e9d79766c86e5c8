// Inputs that look bad and are not: they work, and give what docs/language.md says.
#include <doctest/doctest.h>
#include <sys/mman.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

Operator parsed(const std::string& text) { return parse_file_text(text, "good.lathe").operators.at(0); }

const char* const total = "total(X: f32[M, N]) -> S: f32[M], P: f32[M], L: f32[M], H: f32[M]\n"
                          "  S[i] = sum(k < N: X[i, k])\n"
                          "  P[i] = prod(k < N: X[i, k])\n"
                          "  L[i] = min(k < N: X[i, k])\n"
                          "  H[i] = max(k < N: X[i, k])\n";

}  // namespace

TEST_CASE("zero extents do nothing, and reductions over nothing give their identities") {
  const Kernel kernel = compile(parsed(total));
  Tensor nothing(f32, {0, 7}), none(f32, {0}), empty(f32, {2, 0}), S(f32, {2}), P(f32, {2}), L(f32, {2}), H(f32, {2});
  kernel(nothing, none, none, none, none);
  kernel(TensorView{nullptr, f32, {0, 7}, {7, 1}}, none, none, none, none);
  kernel(empty, S, P, L, H);
  CHECK(S.as<float>()[1] == 0);
  CHECK(P.as<float>()[1] == 1);
  CHECK(L.as<float>()[1] == std::numeric_limits<float>::infinity());
  CHECK(H.as<float>()[1] == -std::numeric_limits<float>::infinity());
}

TEST_CASE("more than 2^31 elements, and offsets beyond 2^32 bytes, are addressed") {
  const int64_t n = (int64_t{1} << 33) + 5;
  void* memory = mmap(nullptr, static_cast<size_t>(n), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;                         // a machine that does not lend so many addresses
  auto* bytes = static_cast<unsigned char*>(memory);
  bytes[n - 1] = 2, bytes[int64_t{1} << 32] = 3;
  const Operator op = parsed("ends(X: u8[N], at: i64[M]) -> Y: u8[M], Z: u8[]\n  size N in 2..1099511627776\n"
                             "  Y[i] = X[at[i]] outside 0\n  Z[] = X[N - 1]\n");
  const Kernel kernel = compile(op);
  Tensor at(i64, {2}), Y(u8, {2}), Z(u8, {});
  at.as<int64_t>()[0] = int64_t{1} << 32, at.as<int64_t>()[1] = n;
  kernel(TensorView{memory, u8, {n}, {1}}, at, Y, Z);
  CHECK(Y.as<uint8_t>()[0] == 3);
  CHECK(Y.as<uint8_t>()[1] == 0);
  CHECK(Z.as<uint8_t>()[0] == 2);
  munmap(memory, static_cast<size_t>(n));
}

TEST_CASE("tensors may begin at any address") {
  const Kernel kernel = compile(parsed("scaled(X: f32[M, N]) -> Y: f32[M, N]\n  Y[i, j] = X[i, j]*2\n"));
  constexpr int64_t rows = 3, columns = 37, bytes = rows * columns * 4;
  for (const size_t off : {0, 1, 2, 3, 5, 32, 63}) {
    std::vector<char> from(bytes + 64), to(bytes + 65, 0x5a);
    for (int64_t i = 0; i < rows * columns; ++i) {
      const auto value = static_cast<float>(i);
      std::memcpy(from.data() + off + i * 4, &value, sizeof value);
    }
    kernel(TensorView{from.data() + off, f32, {rows, columns}, {columns, 1}},
           TensorView{to.data() + off, f32, {rows, columns}, {columns, 1}});
    for (int64_t i = 0; i < rows * columns; ++i) {
      float value = 0;
      std::memcpy(&value, to.data() + off + i * 4, sizeof value);
      CHECK(value == static_cast<float>(2 * i));
    }
    CHECK(to[off + bytes] == 0x5a);
  }
}

TEST_CASE("division and remainder by a zero of the run give zero, shifts by any amount are defined") {
  const Operator op = parsed("ints(a: i32[N], b: i32[N]) -> Y: (i32, i32, i32, i32)[N]\n"
                             "  Y[i] = (a[i] / b[i], a[i] % b[i], a[i] << b[i], a[i] >> b[i])\n");
  const Kernel kernel = compile(op);
  Tensor a(i32, {3}), b(i32, {3}), q(i32, {3}), r(i32, {3}), l(i32, {3}), s(i32, {3});
  const int32_t as[] = {-7, std::numeric_limits<int32_t>::min(), -7}, bs[] = {0, -1, 40};
  std::memcpy(a.as<int32_t>(), as, sizeof as), std::memcpy(b.as<int32_t>(), bs, sizeof bs);
  kernel(a, b, q, r, l, s);
  const auto values = [](Tensor& t) { return std::vector<int32_t>(t.as<int32_t>(), t.as<int32_t>() + 3); };
  CHECK(values(q) == std::vector<int32_t>{0, std::numeric_limits<int32_t>::min(), -1});
  CHECK(values(r) == std::vector<int32_t>{0, 0, 33});
  CHECK(values(l) == std::vector<int32_t>{-7, 0, 0});
  CHECK(values(s) == std::vector<int32_t>{-7, 0, -1});
}

TEST_CASE("NaN, infinities, signed zeros and denormals survive, on threads of the pool too") {
  const Operator op = parsed("same(X: f32[M, N]) -> Y: f32[M, N]\n  Y[i, j] = X[i, j] * 1\n");
  const std::string text = "schedule for same\nY.split(j, jo, ji, 8).vectorize(ji).parallel(i)\n";
  const float special[] = {std::nanf(""), INFINITY, -INFINITY, -0.f, 1e-40f, -1e-45f, 0.f, 3.5f, 1e38f};
  const Target target = target_named("x86-64-v2");
  for (const bool scheduled : {false, true}) {
    CompileOptions options{.target = target};
    if (scheduled) options.schedule = parse_schedule({text, {"good.lathe", 3, 1}}, op);
    const Kernel kernel = compile(op, options);
    Tensor X(f32, {64, 9}), Y(f32, {64, 9});
    for (int i = 0; i < 64; ++i) std::memcpy(X.as<float>() + 9 * i, special, sizeof special);
    kernel(X, Y);
    for (int i = 0; i < 64 * 9; ++i) {
      const float x = X.as<float>()[i], y = Y.as<float>()[i];
      CHECK((std::isnan(x) ? std::isnan(y) : std::memcmp(&x, &y, sizeof x) == 0));
    }
  }
}

TEST_CASE("a kernel outlives what it was made from, and threads may share it") {
  std::optional<Kernel> copy;
  {
    Operator op = parsed(total);
    Kernel kernel = compile(op);
    copy = kernel;
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Tensor X(f32, {3, 5}), S(f32, {3}), P(f32, {3}), L(f32, {3}), H(f32, {3});
      for (int i = 0; i < 15; ++i) X.as<float>()[i] = 1;
      for (int round = 0; round < 50; ++round) {
        (*copy)(X, S, P, L, H);
        wrong += S.as<float>()[2] != 5 || P.as<float>()[2] != 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("kernels are compiled from many threads, and dropped while the rest of them is compiled") {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      const Operator op = parsed("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] + " + std::to_string(t) + "\n");
      const Kernel kernel = compile(op, {.schedule = constructed_schedule(op), .wait = t % 2 ? Wait::first : Wait::all});
      Tensor X(f32, {3}), Y(f32, {3});
      kernel(X, Y);
      wrong += Y.as<float>()[2] != float(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace lathe
