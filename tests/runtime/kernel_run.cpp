// What an entry receives, what its status becomes, and bound calls.
#include <bit>
#include <thread>

#include "helpers.h"

using namespace lathe;
using namespace lathe::test;

namespace {

std::vector<void*> seen_buffers;
std::vector<int64_t> seen_scalars;
int32_t next_status = 0;

int32_t record(LatheContext*, void* const* buffers, const int64_t* scalars) {
  seen_buffers.assign(buffers, buffers + 2);
  seen_scalars.assign(scalars, scalars + 12);
  return next_status;
}

// two sizes, three strides, two misalignments, three parameters, two schedule params: twelve scalars
KernelSignature rows() {
  KernelSignature s;
  s.name = "rows";
  s.sizes = {{"M"}, {"K"}};
  s.arguments = {{"A", f32, false, {size(0, "M"), size(1, "K")}}, {"Y", f64, true, {size(0, "M")}}};
  s.params = {{"alpha", f32, 0.5}, {"beta", f64, -2}, {"n", u64, 7}};
  s.tune_params = {{"kc", 16, 4, 64}, {"mc", 8, 1, 9}};
  return s;
}

// Adds rows in parallel through the context's services.
int32_t add_rows(LatheContext* context, void* const* buffers, const int64_t* scalars) {
  struct Closure {
    void* const* buffers;
    const int64_t* scalars;
  } closure{buffers, scalars};
  auto task = [](LatheContext* inner, void* data, int64_t begin, int64_t end) -> int32_t {
    auto* c = static_cast<Closure*>(data);
    int64_t columns = c->scalars[1], row = c->scalars[2], column = c->scalars[3], out = c->scalars[4];
    auto* partial = static_cast<double*>(inner->allocate(inner, 8 * columns));
    if (!partial) return 1;
    for (int64_t i = begin; i < end; ++i) {
      double sum = 0;
      for (int64_t k = 0; k < columns; ++k) partial[k] = static_cast<float*>(c->buffers[0])[i * row + k * column];
      for (int64_t k = 0; k < columns; ++k) sum += partial[k];
      static_cast<double*>(c->buffers[1])[i * out] = sum;
    }
    inner->release(inner, partial);
    return 0;
  };
  return context->parallel_for(context, scalars[0], task, &closure);
}

}  // namespace

TEST_CASE(
    "an entry receives buffers in order and scalars as sizes, strides, misalignments, parameters, schedule params") {
  Kernel kernel(rows(), {record, nullptr}, {});
  Tensor a(f32, {3, 4}), y(f64, {3});
  TensorView turned{a.view().data, f32, {4, 3}, {1, 4}};
  Tensor more(f64, {8});
  TensorView y4{more.as<double>() + 3, f64, {4}, {1}};
  next_status = 0;
  kernel.set_tune_param("mc", 9);
  TensorView views[] = {turned, y4};
  kernel.run(views, {}, {{"n", 1e18}});
  CHECK(seen_buffers == std::vector<void*>{a.view().data, y4.data});
  CHECK(seen_scalars == std::vector<int64_t>{4, 3, 1, 4, 1, 0, 24, std::bit_cast<int32_t>(0.5f),
                                             std::bit_cast<int64_t>(-2.0), 1000000000000000000, 16, 9});
}

TEST_CASE("status 1 is lack of memory, any other a fault of the code") {
  Kernel kernel(rows(), {record, nullptr}, {});
  Tensor a(f32, {3, 4}), y(f64, {3});
  next_status = 1;
  CHECK_ERROR(kernel(a, y), out_of_memory, "rows: scratch memory could not be had");
  next_status = 7;
  CHECK_ERROR(kernel(a, y), internal, "kernel rows returned 7");
  next_status = 0;
}

TEST_CASE("a bound call checks once and runs with the values it was bound with") {
  Kernel kernel(rows(), {record, nullptr}, {});
  Tensor a(f32, {3, 4}), y(f64, {3}), wrong(f64, {4});
  TensorView views[] = {a, y}, bad[] = {a, wrong};
  CHECK_ERROR(kernel.bind(bad), wrong_shape, "output 'Y'", "got 4", "need M = 3");
  seen_scalars.clear();
  auto bound = kernel.bind(views, {}, {{"beta", 5}});
  CHECK(seen_scalars.empty());
  kernel.set_tune_param("kc", 32);
  bound();
  CHECK(seen_scalars[8] == std::bit_cast<int64_t>(5.0));
  CHECK(seen_scalars[10] == 16);
}

TEST_CASE("a kernel gives the same result on every number of threads and from several threads at once" * doctest::test_suite("threads")) {
  KernelSignature s = rows();
  s.params.clear();
  s.tune_params.clear();
  Kernel kernel(s, {add_rows, nullptr}, {});
  Tensor a(f32, {501, 37});
  for (int64_t i = 0; i < 501 * 37; ++i) a.as<float>()[i] = static_cast<float>(i % 11);
  auto good = [&](const RunOptions& options) {
    Tensor y(f64, {501});
    TensorView views[] = {a, y};
    kernel.run(views, options);
    for (int64_t i = 0; i < 501; ++i) {
      double sum = 0;
      for (int64_t k = 0; k < 37; ++k) sum += a.as<float>()[i * 37 + k];
      if (y.as<double>()[i] != sum) return false;
    }
    return true;
  };
  for (int threads : {0, 1, 2, 3, 7}) CHECK(good({threads}));
  bool results[4] = {};
  std::vector<std::thread> callers;
  for (bool& result : results) {
    callers.emplace_back([&] {
      result = true;
      for (int i = 0; i < 20; ++i) result = result && good({i % 3});
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (bool result : results) CHECK(result);
}

TEST_CASE("code lives as long as a kernel or a bound call" * doctest::test_suite("threads")) {
  auto owner = std::make_shared<int>(1);
  std::weak_ptr<int> alive = owner;
  Tensor a(f32, {3, 4}), y(f64, {3});
  std::function<void()> bound;
  {
    Kernel kernel(rows(), {record, std::move(owner)}, {});
    TensorView views[] = {a, y};
    bound = kernel.bind(views);
  }
  CHECK_FALSE(alive.expired());
  bound();
  bound = nullptr;
  CHECK(alive.expired());
}

TEST_CASE("compile events are counted") {
  int64_t before = compile_events();
  count_compile_event();
  CHECK(compile_events() == before + 1);
}
