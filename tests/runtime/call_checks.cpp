// Every check of a call: code, words, place, and that the entry was not reached.
#include <cmath>

#include "helpers.h"

using namespace lathe;
using namespace lathe::test;

namespace {

int entry_calls = 0;
int32_t count_calls(LatheContext*, void* const*, const int64_t*) {
  ++entry_calls;
  return 0;
}

// dense: A[M, K], B[K, N] -> D[M, N], and a condition K <= 8 * M to have one.
KernelSignature dense() {
  KernelSignature s;
  s.name = "dense";
  s.sizes = {{"M", 0, 1000, 1}, {"K", 1, 64, 2}, {"N"}};
  SizeFormula m = size(0, "M"), k = size(1, "K"), n = size(2, "N");
  s.arguments = {{"A", f32, false, {m, k}}, {"B", f32, false, {k, n}}, {"D", f32, true, {m, n}}};
  s.params = {{"alpha", f32, 1.0}, {"shift", i8, 3}};
  s.tune_params = {{"kc", 16, 4, 64}};
  s.conditions = {{join(Code::le, k, join(Code::mul, constant(8), m, ""), "K <= 8*M"),
                   "D reads A[i, k] inside",
                   {"dense.lathe", 3, 12}}};
  s.where = {"dense.lathe", 2, 1};
  return s;
}

Kernel kernel_of(KernelSignature signature) { return Kernel(std::move(signature), {count_calls, nullptr}, {}); }

struct Dense {
  Kernel kernel = kernel_of(dense());
  Tensor a{f32, {3, 4}}, b{f32, {4, 5}}, d{f32, {3, 5}};
  TensorView va = a, vb = b, vd = d;
  Dense() { entry_calls = 0; }
  void run() { kernel(va, vb, vd); }
};

}  // namespace

TEST_CASE("a good call reaches the entry once") {
  Dense c;
  c.run();
  CHECK(entry_calls == 1);
  c.kernel(c.a, c.b, c.d);
  CHECK(entry_calls == 2);
}

TEST_CASE("a wrong number of arguments names those needed") {
  Dense c;
  CHECK_ERROR(c.kernel(c.va, c.vb), wrong_argument_count, "lathe: call: dense: wrong number of arguments", "got 2",
              "need 3: A, B, D", "at dense.lathe:2:1");
  CHECK_ERROR(c.kernel(), wrong_argument_count, "got 0");
  CHECK(entry_calls == 0);
}

TEST_CASE("an argument of another element type is refused") {
  Dense c;
  c.vb.dtype = f64;
  CHECK_ERROR(c.run(), wrong_dtype, "input 'B' (argument 2)", "got f64", "need f32", "dense.lathe:2");
  CHECK(entry_calls == 0);
}

TEST_CASE("a wrong rank shows the shape and the extents") {
  Dense c;
  c.va = Tensor(f32, {12});
  CHECK_ERROR(c.run(), wrong_shape, "wrong rank of input 'A'", "got 1 dimensions: [12]", "need 2: [M, K]");
  c.va = c.a;
  c.va.strides.pop_back();
  CHECK_ERROR(c.run(), wrong_shape, "wrong number of strides of input 'A'", "got 1", "need 2");
  CHECK(entry_calls == 0);
}

TEST_CASE("a wrong extent shows argument, dimension, formula and where its size came from") {
  Dense c;
  c.vb.shape[0] = 6;
  CHECK_ERROR(c.run(), wrong_shape, "wrong extent of input 'B' (argument 2), dimension 0", "got 6", "need K = 4",
              "hint: K is dimension 1 of 'A'");
  c.vb = c.b;
  c.vd.shape[1] = -5;
  CHECK_ERROR(c.run(), wrong_shape, "negative extent of output 'D'", "dimension 1", "got -5", "at least 0");
  CHECK(entry_calls == 0);
}

TEST_CASE("an extent that is a formula is compared after the sizes are bound") {
  KernelSignature s;
  s.name = "twice";
  s.sizes = {{"M"}};
  s.arguments = {{"X", f32, false, {join(Code::mul, constant(2), size(0, "M"), "2*M"), constant(3)}},
                 {"Y", f32, true, {size(0, "M")}}};
  Kernel kernel = kernel_of(s);
  kernel(Tensor(f32, {14, 3}), Tensor(f32, {7}));
  CHECK_ERROR(kernel(Tensor(f32, {13, 3}), Tensor(f32, {7})), wrong_shape, "dimension 0", "got 13", "need 2*M = 14");
  CHECK_ERROR(kernel(Tensor(f32, {14, 4}), Tensor(f32, {7})), wrong_shape, "dimension 1", "got 4", "need 3");
}

