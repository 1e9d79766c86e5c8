// Calls that are refused: each with code and words, at the operator's place; no output has changed, and a good call works
// afterwards.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "jit/compile.h"
#include "lang/interpret.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/bad_inputs/kinds.h"
#include "tests/errors.h"

namespace lathe {
namespace {

constexpr const char* operators = R"(dense(A: f32[M, K], B: f32[K, N]; alpha: f32 = 1, shift: i8 = 0) -> D: f32[M, N]
  size K in 1..64 multiple of 2
  size M in 0..1000
  D[i, j] = sum(k < K: A[i, k] * B[k, j]) * alpha + f32(shift)

valid(X: f32[N], F: f32[R]) -> Y: f32[N - R + 1]
  Y[i] = sum(r < R: X[i + r] * F[r])

pair(X: i32[N]) -> P: (i32, u8)[N]
  P[i] = (X[i] + 1, u8(X[i]))

picked(X: f32[N], at: i64[M]) -> Y: f32[M], Z: f32[M]
  Y[i] = X[at[i]] outside 0
  Z[i] = X[i]

total(X: f32[N]) -> S: f32[]
  S[] = sum(n < N: X[n])

widened(W: i4[M, N]) -> Y: i32[M, N]
  Y[i, j] = i32(W[i, j])

blocked(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]
  C[i, j] = sum(k < K: A[i, k] * B[k, j])

schedule for blocked
B.constant().layout(K/4, N, K%4)
)";

struct Compiled {
  Operator op;
  Kernel kernel;
};

const Compiled& compiled(const std::string& name) {
  static std::map<std::string, Compiled> all;
  auto known = all.find(name);
  if (known != all.end()) return known->second;
  const SourceFile file = parse_file_text(operators, "calls.lathe");
  const Operator op = find_operator(file, name);
  return all.emplace(name, Compiled{op, compile(op, {.schedule = schedule_for(file, op, "x86-64")})}).first->second;
}

// A good call, which a case spoils: views of tensors of these sizes, outputs full of a pattern.
class Call {
 public:
  Call(const std::string& name, const std::map<std::string, int64_t>& sizes) : target_(compiled(name)) {
    for (const TensorArgument& t : tensor_arguments(target_.op)) {
      std::vector<int64_t> shape;
      for (const Expr& e : t.extents) shape.push_back(evaluate_extent(e, sizes));
      const Tensor tensor(t.dtype, shape);
      const size_t bytes = static_cast<size_t>(tensor.view().elements() * bytes_of(t.dtype));
      if (t.is_output && bytes > 0) std::memset(tensor.view().data, 0x5a, bytes);
      owned_.push_back(tensor);
      names_.push_back(t.name);
      is_output_.push_back(t.is_output);
      views.push_back(tensor.view());
    }
  }

  TensorView& operator[](const std::string& name) {
    return views[static_cast<size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin())];
  }
  void run() const { target_.kernel.run(views, {.threads = 1}, params); }
  void run_by_name(const std::map<std::string, TensorView>& arguments) const { target_.kernel.run(arguments, {}, params); }
  std::map<std::string, TensorView> named() const {
    std::map<std::string, TensorView> map;
    for (size_t i = 0; i < names_.size(); ++i) map[names_[i]] = views[i];
    return map;
  }
  bool outputs_untouched() const {
    for (size_t i = 0; i < owned_.size(); ++i) {
      const TensorView& v = owned_[i].view();
      const auto* bytes = static_cast<const unsigned char*>(v.data);
      for (int64_t b = 0; is_output_[i] && b < v.elements() * bytes_of(v.dtype); ++b) {
        if (bytes[b] != 0x5a) return false;
      }
    }
    return true;
  }

  std::vector<TensorView> views;
  std::map<std::string, double> params;

 private:
  const Compiled& target_;
  std::vector<Tensor> owned_;
  std::vector<std::string> names_;
  std::vector<bool> is_output_;
};

struct BadCall {
  std::string kind;
  std::string op;
  std::map<std::string, int64_t> sizes;
  std::function<void(Call&)> use;                           // spoils the call and makes it
  std::string answer;                                       // code and text
};

using Sizes = std::map<std::string, int64_t>;
const Sizes small = {{"M", 3}, {"K", 4}, {"N", 5}};
const Sizes window = {{"N", 8}, {"R", 3}};
const Sizes eight = {{"N", 8}};
const Sizes picks = {{"N", 8}, {"M", 4}};
const Sizes rows = {{"M", 3}, {"N", 5}};
const Sizes fours = {{"M", 3}, {"K", 8}, {"N", 5}};

