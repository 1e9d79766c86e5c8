// lathe build, from the command line to a program in C that runs the kernel.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <functional>
#include <map>

#include "jit/runtime/abi.h"
#include "lathe.h"
#include "tests/source_dir.h"
#include "tests/tools/helpers.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(const TemporaryFolder& folder, const std::string& command) {
  const int status = std::system(("cd '" + folder.path() + "' && " + command + " >out.txt 2>err.txt").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder.path("out.txt"), "test"),
          read_file(folder.path("err.txt"), "test")};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const char* const dense_text =
    "dense(A: f32[M, K], B: f32[K, N]; alpha: f32 = 1, shift: i8 = 0) -> D: f32[M, N]\n"
    "  size K in 1..64 multiple of 2\n"
    "  D[i, j] = sum(k < K: A[i, k] * B[k, j]) * alpha + f32(shift)\n";

const char* const mix_text =
    "mix(W: i4[M, N], X: bf16[M, N - 2], Y: f32[M, N]) -> Z: f32[M, N] in Y\n"
    "  size N in 1..1000\n"
    "  Z[i, j] = Y[i, j] + f32(W[i, j]) * f32(X[i, max(j - 2, 0)])\n";

// An operator of three tensors built, as a function of this process, beside the kernel of the library.
struct Both : TemporaryFolder {
  void* library = nullptr;
  void* in_c = nullptr;
  Kernel kernel;
  std::vector<TensorView> views;