TEST_CASE("a size outside its range or no multiple is refused") {
  Dense c;
  Tensor a(f32, {3, 66}), b(f32, {66, 5});
  CHECK_ERROR(c.kernel(a, b, c.d), size_out_of_range, "size 'K' is outside its declared range", "got K = 66",
              "need 1..64");
  Tensor a5(f32, {3, 5}), b5(f32, {5, 5});
  CHECK_ERROR(c.kernel(a5, b5, c.d), size_out_of_range, "got K = 5", "need a multiple of 2");
  CHECK(entry_calls == 0);
}

TEST_CASE("a condition that fails is told with its sizes at its own place") {
  Dense c;
  Tensor a(f32, {1, 10}), b(f32, {10, 5}), d(f32, {1, 5});
  CHECK_ERROR(c.kernel(a, b, d), read_outside_at_call, "does not hold that D reads A[i, k] inside", "got M = 1, K = 10",
              "need K <= 8*M", "at dense.lathe:3:12");
  CHECK(entry_calls == 0);
}

TEST_CASE("null data is refused where there are elements") {
  Dense c;
  c.va.data = nullptr;
  CHECK_ERROR(c.run(), null_data, "input 'A' (argument 1) has no data", "shape [3, 4]");
  CHECK(entry_calls == 0);
}

TEST_CASE("zero extents are legal, with null data too") {
  Dense c;
  KernelSignature s = dense();
  s.conditions.clear();
  Kernel kernel = kernel_of(s);
  TensorView a{nullptr, f32, {0, 4}, {4, 1}}, d{nullptr, f32, {0, 5}, {0, 0}};
  kernel(a, c.vb, d);
  CHECK(entry_calls == 1);
}

TEST_CASE("an output needs positive strides where it has several elements") {
  Dense c;
  c.vd.strides = {0, 1};
  CHECK_ERROR(c.run(), bad_strides, "bad stride of output 'D' (argument 3), dimension 0", "got 0", "positive");
  c.vd.strides = {5, -1};
  CHECK_ERROR(c.run(), bad_strides, "dimension 1", "got -1");
  CHECK(entry_calls == 0);
}

TEST_CASE("the stride of a dimension of one element is not looked at") {
  Dense c;
  Tensor a(f32, {1, 4}), d(f32, {1, 5});
  TensorView view = d;
  view.strides[0] = -77;
  c.kernel(a, c.b, view);
  CHECK(entry_calls == 1);
}

TEST_CASE("an output whose elements overlap each other is refused") {
  Dense c;
  c.vd.strides = {4, 1};
  CHECK_ERROR(c.run(), bad_strides, "elements of output 'D'", "overlap along dimension 0", "[3, 5] strides [4, 1]");
  Tensor big(f32, {100});
  c.vd = {big.view().data, f32, {3, 5}, {1, 3}};
  c.run();
  c.vd.strides = {7, 1};
  c.run();
  CHECK(entry_calls == 2);
  c.vd.strides = {1, 2};
  CHECK_ERROR(c.run(), bad_strides, "overlap along dimension 1");
}

TEST_CASE("inputs may have zero and negative strides") {
  Dense c;
  c.vb.strides = {0, 1};
  c.va.data = c.a.as<float>() + 11;
  c.va.strides = {-4, -1};
  c.run();
  CHECK(entry_calls == 1);
}

TEST_CASE("an output that shares memory with another argument is refused") {
  Dense c;
  Tensor memory(f32, {100});
  auto at = [&](int64_t offset, std::vector<int64_t> shape) {
    return TensorView{memory.as<float>() + offset, f32, shape, dense_strides(f32, shape)};
  };
  CHECK_ERROR(c.kernel(at(0, {3, 4}), c.vb, at(11, {3, 5})), overlap,
              "output 'D' (argument 3) overlaps input 'A' (argument 1)", "copy one of them first");
  CHECK(entry_calls == 0);
  c.kernel(at(0, {3, 4}), c.vb, at(12, {3, 5}));
  c.kernel(at(0, {3, 4}), at(5, {4, 5}), c.vd);  // two inputs may share
  CHECK(entry_calls == 2);
  TensorView backwards = at(40, {3, 4});
  backwards.strides = {-4, -1};  // covers elements 29 to 40
  CHECK_ERROR(c.kernel(backwards, c.vb, at(20, {3, 5})), overlap, "overlaps");
}

TEST_CASE("two outputs that share memory are refused") {
  KernelSignature s;
  s.name = "pair";
  s.sizes = {{"N"}};
  s.arguments = {{"C.0", f32, true, {size(0, "N")}}, {"C.1", i32, true, {size(0, "N")}}};
  Kernel kernel = kernel_of(s);
  Tensor memory(f32, {8});
  TensorView first{memory.as<float>(), f32, {4}, {1}}, second{memory.as<float>() + 3, i32, {4}, {1}};
  CHECK_ERROR(kernel(first, second), overlap, "output 'C.1'", "'C.0'");
}

