// A caller's own threads and memory; one kernel from many threads; what floating-point numbers survive.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <thread>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

Kernel kernel_of(const char* text, const char* directives) {
  const Operator op = parse_file_text(text, "hooks.lathe").operators.at(0);
  CompileOptions options;
  options.schedule = parse_schedule({"schedule for " + op.name + "\n" + directives, {"hooks.lathe", 1, 1}}, op);
  return compile(op, options);
}

const char* const blurred =
    "twice(X: f32[M, N]) -> Y: f32[M, N]\n"
    "  T[i, j] = X[i, j] + X[i, j]\n"
    "  Y[i, j] = T[i, j] + 1\n";

// Threads and memory of a host program, with what they were asked.
struct Host {
  LatheContext context{parallel_for, allocate, release, this, nullptr};
  std::atomic<int64_t> loops = 0, pieces = 0, taken = 0, returned = 0;
  std::atomic<int64_t> held = 0, most_held = 0;  // bytes; right where one thread runs
  bool is_serial = false;
  bool is_empty = false;

  static Host& of(LatheContext* context) { return *static_cast<Host*>(context->user); }

  static int32_t parallel_for(LatheContext* context, int64_t count, LatheTask task, void* closure) {
    Host& host = of(context);
    ++host.loops;
    if (host.is_serial) return count > 0 ? task(context, closure, 0, count) : 0;
    std::atomic<int32_t> status = 0;
    std::vector<std::thread> threads;
    for (int64_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        ++host.pieces;
        if (const int32_t result = task(context, closure, i, i + 1)) status = result;
      });
    }
    for (std::thread& thread : threads) thread.join();
    return status;
  }
  static void* allocate(LatheContext* context, int64_t bytes) {
    if (of(context).is_empty) return nullptr;
    ++of(context).taken;
    const int64_t size = (bytes + 63) / 64 * 64;
    if (of(context).is_serial) {
      of(context).held += size;
      of(context).most_held = std::max(of(context).most_held.load(), of(context).held.load());
    }
    auto* memory = static_cast<char*>(std::aligned_alloc(64, static_cast<size_t>(size) + 64));
    std::memcpy(memory, &size, sizeof size);
    return memory + 64;
  }
  static void release(LatheContext* context, void* memory) {
    ++of(context).returned;
    char* begin = static_cast<char*>(memory) - 64;
    int64_t size = 0;
    std::memcpy(&size, begin, sizeof size);
    of(context).held -= size;
    std::free(begin);
  }
};

}  // namespace

TEST_CASE("a call runs on the threads and in the memory of its caller, where it brings them") {
  const Kernel kernel = kernel_of(blurred, "T.compute_at(Y, i)\nY.parallel(i)\n");
  Host host;
  Tensor x(f32, {5, 3000}), y(f32, {5, 3000});
  for (int i = 0; i < 15000; ++i) x.as<float>()[i] = static_cast<float>(i);
  const TensorView views[] = {x, y};
  kernel.run(views, {.context = &host.context});
  CHECK(host.loops == 1);
  CHECK(host.pieces == 5);
  CHECK(host.taken == host.returned);
  int wrong = 0;
  for (int i = 0; i < 15000; ++i) wrong += y.as<float>()[i] != static_cast<float>(2 * i + 1);
  CHECK(wrong == 0);
  kernel.bind(views, {.context = &host.context})();
  CHECK(host.loops == 2);
}

TEST_CASE("a caller whose memory is used up gets an error and may call again") {
  const Kernel kernel = kernel_of(blurred, "T.compute_root()\n");
  Host host;
  host.is_empty = true;
  Tensor x(f32, {50, 3000}), y(f32, {50, 3000});
  const TensorView views[] = {x, y};
  CHECK_THROWS_WITH_AS(kernel.run(views, {.context = &host.context}),
                       doctest::Contains("scratch memory could not be had"), Error);
  host.is_empty = false;
  kernel.run(views, {.context = &host.context});
  CHECK(y.as<float>()[149999] == 1);
}

TEST_CASE("the scratch memory that a kernel is said to hold is what it asks for") {
  struct Expected {
    const char* directives;
    int64_t one_thread, eight_threads;
  };
  // T whole: 5 rows of 3000; a row for each thread.
  const Expected all[] = {{"T.compute_root()\n", 60032, 60032},
                          {"T.compute_at(Y, i)\nY.parallel(i)\n", 12032, 8 * 12032},
                          {"T.compute_inline()\n", 0, 0}};
  for (const Expected& expected : all) {
    CAPTURE(expected.directives);
    const Kernel kernel = kernel_of(blurred, expected.directives);
    CHECK(kernel.scratch_bytes({{"M", 5}, {"N", 3000}}) == expected.one_thread);
    CHECK(kernel.scratch_bytes({{"M", 5}, {"N", 3000}}, 8) == expected.eight_threads);
    Host host;
    host.is_serial = true;
    Tensor x(f32, {5, 3000}), y(f32, {5, 3000});
    const TensorView views[] = {x, y};
    kernel.run(views, {.context = &host.context});
    CHECK(host.most_held == expected.one_thread);
  }
}