  Both(const std::string& op, const char* text)
      : kernel(compile(parse_file_text(text, op + ".lathe").operators.at(0))) {
    write(op + ".lathe", text);
    const Outcome built = run(*this, "'" LATHE_COMMAND "' build " + op + ".lathe -o .");
    REQUIRE_MESSAGE(built.code == 0, built.err);
    const Outcome linked =
        run(*this, "cc -shared -o built.so -Wl,--whole-archive liblathe_" + op + ".a -Wl,--no-whole-archive -lm");
    REQUIRE_MESSAGE(linked.code == 0, linked.err);
    library = dlopen(path("built.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library);
    in_c = dlsym(library, ("lathe_" + op).c_str());
    REQUIRE(in_c);
  }
  ~Both() {
    if (library) dlclose(library);
  }

  template <class... Params>
  int32_t call_in_c(LatheError* error, Params... params) const {
    LatheTensor t[3];
    for (size_t i = 0; i < 3; ++i) {
      const TensorView& v = views[i];
      t[i] = {v.data, c_number(v.dtype), v.rank(), v.shape.data(), v.strides.empty() ? nullptr : v.strides.data()};
    }
    using Function =
        int32_t (*)(const LatheTensor*, const LatheTensor*, const LatheTensor*, Params..., LatheContext*, LatheError*);
    return reinterpret_cast<Function>(in_c)(&t[0], &t[1], &t[2], params..., nullptr, error);
  }
  static int32_t c_number(DType type) {
    const std::map<DType, int32_t> numbers = {
        {DType::f32, LATHE_F32}, {DType::f64, LATHE_F64}, {DType::bf16, LATHE_BF16}, {DType::i4, LATHE_I4}};
    return numbers.at(type);
  }

  // The whole text of a call that is refused, in C and in C++; "" where it runs.
  template <class... Params>
  std::string text_in_c(Params... params) const {
    LatheError error;
    const int32_t code = call_in_c(&error, params...);
    CHECK(code == error.code);
    CHECK(call_in_c(nullptr, params...) == code);
    return (code ? "L" + std::to_string(code) + " " : "") + error.text;
  }
  std::string text_in_library() const {
    try {
      kernel.run(views);
    } catch (const Error& error) {
      return std::string(code_text(error.code())) + " " + error.what();
    }
    return "";
  }
};

struct BothDense : Both {
  Tensor a{f32, {3, 4}}, b{f32, {4, 5}}, d{f32, {3, 5}};
  BothDense() : Both("dense", dense_text) { views = {a.view(), b.view(), d.view()}; }
};

using Change = std::function<void(std::vector<TensorView>&)>;

}  // namespace

TEST_CASE("the C program of the documentation compiles as C, links the archive alone and runs") {
  TemporaryFolder folder;
  const std::string root = source_dir();
  const Outcome built = run(folder, "'" LATHE_COMMAND "' build '" + root + "/examples/layer.lathe' -o built");
  REQUIRE_MESSAGE(built.code == 0, built.err);
  CHECK(built.out == "built/liblathe_layer.a\nbuilt/lathe_layer.h\nbuilt/lathe_kernel.h\n");
  const Outcome compiled = run(folder, "cc -std=c11 -Wall -Wextra -Werror '" + root +
                                           "/examples/embed.c' -I built -L built -llathe_layer -lm -o embed");
  REQUIRE_MESSAGE(compiled.code == 0, compiled.err);
  const Outcome ran = run(folder, "./embed");
  CHECK(ran.code == 0);
  CHECK(contains(ran.out, "y = 0 0 5 14\n"));
  CHECK(contains(ran.out,
                 "error 503: lathe: call: layer: wrong extent of output 'y' (argument 4), dimension 0: got 5, "
                 "need N = 4"));
  const Outcome needs = run(folder, "ldd ./embed");
  for (const char* library : {"LLVM", "tbb", "stdc++", "fmt", "hwloc"}) CHECK_FALSE(contains(needs.out, library));
}

TEST_CASE("a header with the interface of another version is refused when the program is compiled") {
  TemporaryFolder folder;
  folder.write("dense.lathe", dense_text);
  REQUIRE(run(folder, "'" LATHE_COMMAND "' build dense.lathe -o .").code == 0);
  folder.write("use.c", "#include \"lathe_dense.h\"\n");
  CHECK(run(folder, "cc -c use.c").code == 0);
  std::string interface = read_file(folder.path("lathe_kernel.h"), "test");
  const std::string version = "LATHE_ABI_VERSION " + std::to_string(LATHE_ABI_VERSION);
  const size_t at = interface.find(version);
  REQUIRE(at != std::string::npos);
  folder.write("lathe_kernel.h", interface.replace(at, version.size(), "LATHE_ABI_VERSION 1"));
  const Outcome refused = run(folder, "cc -c use.c");
  CHECK(refused.code == 1);
  CHECK_MESSAGE(contains(refused.err, "lathe_dense.h needs the lathe_kernel.h that was written with it: version "), refused.err);
}

TEST_CASE("an operator that a call in C has no room for is refused when it is built, not at each call") {
  TemporaryFolder folder;
  std::string inputs, sum, extents, zeros;
  for (int i = 0; i < 65; ++i) inputs += (i ? ", X" : "X") + std::to_string(i) + ": f32[N]", sum += (i ? " + X" : "X") + std::to_string(i) + "[i]";
  for (int d = 0; d < 33; ++d) extents += ", " + std::to_string(2), zeros += ", 0";
  folder.write("many.lathe", "many(" + inputs + ") -> Y: f32[N]\n  Y[i] = " + sum + "\n");
  folder.write("deep.lathe", "deep(X: f32[N" + extents + "]) -> Y: f32[N]\n  Y[i] = X[i" + zeros + "]\n");
  const Outcome many = run(folder, "'" LATHE_COMMAND "' build many.lathe -o many"), deep = run(folder, "'" LATHE_COMMAND "' build deep.lathe -o deep");
  CHECK(many.code == 2);
  CHECK_MESSAGE(contains(many.err, "lathe: build: many is too large for a function in C: its arguments: got 66, need at most 64\n  at many.lathe:1:1"), many.err);
  CHECK(deep.code == 2);
  CHECK_MESSAGE(contains(deep.err, "lathe: build: deep is too large for a function in C: the rank of X: got 34, need at most 32"), deep.err);
}

TEST_CASE("a kernel built ahead of time computes what the library's does, with its parameters") {
  BothDense both;
  for (int i = 0; i < 12; ++i) both.a.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 20; ++i) both.b.as<float>()[i] = static_cast<float>(i % 3);
  Tensor expected(f32, {3, 5});
  const std::vector<TensorView> views = {both.a.view(), both.b.view(), expected.view()};
  both.kernel.run(views, {}, {{"alpha", 0.5}, {"shift", -3}});
  for (TensorView& view : both.views) view.strides.clear();
  CHECK(both.call_in_c(nullptr, 0.5f, int32_t{-3}) == 0);
  for (int i = 0; i < 15; ++i) CHECK(both.d.as<float>()[i] == expected.as<float>()[i]);
}