TEST_CASE("extents and strides that overflow are refused, not multiplied") {
  KernelSignature s;
  s.name = "huge";
  s.sizes = {{"N", 0, INT64_MAX}, {"M", 0, INT64_MAX}};
  s.arguments = {{"X", f32, false, {size(0, "N"), size(1, "M")}}, {"Y", f32, true, {}}};
  Kernel kernel = kernel_of(s);
  Tensor y(f32, {});
  float element = 0;
  auto view = [&](int64_t n, int64_t m, int64_t sn, int64_t sm) { return TensorView{&element, f32, {n, m}, {sn, sm}}; };
  constexpr int64_t large = int64_t{1} << 40;
  CHECK_ERROR(kernel(view(large, large, 0, 0), y), wrong_shape, "extents and strides of input 'X'", "overflow");
  CHECK_ERROR(kernel(view(large, 2, large, 1), y), wrong_shape, "overflow", "strides [1099511627776, 1]");
  CHECK_ERROR(kernel(view(2, 2, INT64_MIN, 1), y), wrong_shape, "overflow");
  CHECK_ERROR(kernel(view(2, 2, INT64_MAX / 4, 1), y), wrong_shape, "overflow");
  kernel(view(0, large, large, large), y);
}

TEST_CASE("a tensor without gaps whose bytes wrap around to few is refused") {
  KernelSignature s;
  s.name = "huge";
  s.sizes = {{"N", 0, INT64_MAX}, {"M", 0, INT64_MAX}, {"K", 0, INT64_MAX}};
  s.arguments = {{"X", f64, false, {size(0, "N"), size(1, "M"), size(2, "K")}}, {"Y", f64, true, {}}};
  Kernel kernel = kernel_of(s);
  Tensor y(f64, {});
  double element = 0;
  // 2^26 * (2^35 + 1) elements: their bytes are 2^29 more than the address space.
  constexpr int64_t n = int64_t{1} << 26, m = 398739, k = 86171;
  CHECK_ERROR(kernel(TensorView{&element, f64, {n, m, k}, {m * k, k, 1}}, y), wrong_shape, "input 'X'", "overflow");
}

TEST_CASE("run-time parameters must exist and fit their type") {
  Dense c;
  std::vector<TensorView> views = {c.va, c.vb, c.vd};
  CHECK_ERROR(c.kernel.run(views, {}, {{"alhpa", 2}}), wrong_argument_count, "no such run-time parameter",
              "got 'alhpa'", "one of alpha, shift", "did you mean 'alpha'?");
  CHECK_ERROR(c.kernel.run(views, {}, {{"shift", 1.5}}), wrong_dtype, "parameter 'shift'", "got 1.5", "type i8");
  CHECK_ERROR(c.kernel.run(views, {}, {{"shift", 128}}), wrong_dtype, "got 128");
  CHECK_ERROR(c.kernel.run(views, {}, {{"shift", std::nan("")}}), wrong_dtype, "nan");
  CHECK(entry_calls == 0);
  c.kernel.run(views, {}, {{"shift", -128}, {"alpha", 1e300}});
  CHECK(entry_calls == 1);
}

TEST_CASE("arguments by name must be those of the kernel") {
  Dense c;
  std::map<std::string, TensorView> named = {{"A", c.va}, {"B", c.vb}, {"D", c.vd}};
  c.kernel.run(named);
  CHECK(entry_calls == 1);
  named.erase("B");
  CHECK_ERROR(c.kernel.run(named), wrong_argument_count, "argument 'B' is missing", "need A, B, D");
  named["bb"] = c.vb;
  CHECK_ERROR(c.kernel.run(named), wrong_argument_count, "no such argument", "got 'bb'", "one of A, B, D");
  CHECK(entry_calls == 1);
}

TEST_CASE("schedule params stay in their range") {
  Dense c;
  CHECK_ERROR(c.kernel.set_tune_param("kc", 65), bad_factor, "param 'kc'", "got 65", "need 4..64");
  CHECK_ERROR(c.kernel.set_tune_param("mc", 8), unknown_name, "no such param", "'mc'", "one of kc");
  c.kernel.set_tune_param("kc", 4);
}

TEST_CASE("a size that nothing binds is found when the kernel is made") {
  KernelSignature s;
  s.name = "odd";
  s.sizes = {{"M"}};
  s.arguments = {{"X", f32, true, {join(Code::mul, constant(2), size(0, "M"), "2*M")}}};
  s.where = {"odd.lathe", 1, 1};
  CHECK_ERROR(kernel_of(s), bad_definition, "nothing at a call gives the size 'M'", "at odd.lathe:1:1");
}
