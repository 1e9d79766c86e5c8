// compile(..., wait = first): what a kernel computes before and after its other variants are there, and what is compiled.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/messages.h"
#include "tests/whole/held_background.h"

namespace lathe {
namespace {

const char* const product_text =
    "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";

const char* const tiles =
    "C.split(j, jo, ji, 16).split(i, io, ii, 4).reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii)\n"
    "C.store_in(registers, at = io)\n";

Operator product() { return parse_file_text(product_text, "product.lathe").operators.at(0); }

CompileOptions first(const Operator& op, const std::string& directives) {
  CompileOptions options;
  options.schedule = parse_schedule({"schedule for product\n" + directives, {"product.lathe", 1, 1}}, op);
  options.wait = Wait::first;
  return options;
}

// "" where the kernel computes what the interpreter does.
std::string difference(const Kernel& kernel, const Operator& op, int64_t m, int64_t k, int64_t n) {
  const CheckOptions check{.seed = static_cast<uint64_t>(m + k + n), .exact = true, .max_points = 100};
  const CheckData data = make_check_data(op, {{"M", m}, {"K", k}, {"N", n}}, check);
  kernel.run(data.bindings.tensors, {.threads = 1}, data.bindings.params);
  return compare(op, data, check).first_difference;
}

}  // namespace

TEST_CASE("a kernel that did not wait is right before and after its variants are there, from several threads" * doctest::test_suite("threads")) {
  const Operator op = product();
  const Kernel kernel = compile(op, first(op, tiles));
  CHECK(kernel.stats().first_ms <= kernel.stats().total_ms);
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 3 || !stop; ++i) wrong += !difference(kernel, op, 5 + t, 3 + i % 4, 17 + i % 16).empty();
    });
  }
  CHECK(kernel.wait());
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(difference(kernel, op, 9, 7, 33) == "");
}

TEST_CASE("a kernel that did not wait has compiled twice, and no size compiles again" * doctest::test_suite("threads")) {
  const Operator op = product();
  hold_background().set_value();
  const int64_t before = compile_events();
  const Kernel kernel = compile(op, first(op, tiles));
  CHECK(kernel.wait());
  CHECK(compile_events() == before + 2);
  for (int64_t i = 1; i <= 50; ++i) CHECK(difference(kernel, op, i % 7, i % 5 + 1, i) == "");
  CHECK(compile_events() == before + 2);
  CHECK(kernel.stats().variants == 2);
}

TEST_CASE("a kernel that did not wait runs while nothing else of it is compiled yet" * doctest::test_suite("threads")) {
  std::promise<void> open = hold_background();              // before the kernel's own variants
  const Operator op = product();
  const int64_t before = compile_events();
  const Kernel kernel = compile(op, first(op, tiles));
  CHECK(compile_events() == before + 1);
  CHECK(kernel.stats().variants == 1);
  for (int64_t i = 1; i <= 20; ++i) CHECK(difference(kernel, op, i % 7 + 1, i % 5 + 1, i) == "");
  CHECK(compile_events() == before + 1);
  open.set_value();
  CHECK(kernel.wait());
  CHECK(compile_events() == before + 2);
  CHECK(kernel.stats().variants == 2);
  CHECK(difference(kernel, op, 9, 7, 33) == "");
}

TEST_CASE("code that runs first is made in little time, and made anew with the others" *
          doctest::test_suite("threads")) {
  const Operator op = product();
  CompileOptions options = first(op, tiles);
  hold_background().set_value();  // lets go of kernels that were dropped: they are found in memory
  const Kernel in_two = compile(op, options);
  CHECK(in_two.wait());
  CHECK(in_two.stats().shared_functions == 0);
  options.wait = Wait::all;
  options.cache = Cache::none;
  const Kernel whole = compile(op, options);
  options.schedule = plain_nest(op);
  const Kernel plain = compile(op, options);
  CHECK(in_two.stats().ir_instructions == whole.stats().ir_instructions + plain.stats().ir_instructions);
}

TEST_CASE("a kernel without a schedule runs as the plain nest until the constructed one is there" * doctest::test_suite("threads")) {
  const Operator op = product();
  CompileOptions options;
  options.wait = Wait::first;
  options.cache = Cache::none;
  const int64_t before = compile_events();
  const Kernel kernel = compile(op, options);
  CHECK(difference(kernel, op, 3, 4, 5) == "");
  CHECK(kernel.wait());
  CHECK(compile_events() == before + 2);
  CHECK(kernel.stats().variants > 1);
  CHECK(difference(kernel, op, 40, 50, 60) == "");
}

TEST_CASE("kernels may be dropped at once while their variants are compiled" * doctest::test_suite("threads")) {
  const Operator op = product();
  for (int i = 0; i < 5; ++i) {
    const Kernel kernel = compile(op, first(op, tiles));
    CHECK(difference(kernel, op, 3, 4, 5) == "");
  }
}

TEST_CASE("schedule parameters of a kernel that did not wait are there before its variants" * doctest::test_suite("threads")) {
  const Operator op = product();
  CompileOptions options = first(op, "param kc = 8 in 4..64\nC.split(k, ko, ki, kc)\nC.reorder(ko, i, j, ki)\n");
  options.tune_params = {{"kc", 16}};
  Kernel kernel = compile(op, options);
  CHECK(difference(kernel, op, 3, 40, 5) == "");
  CHECK(kernel.wait());
  kernel.set_tune_param("kc", 32);
  CHECK(difference(kernel, op, 3, 70, 5) == "");
}

TEST_CASE("a schedule that is refused in the background leaves the plain nest and a message" * doctest::test_suite("threads")) {
  auto said = std::make_shared<std::string>();
  set_message_hook([said](std::string_view text) { *said += text; });
  const Operator op = product();
  const Kernel kernel = compile(op, first(op, "C.vectorize(j)\n"));
  CHECK_FALSE(kernel.wait());
  set_message_hook({});
  CHECK_MESSAGE(said->find("lathe: ") == 0, *said);
  CHECK_MESSAGE(said->find("the kernel product goes on without what could not be compiled") != std::string::npos, *said);
  CHECK(difference(kernel, op, 4, 5, 6) == "");
}

}  // namespace lathe