TEST_CASE("a call that is refused says in C what it says in C++") {
  BothDense both;
  Tensor memory(f32, {100}), a66(f32, {3, 66}), b66(f32, {66, 5}), a5(f32, {3, 5}), b5(f32, {5, 5});
  const auto at = [&](int64_t offset, std::vector<int64_t> shape) {
    return TensorView{memory.as<float>() + offset, f32, shape, dense_strides(f32, shape)};
  };
  constexpr int64_t large = int64_t{1} << 40;
  const std::vector<std::pair<const char*, Change>> cases = {
      {"nothing", [](auto&) {}},
      {"element type", [](auto& v) { v[1].dtype = f64; }},
      {"rank", [&](auto& v) { v[0] = at(0, {12}); }},
      {"extent", [](auto& v) { v[1].shape[0] = 6; }},
      {"negative extent", [](auto& v) { v[2].shape[1] = -5; }},
      {"range", [&](auto& v) { v[0] = a66, v[1] = b66; }},
      {"multiple", [&](auto& v) { v[0] = a5, v[1] = b5; }},
      {"no data", [](auto& v) { v[0].data = nullptr; }},
      {"empty", [](auto& v) { v[0] = {nullptr, f32, {0, 4}, {4, 1}}, v[2] = {nullptr, f32, {0, 5}, {0, 0}}; }},
      {"stride of zero", [](auto& v) { v[2].strides = {0, 1}; }},
      {"negative stride", [](auto& v) { v[2].strides = {5, -1}; }},
      {"overlapping elements", [](auto& v) { v[2].strides = {4, 1}; }},
      {"overlapping elements, turned", [](auto& v) { v[2].strides = {1, 2}; }},
      {"overlap", [&](auto& v) { v[0] = at(0, {3, 4}), v[2] = at(11, {3, 5}); }},
      {"negative input strides",
       [&](auto& v) { v[0] = at(40, {3, 4}), v[0].strides = {-4, -1}, v[2] = at(20, {3, 5}); }},
      {"overflow", [](auto& v) { v[0].strides = {large << 20, 1}; }},
  };
  int refused = 0;
  for (const auto& [name, change] : cases) {
    CAPTURE(name);
    both.views = {both.a.view(), both.b.view(), both.d.view()};
    change(both.views);
    const std::string in_library = both.text_in_library();
    CHECK(both.text_in_c(1.f, int32_t{0}) == in_library);
    refused += !in_library.empty();
  }
  CHECK(refused == static_cast<int>(cases.size()) - 2);
}

