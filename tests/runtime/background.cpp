// A kernel whose code is completed in the background: which code calls take, what failures do, and early destruction.
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "helpers.h"
#include "jit/runtime/background.h"
#include "support/messages.h"

using namespace lathe;
using namespace lathe::test;

namespace {

KernelSignature one_output() {
  KernelSignature s;
  s.name = "count";
  s.sizes = {{"N"}};
  s.arguments = {{"Y", f64, true, {size(0, "N")}}};
  return s;
}

int32_t write(double value, void* const* buffers, const int64_t* scalars) {
  for (int64_t i = 0; i < scalars[0]; ++i) static_cast<double*>(buffers[0])[i] = value;
  return 0;
}
int32_t write_1(LatheContext*, void* const* buffers, const int64_t* scalars) { return write(1, buffers, scalars); }
int32_t write_2(LatheContext*, void* const* buffers, const int64_t* scalars) { return write(2, buffers, scalars); }

// Three elements that one call has written; they must be equal.
double result_of(const Kernel& kernel) {
  double y[3] = {};
  const TensorView views[] = {TensorView{y, f64, {3}, {1}}};
  kernel.run(views, {.threads = 1});
  CHECK(y[0] == y[1]);
  CHECK(y[0] == y[2]);
  return y[0];
}

// Says when it is waited for, and lets go when told.
struct Gate {
  std::promise<void> reached, open;
  void pass() {
    reached.set_value();
    open.get_future().wait();
  }
};

// What the library says while this lives.
struct Messages {
  std::shared_ptr<std::string> text = std::make_shared<std::string>();
  Messages() {
    set_message_hook([text = text](std::string_view message) { *text += message; });
  }
  ~Messages() { set_message_hook({}); }
};

}  // namespace

TEST_CASE("a kernel runs the code it has until the rest is compiled, then the rest" * doctest::test_suite("threads")) {
  Gate gate;
  CompileStats stats;
  stats.variants = 1;
  Kernel kernel(one_output(), {write_1, nullptr}, stats, [&](CompileStats& changed) {
    gate.pass();
    changed.variants = 3;
    return LoadedCode{write_2, nullptr};
  });
  double y[1] = {};
  const TensorView views[] = {TensorView{y, f64, {1}, {1}}};
  const std::function<void()> bound = kernel.bind(views, {.threads = 1});
  gate.reached.get_future().wait();
  CHECK(result_of(kernel) == 1);
  CHECK(kernel.stats().variants == 1);
  bound();
  CHECK(y[0] == 1);
  gate.open.set_value();
  CHECK(kernel.wait());
  CHECK(result_of(kernel) == 2);
  CHECK(kernel.stats().variants == 3);
  bound();
  CHECK(y[0] == 2);
}

TEST_CASE("calls from several threads meet one code or the other while it is replaced" * doctest::test_suite("threads")) {
  Gate gate;
  Kernel kernel(one_output(), {write_1, nullptr}, {}, [&](CompileStats&) {
    gate.pass();
    return LoadedCode{write_2, nullptr};
  });
  gate.reached.get_future().wait();
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, calls = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      double last = 1;
      while (!stop) {
        double y[3] = {};
        const TensorView views[] = {TensorView{y, f64, {3}, {1}}};
        kernel.run(views, {.threads = 1});
        wrong += y[0] != y[1] || y[0] != y[2] || y[0] < last || y[0] > 2;
        last = y[0];
        ++calls;
      }
    });
  }
  while (calls < 100) std::this_thread::yield();
  gate.open.set_value();
  CHECK(kernel.wait());
  const int before = calls;
  while (calls < before + 100) std::this_thread::yield();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(result_of(kernel) == 2);
}

TEST_CASE("a kernel may be dropped while the rest of it is compiled" * doctest::test_suite("threads")) {
  Gate gate;
  auto owner = std::make_shared<int>(0);
  const std::weak_ptr<int> code = owner;
  {
    Kernel kernel(one_output(), {write_1, std::move(owner)}, {}, [&](CompileStats&) {
      gate.pass();
      return LoadedCode{write_2, nullptr};
    });
    gate.reached.get_future().wait();
  }
  CHECK_FALSE(code.expired());                              // the compilation may refer to it
  gate.open.set_value();
  std::promise<void> next;
  run_in_background([&] { next.set_value(); });
  next.get_future().wait();
  CHECK(code.expired());
}

TEST_CASE("the rest of a kernel that was dropped before is not compiled" * doctest::test_suite("threads")) {
  Gate gate;
  run_in_background([&] { gate.pass(); });
  std::atomic<bool> compiled = false;
  {
    Kernel kernel(one_output(), {write_1, nullptr}, {}, [&](CompileStats&) {
      compiled = true;
      return LoadedCode{write_2, nullptr};
    });
  }
  gate.open.set_value();
  std::promise<void> next;
  run_in_background([&] { next.set_value(); });
  next.get_future().wait();
  CHECK_FALSE(compiled);
}

TEST_CASE("when the rest cannot be compiled a message says why and the kernel goes on" * doctest::test_suite("threads")) {
  Messages messages;
  Kernel kernel(one_output(), {write_1, nullptr}, {}, [](CompileStats&) -> LoadedCode {
    throw std::runtime_error("lathe: lower: too much: got 3, need 2");
  });
  CHECK_FALSE(kernel.wait());
  CHECK(result_of(kernel) == 1);
  CHECK(*messages.text ==
        "lathe: lower: too much: got 3, need 2\nnote: the kernel count goes on without what could not be compiled");
}

TEST_CASE("a kernel that was compiled whole has nothing to wait for" * doctest::test_suite("threads")) {
  Kernel kernel(one_output(), {write_1, nullptr}, {});
  CHECK(kernel.wait());
}