TEST_CASE("sizes that scratch memory is asked for are checked by name and range") {
  const Kernel kernel = kernel_of(blurred, "T.compute_root()\n");
  CHECK_THROWS_WITH_AS(kernel.scratch_bytes({{"M", 5}, {"n", 3}}), doctest::Contains("did you mean 'N'?"), Error);
  CHECK_THROWS_WITH_AS(kernel.scratch_bytes({{"M", 5}}), doctest::Contains("size 'N' is missing"), Error);
  CHECK_THROWS_WITH_AS(kernel.scratch_bytes({{"M", 5}, {"N", -3}}), doctest::Contains("outside its declared range"),
                       Error);
}

TEST_CASE("one kernel called from many threads at once computes each call's own result") {
  const Kernel kernel = kernel_of(blurred, "T.compute_at(Y, i)\nY.parallel(i)\n");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Tensor x(f32, {7, 100}), y(f32, {7, 100});
      for (int call = 0; call < 20; ++call) {
        for (int i = 0; i < 700; ++i) x.as<float>()[i] = static_cast<float>(i + 1000 * t + call);
        kernel(x, y);
        for (int i = 0; i < 700; ++i) wrong += y.as<float>()[i] != static_cast<float>(2 * (i + 1000 * t + call) + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("NaN, infinities, signed zeros and denormals survive on every thread of the pool") {
  const Kernel kernel = kernel_of("half(X: f32[M, N]) -> Y: f32[M, N]\n  Y[i, j] = X[i, j] * 0.5\n",
                                  "Y.split(j, jo, ji, 8).vectorize(ji)\nY.parallel(i)\n");
  const float inf = std::numeric_limits<float>::infinity(), tiny = std::bit_cast<float>(2u);
  const float values[] = {inf, -inf, std::nanf(""), 0.f, -0.f, tiny, -tiny, std::numeric_limits<float>::min()};
  const uint32_t expected[] = {0x7f800000u, 0xff800000u, 0, 0u, 0x80000000u, 1u, 0x80000001u, 0x00400000u};
  Tensor x(f32, {512, 11}), y(f32, {512, 11});
  for (int i = 0; i < 512 * 11; ++i) x.as<float>()[i] = values[i % 8];
  kernel(x, y);
  int wrong = 0;
  for (int i = 0; i < 512 * 11; ++i) {
    const float got = y.as<float>()[i];
    wrong += i % 8 == 2 ? !std::isnan(got) : std::bit_cast<uint32_t>(got) != expected[i % 8];
  }
  CHECK(wrong == 0);
}

#if defined(__SSE__)
TEST_CASE("a caller's mode that flushes denormals or rounds otherwise changes no result, on its thread or the pool's") {
  const char* const text =
      "third(X: f32[M, N]) -> Y: f32[M, N], Z: f32[M, N]\n"
      "  Y[i, j] = X[i, j] * 0.5\n"
      "  Z[i, j] = X[i, j] / 3\n";
  const Kernel kernel = kernel_of(text, "Y.split(j, jo, ji, 8).vectorize(ji)\nY.parallel(i)\nZ.parallel(i)\n");
  constexpr int count = 512 * 11;
  const float values[] = {1, std::bit_cast<float>(6u), -std::numeric_limits<float>::min(), 2};
  Tensor x(f32, {512, 11}), y(f32, {512, 11}), z(f32, {512, 11}), calm_y(f32, {512, 11}), calm_z(f32, {512, 11});
  for (int i = 0; i < count; ++i) x.as<float>()[i] = values[i % 4];
  kernel(x, calm_y, calm_z);
  constexpr unsigned flush_and_round_up = 0x1f80 | 0x8040 | 0x4000;
  unsigned after = 0;
  // A thread of its own: the pool's threads take over the mode of the thread that calls them first.
  std::thread([&] {
    _mm_setcsr(flush_and_round_up);
    kernel(x, y, z);
    after = _mm_getcsr() & ~0x3fu;
  }).join();
  CHECK(after == flush_and_round_up);
  CHECK(std::memcmp(y.as<float>(), calm_y.as<float>(), count * sizeof(float)) == 0);
  CHECK(std::memcmp(z.as<float>(), calm_z.as<float>(), count * sizeof(float)) == 0);
  CHECK(std::bit_cast<uint32_t>(y.as<float>()[1]) == 3);
}
#endif

}  // namespace lathe