// The call with one view replaced.
std::function<void(Call&)> with(const std::string& name, const std::function<void(TensorView&)>& spoil) {
  return [=](Call& c) {
    spoil(c[name]);
    c.run();
  };
}

std::vector<BadCall> cases();

void check(const BadCall& bad) {
  Call call(bad.op, bad.sizes);
  const std::string answer = error_of([&] { bad.use(call); });
  CHECK_MESSAGE(answer == bad.answer, bad.kind);
  CHECK_MESSAGE(call.outputs_untouched(), bad.kind << "\n" << answer);
  Call good("total", eight);
  CHECK(error_of([&] { good.run(); }) == "no error");
}

}  // namespace

std::vector<BadInput> bad_calls() {
  std::vector<BadInput> list;
  for (const BadCall& bad : cases()) list.push_back({bad.kind, "", bad.answer});
  return list;
}

TEST_CASE("bad calls are answered with code and words, and write nothing") {
  for (const char* name : {"dense", "valid", "pair", "picked", "total", "widened", "blocked"}) compiled(name);
  const int64_t events = compile_events();
  for (const BadCall& bad : cases()) check(bad);
  CHECK(compile_events() == events);
}

namespace {

std::vector<BadCall> cases() {
  const auto dtype = [](DType type) { return [=](TensorView& v) { v.dtype = type; }; };
  const auto shape = [](std::vector<int64_t> s) {
    return [=](TensorView& v) { v.shape = s, v.strides = dense_strides(v.dtype, s); };
  };
  const auto strides = [](std::vector<int64_t> s) { return [=](TensorView& v) { v.strides = s; }; };
  const auto nothing = [](TensorView& v) { v.data = nullptr; };
  constexpr int64_t huge = int64_t{1} << 62;
  return {
      {"wrong element type", "dense", small, with("A", dtype(f64)),
       "L502 lathe: call: dense: wrong element type of input 'A' (argument 1): got f64, need f32\n"
       "  at calls.lathe:1:1"},
      {"wrong element type", "dense", small, with("B", dtype(i32)),
       "L502 lathe: call: dense: wrong element type of input 'B' (argument 2): got i32, need f32\n"
       "  at calls.lathe:1:1"},
      {"wrong element type", "dense", small, with("D", dtype(i32)),
       "L502 lathe: call: dense: wrong element type of output 'D' (argument 3): got i32, need f32\n"
       "  at calls.lathe:1:1"},
      {"wrong element type", "pair", eight, with("P.1", dtype(i8)),
       "L502 lathe: call: pair: wrong element type of output 'P.1' (argument 3): got i8, need u8\n"
       "  at calls.lathe:9:1"},
      {"wrong element type", "picked", picks, with("at", dtype(u64)),
       "L502 lathe: call: picked: wrong element type of input 'at' (argument 2): got u64, need i64\n"
       "  at calls.lathe:12:1"},
      {"wrong element type", "total", eight, with("S", dtype(f64)),
       "L502 lathe: call: total: wrong element type of output 'S' (argument 2): got f64, need f32\n"
       "  at calls.lathe:16:1"},

      {"wrong rank", "dense", small, with("A", shape({12})),
       "L503 lathe: call: dense: wrong rank of input 'A' (argument 1): got 1 dimensions: [12], need 2: [M, K]\n"
       "  at calls.lathe:1:1"},
      {"wrong rank", "dense", small, with("D", shape({3, 5, 1})),
       "L503 lathe: call: dense: wrong rank of output 'D' (argument 3): got 3 dimensions: [3, 5, 1], need 2: [M, N]\n"
       "  at calls.lathe:1:1"},
      {"wrong rank", "total", eight, with("S", shape({1})),
       "L503 lathe: call: total: wrong rank of output 'S' (argument 2): got 1 dimensions: [1], need 0: []\n"
       "  at calls.lathe:16:1"},
      {"wrong rank", "total", eight, with("X", shape({})),
       "L503 lathe: call: total: wrong rank of input 'X' (argument 1): got 0 dimensions: [], need 1: [N]\n"
       "  at calls.lathe:16:1"},
      {"wrong rank", "dense", small, with("A", strides({1})),
       "L503 lathe: call: dense: wrong number of strides of input 'A' (argument 1): got 1, need 2: one for each dimension\n"
       "  at calls.lathe:1:1"},
      {"wrong rank", "pair", eight, with("P.0", shape({8, 1})),
       "L503 lathe: call: pair: wrong rank of output 'P.0' (argument 2): got 2 dimensions: [8, 1], need 1: [N]\n"
       "  at calls.lathe:9:1"},

      {"wrong number of arguments", "dense", small, [](Call& c) { c.views.pop_back(); c.run(); },
       "L501 lathe: call: dense: wrong number of arguments: got 2, need 3: A, B, D\n"
       "  at calls.lathe:1:1"},
      {"wrong number of arguments", "dense", small, [](Call& c) { c.views.push_back(c.views[0]); c.run(); },
       "L501 lathe: call: dense: wrong number of arguments: got 4, need 3: A, B, D\n"
       "  at calls.lathe:1:1"},
      {"wrong number of arguments", "total", eight, [](Call& c) { c.views.clear(); c.run(); },
       "L501 lathe: call: total: wrong number of arguments: got 0, need 2: X, S\n"
       "  at calls.lathe:16:1"},
      {"wrong number of arguments", "pair", eight, [](Call& c) { c.views.pop_back(); c.run(); },
       "L501 lathe: call: pair: wrong number of arguments: got 2, need 3: X, P.0, P.1\n"
       "  at calls.lathe:9:1"},

      {"unknown or missing name", "dense", small,
       [](Call& c) { auto a = c.named(); a.erase("B"); c.run_by_name(a); },
       "L501 lathe: call: dense: argument 'B' is missing: got no tensor of this name, need A, B, D\n"
       "  at calls.lathe:1:1"},
      {"unknown or missing name", "dense", small,
       [](Call& c) { auto a = c.named(); a["BB"] = a["B"]; c.run_by_name(a); },
       "L501 lathe: call: dense: no such argument: got 'BB', need one of A, B, D\n"
       "  at calls.lathe:1:1\n"
       "  hint: did you mean 'B'?"},
      {"unknown or missing name", "pair", eight,
       [](Call& c) { auto a = c.named(); a["P"] = a["P.0"]; c.run_by_name(a); },
       "L501 lathe: call: pair: no such argument: got 'P', need one of X, P.0, P.1\n"
       "  at calls.lathe:9:1"},
      {"unknown or missing name", "dense", small, [](Call& c) { c.params["alhpa"] = 2; c.run(); },
       "L501 lathe: call: dense: no such run-time parameter: got 'alhpa', need one of alpha, shift\n"
       "  at calls.lathe:1:1\n"
       "  hint: did you mean 'alpha'?"},
      {"unknown or missing name", "total", eight, [](Call& c) { c.params["beta"] = 2; c.run(); },
       "L501 lathe: call: total: no such run-time parameter: got 'beta', need none\n"
       "  at calls.lathe:16:1"},

      {"wrong extent", "dense", small, with("B", shape({6, 5})),
       "L503 lathe: call: dense: wrong extent of input 'B' (argument 2), dimension 0: got 6, need K = 4\n"
       "  at calls.lathe:1:1\n"
       "  hint: K is dimension 1 of 'A'"},
      {"wrong extent", "dense", small, with("D", shape({3, 6})),
       "L503 lathe: call: dense: wrong extent of output 'D' (argument 3), dimension 1: got 6, need N = 5\n"
       "  at calls.lathe:1:1\n"
       "  hint: N is dimension 1 of 'B'"},
      {"wrong extent", "dense", small, with("D", shape({4, 5})),
       "L503 lathe: call: dense: wrong extent of output 'D' (argument 3), dimension 0: got 4, need M = 3\n"
       "  at calls.lathe:1:1\n"
       "  hint: M is dimension 0 of 'A'"},
      {"wrong extent", "valid", window, with("Y", shape({7})),
       "L503 lathe: call: valid: wrong extent of output 'Y' (argument 3), dimension 0: got 7, need N - R + 1 = 6\n"
       "  at calls.lathe:6:1"},
      {"wrong extent", "pair", eight, with("P.1", shape({9})),
       "L503 lathe: call: pair: wrong extent of output 'P.1' (argument 3), dimension 0: got 9, need N = 8\n"
       "  at calls.lathe:9:1\n"
       "  hint: N is dimension 0 of 'X'"},
      {"wrong extent", "picked", picks, with("Z", shape({5})),
       "L503 lathe: call: picked: wrong extent of output 'Z' (argument 4), dimension 0: got 5, need M = 4\n"
       "  at calls.lathe:12:1\n"
       "  hint: M is dimension 0 of 'at'"},

      {"negative extent", "dense", small, with("A", shape({-3, 4})),
       "L503 lathe: call: dense: negative extent of input 'A' (argument 1), dimension 0: got -3, need at least 0\n"
       "  at calls.lathe:1:1"},
      {"negative extent", "dense", small, with("D", shape({3, -5})),
       "L503 lathe: call: dense: negative extent of output 'D' (argument 3), dimension 1: got -5, need at least 0\n"
       "  at calls.lathe:1:1"},
      {"negative extent", "total", eight, with("X", shape({-1})),
       "L503 lathe: call: total: negative extent of input 'X' (argument 1), dimension 0: got -1, need at least 0\n"
       "  at calls.lathe:16:1"},
      {"negative extent", "valid", {{"N", 1}, {"R", 1}}, [](Call& c) { c["F"].shape = {3}; c["Y"].shape = {-1}; c.run(); },
       "L503 lathe: call: valid: negative extent of output 'Y' (argument 3), dimension 0: got -1, need at least 0\n"
       "  at calls.lathe:6:1"},

      {"no data", "dense", small, with("A", nothing),
       "L506 lathe: call: dense: input 'A' (argument 1) has no data: got a null pointer with shape [3, 4], need the address of the first element\n"
       "  at calls.lathe:1:1"},
      {"no data", "dense", small, with("D", nothing),
       "L506 lathe: call: dense: output 'D' (argument 3) has no data: got a null pointer with shape [3, 5], need the address of the first element\n"
       "  at calls.lathe:1:1"},
      {"no data", "total", eight, with("S", nothing),
       "L506 lathe: call: total: output 'S' (argument 2) has no data: got a null pointer with shape [], need the address of the first element\n"
       "  at calls.lathe:16:1"},
      {"no data", "pair", eight, with("P.1", nothing),
       "L506 lathe: call: pair: output 'P.1' (argument 3) has no data: got a null pointer with shape [8], need the address of the first element\n"
       "  at calls.lathe:9:1"},

      {"stride that an output cannot have", "dense", small, with("D", strides({0, 1})),
       "L504 lathe: call: dense: bad stride of output 'D' (argument 3), dimension 0: got 0, need a positive stride where a dimension of an output has several elements\n"
       "  at calls.lathe:1:1"},
      {"stride that an output cannot have", "dense", small, with("D", strides({5, 0})),
       "L504 lathe: call: dense: bad stride of output 'D' (argument 3), dimension 1: got 0, need a positive stride where a dimension of an output has several elements\n"
       "  at calls.lathe:1:1"},
      {"stride that an output cannot have", "dense", small, with("D", strides({-5, 1})),
       "L504 lathe: call: dense: bad stride of output 'D' (argument 3), dimension 0: got -5, need a positive stride where a dimension of an output has several elements\n"
       "  at calls.lathe:1:1"},
      {"stride that an output cannot have", "pair", eight, with("P.0", strides({-1})),
       "L504 lathe: call: pair: bad stride of output 'P.0' (argument 2), dimension 0: got -1, need a positive stride where a dimension of an output has several elements\n"
       "  at calls.lathe:9:1"},

      {"stride that packed rows cannot have", "widened", rows, with("W", strides({5, 1})),
       "L504 lathe: call: widened: bad stride of input 'W' (argument 1), dimension 0: got 5, need an even stride: rows of packed elements begin at whole bytes\n"
       "  at calls.lathe:19:1"},
      {"stride that packed rows cannot have", "widened", rows, with("W", strides({2, 2})),
       "L504 lathe: call: widened: bad stride of input 'W' (argument 1), dimension 1: got 2, need 1 along the last dimension of packed elements\n"
       "  at calls.lathe:19:1"},
      {"stride that packed rows cannot have", "widened", rows, with("W", strides({-5, 1})),
       "L504 lathe: call: widened: bad stride of input 'W' (argument 1), dimension 0: got -5, need an even stride: rows of packed elements begin at whole bytes\n"
       "  at calls.lathe:19:1"},

      {"argument in another layout", "blocked", fours, with("B", shape({8, 5})),
       "L503 lathe: call: blocked: wrong rank of input 'B' (argument 2): got 2 dimensions: [8, 5], need 3: [(K + (4 - 1)) / 4, N, 4]\n"
       "  at calls.lathe:22:1"},
      {"argument in another layout", "blocked", fours, with("B", shape({2, 5, 8})),
       "L503 lathe: call: blocked: wrong extent of input 'B' (argument 2), dimension 2: got 8, need 4\n"
       "  at calls.lathe:22:1"},
      {"argument in another layout", "blocked", fours, with("B", shape({5, 2, 4})),
       "L503 lathe: call: blocked: wrong extent of input 'B' (argument 2), dimension 0: got 5, need (K + (4 - 1)) / 4 = 2\n"
       "  at calls.lathe:22:1"},

      {"output that overlaps itself", "dense", small, with("D", strides({4, 1})),
       "L504 lathe: call: dense: elements of output 'D' (argument 3) overlap along dimension 0: got [3, 5] strides [4, 1], need each stride of an output to step over what the smaller ones span\n"
       "  at calls.lathe:1:1"},
      {"output that overlaps itself", "dense", small, with("D", strides({1, 1})),
       "L504 lathe: call: dense: elements of output 'D' (argument 3) overlap along dimension 0: got [3, 5] strides [1, 1], need each stride of an output to step over what the smaller ones span\n"
       "  at calls.lathe:1:1"},
      {"output that overlaps itself", "dense", small, with("D", strides({1, 2})),
       "L504 lathe: call: dense: elements of output 'D' (argument 3) overlap along dimension 1: got [3, 5] strides [1, 2], need each stride of an output to step over what the smaller ones span\n"
       "  at calls.lathe:1:1"},

      {"output that overlaps another argument", "dense", small, [](Call& c) { c["D"].data = c["A"].data; c.run(); },
       "L505 lathe: call: dense: output 'D' (argument 3) overlaps input 'A' (argument 1): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:1:1\n"
       "  hint: copy one of them first"},
      {"output that overlaps another argument", "dense", small,
       [](Call& c) { c["D"].data = static_cast<float*>(c["B"].data) + 19; c.run(); },
       "L505 lathe: call: dense: output 'D' (argument 3) overlaps input 'B' (argument 2): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:1:1\n"
       "  hint: copy one of them first"},
      {"output that overlaps another argument", "total", eight,
       [](Call& c) { c["S"].data = static_cast<float*>(c["X"].data) + 7; c.run(); },
       "L505 lathe: call: total: output 'S' (argument 2) overlaps input 'X' (argument 1): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:16:1\n"
       "  hint: copy one of them first"},
      {"output that overlaps another argument", "pair", eight,
       [](Call& c) { c["P.1"].data = static_cast<char*>(c["X"].data) + 31; c.run(); },
       "L505 lathe: call: pair: output 'P.1' (argument 3) overlaps input 'X' (argument 1): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:9:1\n"
       "  hint: copy one of them first"},

      {"two outputs that overlap", "picked", picks, [](Call& c) { c["Z"].data = c["Y"].data; c.run(); },
       "L505 lathe: call: picked: output 'Z' (argument 4) overlaps output 'Y' (argument 3): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:12:1\n"
       "  hint: copy one of them first"},
      {"two outputs that overlap", "picked", picks,
       [](Call& c) { c["Z"].data = static_cast<float*>(c["Y"].data) + 3; c.run(); },
       "L505 lathe: call: picked: output 'Z' (argument 4) overlaps output 'Y' (argument 3): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:12:1\n"
       "  hint: copy one of them first"},
      {"two outputs that overlap", "pair", eight,
       [](Call& c) { c["P.1"].data = static_cast<char*>(c["P.0"].data) + 30; c.run(); },
       "L505 lathe: call: pair: output 'P.1' (argument 3) overlaps output 'P.0' (argument 2): got memory that both use, need an output to have its memory for itself\n"
       "  at calls.lathe:9:1\n"
       "  hint: copy one of them first"},

      {"size outside of its range", "dense", {{"M", 3}, {"K", 66}, {"N", 5}}, [](Call& c) { c.run(); },
       "L507 lathe: call: dense: size 'K' is outside its declared range: got K = 66, need 1..64\n"
       "  at calls.lathe:1:1"},
      {"size outside of its range", "dense", {{"M", 3}, {"K", 0}, {"N", 5}}, [](Call& c) { c.run(); },
       "L507 lathe: call: dense: size 'K' is outside its declared range: got K = 0, need 1..64\n"
       "  at calls.lathe:1:1"},
      {"size outside of its range", "dense", {{"M", 3}, {"K", 5}, {"N", 5}}, [](Call& c) { c.run(); },
       "L507 lathe: call: dense: size 'K' is outside its declared range: got K = 5, need a multiple of 2\n"
       "  at calls.lathe:1:1"},
      {"size outside of its range", "dense", {{"M", 1001}, {"K", 4}, {"N", 5}}, [](Call& c) { c.run(); },
       "L507 lathe: call: dense: size 'M' is outside its declared range: got M = 1001, need 0..1000\n"
       "  at calls.lathe:1:1"},
      {"size outside of its range", "total", eight, with("X", shape({(int64_t{1} << 40) + 1})),
       "L507 lathe: call: total: size 'N' is outside its declared range: got N = 1099511627777, need 0..1099511627776\n"
       "  at calls.lathe:16:1"},

      {"extents and strides that overflow", "total", eight, with("X", [](TensorView& v) { v.shape = {1 << 30}, v.strides = {huge}; }),
       "L503 lathe: call: total: extents and strides of input 'X' (argument 1) overflow: got [1073741824] strides [4611686018427387904], need element counts and offsets in bytes that fit 64 bits\n"
       "  at calls.lathe:16:1"},
      {"extents and strides that overflow", "total", eight, with("X", [](TensorView& v) { v.shape = {3}, v.strides = {INT64_MIN}; }),
       "L503 lathe: call: total: extents and strides of input 'X' (argument 1) overflow: got [3] strides [-9223372036854775808], need element counts and offsets in bytes that fit 64 bits\n"
       "  at calls.lathe:16:1"},
      {"extents and strides that overflow", "dense", small, with("A", strides({huge, 1})),
       "L503 lathe: call: dense: extents and strides of input 'A' (argument 1) overflow: got [3, 4] strides [4611686018427387904, 1], need element counts and offsets in bytes that fit 64 bits\n"
       "  at calls.lathe:1:1"},
      {"extents and strides that overflow", "dense", small, with("D", strides({huge, 1})),
       "L503 lathe: call: dense: extents and strides of output 'D' (argument 3) overflow: got [3, 5] strides [4611686018427387904, 1], need element counts and offsets in bytes that fit 64 bits\n"
       "  at calls.lathe:1:1"},

      {"read outside of an input at these sizes", "valid", {{"N", 4}, {"R", 3}}, [](Call& c) { c["X"].shape = {1}; c["Y"].shape = {0}; c.run(); },
       "L503 lathe: call: valid: at these sizes the extent of output 'Y' (argument 3), dimension 0, is negative: got N - R + 1 = -1, need at least 0\n"
       "  at calls.lathe:6:1"},
      {"read outside of an input at these sizes", "picked", {{"N", 4}, {"M", 4}},
       [](Call& c) { c["X"].shape = {3}; c.run(); },
       "L508 lathe: call: picked: at these sizes it does not hold that Z reads X[i]: index i of dimension 0: got N = 3, M = 4, need not 0 <= M - 1 or N - M >= 0\n"
       "  at calls.lathe:14:10"},
      {"read outside of an input at these sizes", "picked", {{"N", 4}, {"M", 4}},
       [](Call& c) { c["X"].shape = {0}; c.run(); },
       "L508 lathe: call: picked: at these sizes it does not hold that Z reads X[i]: index i of dimension 0: got N = 0, M = 4, need not 0 <= M - 1 or N - M >= 0\n"
       "  at calls.lathe:14:10"},

      {"value that its parameter cannot have", "dense", small, [](Call& c) { c.params["shift"] = 1.5; c.run(); },
       "L502 lathe: call: dense: bad value of parameter 'shift': got 1.5, need a value of type i8\n"
       "  at calls.lathe:1:1"},
      {"value that its parameter cannot have", "dense", small, [](Call& c) { c.params["shift"] = 128; c.run(); },
       "L502 lathe: call: dense: bad value of parameter 'shift': got 128, need a value of type i8\n"
       "  at calls.lathe:1:1"},
      {"value that its parameter cannot have", "dense", small, [](Call& c) { c.params["shift"] = -129; c.run(); },
       "L502 lathe: call: dense: bad value of parameter 'shift': got -129, need a value of type i8\n"
       "  at calls.lathe:1:1"},
      {"value that its parameter cannot have", "dense", small, [](Call& c) { c.params["shift"] = std::nan(""); c.run(); },
       "L502 lathe: call: dense: bad value of parameter 'shift': got nan, need a value of type i8\n"
       "  at calls.lathe:1:1"},
      {"value that its parameter cannot have", "dense", small, [](Call& c) { c.params["shift"] = INFINITY; c.run(); },
       "L502 lathe: call: dense: bad value of parameter 'shift': got inf, need a value of type i8\n"
       "  at calls.lathe:1:1"},
  };
}

}  // namespace

}  // namespace lathe
