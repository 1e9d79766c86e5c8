// Inputs of four bits, two in a byte: every index, schedule and layout reads the element that the interpreter does.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/fuzz/trial.h"
#include "tests/errors.h"

namespace lathe {
namespace {

constexpr const char* weights =
    "weights(A: f32[M, K], W: i4[K, N], s: f32[N]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * (f32(W[k, j]) * s[j]))\n";
constexpr const char* dots =
    "dots(A: f32[M, K], W: u4[N, K]) -> C: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * f32(W[j, k]))\n";
constexpr const char* widened = "widened(W: i4[M, N]) -> Y: i32[M, N]\n  Y[i, j] = 3 * i32(W[i, j])\n";

std::string with_schedule(const std::string& op, const std::string& directives) {
  return op + "schedule for " + op.substr(0, op.find('(')) + "\n" + directives + "\n";
}

enum class Nest { given, constructed };

// What is wrong with the kernel on any target of this machine; "" if nothing.
std::string difference(const std::string& text, Nest nest = Nest::given) {
  const SourceFile file = parse_file_text(text, "packed.lathe");
  const Operator& op = file.operators.at(0);
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const std::optional<Target> target = target_to_test(name);
    if (!target) continue;
    std::optional<Schedule> schedule = schedule_for(file, op, target->level);
    if (nest == Nest::constructed) schedule = constructed_schedule(op, {.target = target});
    const Kernel kernel = compile(op, {.schedule = schedule, .target = target});
    uint64_t seed = 0;
    for (const auto& sizes : default_check_sizes(op)) {
      const CheckOptions check{.seed = ++seed, .exact = seed % 3 != 0, .strides = static_cast<CheckStrides>(seed % 3)};
      const CheckData data = make_check_data(op, sizes, check);
      kernel.run(data.bindings.tensors, {.threads = 2}, {});
      if (const CheckReport report = compare(op, data, check); !report.good) return report.first_difference;
    }
  }
  return "";
}

}  // namespace

TEST_CASE("packed elements are read at every kind of index") {
  for (const char* op : {
           weights, dots, widened,
           "next(W: i4[M, N]) -> Y: i32[M, N - 1]\n  size N in 1..1000\n  Y[i, j] = i32(W[i, j + 1])\n",
           "turned(W: u4[M, N]) -> Y: i32[N, M]\n  Y[j, i] = i32(W[i, N - 1 - j])\n",
           "second(W: i4[M, N]) -> Y: f32[M, N/2]\n  Y[i, j] = f32(W[i, 2*j + 1])\n",
           "around(W: i4[M, N]) -> Y: i8[M, N]\n  Y[i, j] = i8(W[i, j - 1] outside -3) + i8(W[i - 1, j + 1] outside edge)\n",
           "gathered(W: u4[M, N], at: i64[P]) -> Y: u8[M, P]\n  Y[i, p] = u8(W[i, at[p]] outside 0)\n",
           "chosen(V: i4[N], W: i4[N], c: bool[N]) -> Y: f64[N]\n  Y[i] = f64(select(c[i], V[i], W[i]))\n",
           "one(W: i4[], X: i8[N]) -> Y: i8[N]\n  Y[i] = X[i] + i8(W[])\n",
       }) {
    CHECK_MESSAGE(difference(op) == "", op);
    CHECK_MESSAGE(difference(op, Nest::constructed) == "", op);
  }
}

TEST_CASE("schedules of packed inputs compute what the interpreter does") {
  CHECK(difference(with_schedule(widened, "Y.split(j, jo, ji, 32).vectorize(ji).parallel(i)")) == "");
  CHECK(difference(with_schedule(widened, "Y.collapse(i, j, x).split(x, xo, xi, 16).vectorize(xi)")) == "");
  CHECK(difference(with_schedule(dots, "C.split(k, ko, ki, 16).reorder(i, j, ko, ki).vectorize(ki).store_in(registers, at = j)")) == "");
  const std::string tiled =
      "C.split(k, ko, ki, 8)\nC.tile(j, i -> jo, io, ji, ii; width 16: 4 rows, 8: 4; even)\n"
      "C.reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = io)\n";
  CHECK(difference(with_schedule(weights, tiled)) == "");
  CHECK(difference(with_schedule(weights, tiled + "W.stage_at(C, jo).layout(ki, ji)\n")) == "");
  CHECK(difference(with_schedule(weights, tiled + "W.prefetch(C, ki, 4)\n")) == "");
}

TEST_CASE("a call checks that rows of packed elements begin at bytes") {
  const Kernel kernel = compile(parse_file_text(widened, "packed.lathe").operators.at(0));
  Tensor w(i4, {3, 5}), y(i32, {3, 5});
  CHECK(w.view().strides == std::vector<int64_t>{6, 1});
  kernel(w, y);
  TensorView odd = w.view();
  odd.strides = {5, 1};
  CHECK(failure_of([&] { kernel(odd, y); }).find("bad stride of input 'W' (argument 1), dimension 0: got 5, need an even stride") != std::string::npos);
  odd.strides = {2, 2};
  CHECK(failure_of([&] { kernel(odd, y); }).find("need 1 along the last dimension of packed elements") != std::string::npos);
  CHECK(failure_of([&] { kernel(Tensor(u4, {3, 5}), y); }).find("need i4") != std::string::npos);
}

TEST_CASE("a constant stride of packed rows that a condition claims still reads whole bytes") {
  CHECK(difference(with_schedule(widened, "specialize(stride(W, 0) == N) {\n  Y.split(j, jo, ji, 8).vectorize(ji)\n}")) == "");
}

}  // namespace lathe