TEST_CASE("types of storage and outputs in the place of an input are in C what they are in C++") {
  Both both("mix", mix_text);
  Tensor w(DType::i4, {3, 5}), x(DType::bf16, {3, 3}), in_c(f32, {3, 5}), in_library(f32, {3, 5});
  for (int i = 0; i < 9; ++i) w.as<uint8_t>()[i] = static_cast<uint8_t>(37 * i);
  for (int i = 0; i < 9; ++i) x.as<uint16_t>()[i] = static_cast<uint16_t>(0x3f80 + 5 * i);
  for (int i = 0; i < 15; ++i) in_c.as<float>()[i] = in_library.as<float>()[i] = static_cast<float>(i);
  both.views = {w.view(), x.view(), in_library.view()};
  both.kernel.run(both.views);
  both.views[2] = in_c.view();
  for (TensorView& view : both.views) view.strides.clear();  // rows of packed elements are filled up
  CHECK(both.call_in_c(nullptr) == 0);
  for (int i = 0; i < 15; ++i) CHECK(in_c.as<float>()[i] == in_library.as<float>()[i]);

  const std::vector<std::pair<const char*, Change>> cases = {
      {"element type", [](auto& v) { v[1].dtype = f32; }},
      {"element type", [](auto& v) { v[0].dtype = DType::bf16; }},
      {"odd stride", [](auto& v) { v[0].strides = {5, 1}; }},
      {"packed elements apart", [](auto& v) { v[0].strides = {10, 2}; }},
      {"negative extent", [](auto& v) { v[0].shape[1] = v[2].shape[1] = 1; }},
      {"written over", [](auto& v) { v[1].data = static_cast<char*>(v[2].data) + 58; }},
      {"written over", [](auto& v) { v[0].data = static_cast<char*>(v[2].data) - 8; }},
  };
  for (const auto& [name, change] : cases) {
    CAPTURE(name);
    both.views = {w.view(), x.view(), in_c.view()};
    change(both.views);
    const std::string refusal = both.text_in_library();
    CHECK_FALSE(refusal.empty());
    CHECK(both.text_in_c() == refusal);
  }
}

TEST_CASE("archives of two operators link into one program") {
  TemporaryFolder folder;
  folder.write("two.lathe",
               "one(X: f32[N]) -> Y: f32[N]\n  Y[i] = exp(X[i])\n\ntwo(X: f64[N]) -> Y: f64[N]\n  Y[i] = X[i] + 2\n");
  folder.write("main.c",
               "#include <stdio.h>\n#include \"lathe_one.h\"\n#include \"lathe_two.h\"\n"
               "int main(void) {\n"
               "  float x = 0, y; double u = 1, v; const int64_t n[] = {1};\n"
               "  LatheTensor X = {&x, LATHE_F32, 1, n, 0}, Y = {&y, LATHE_F32, 1, n, 0};\n"
               "  LatheTensor U = {&u, LATHE_F64, 1, n, 0}, V = {&v, LATHE_F64, 1, n, 0};\n"
               "  if (lathe_one(&X, &Y, 0, 0) || lathe_two(&U, &V, 0, 0)) return 1;\n"
               "  printf(\"%g %g\\n\", y, v);\n  return 0;\n}\n");
  for (const char* name : {"one", "two"}) {
    CHECK(run(folder, "'" LATHE_COMMAND "' build two.lathe:" + std::string(name) + " -o . --level x86-64-v2").code ==
          0);
  }
  const Outcome linked = run(folder, "cc -Wall -Werror main.c -I . -L . -llathe_one -llathe_two -lm -o main");
  REQUIRE_MESSAGE(linked.code == 0, linked.err);
  CHECK(run(folder, "./main").out == "1 3\n");
}

TEST_CASE("a folder that cannot be written and a level that does not exist are refused") {
  TemporaryFolder folder;
  folder.write("dense.lathe", dense_text);
  folder.write("file", "");
  const Outcome nowhere = run(folder, "'" LATHE_COMMAND "' build dense.lathe -o file/inside");
  CHECK(nowhere.code == 2);
  CHECK(contains(nowhere.err, "file/inside"));
  const Outcome level = run(folder, "'" LATHE_COMMAND "' build dense.lathe -o . --level x86-64-v9");
  CHECK(level.code == 2);
  CHECK(contains(level.err, "x86-64-v3"));
}
