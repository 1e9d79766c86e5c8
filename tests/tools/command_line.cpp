// The `lathe` command from outside: what it prints, where, and what it returns.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/tools/helpers.h"
#include "tools/npy.h"
#include "tools/picture.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

// A folder with small operators, where commands run.
struct Workshop : TemporaryFolder {
  Workshop() {
    write("add.lathe",
          "add(A: f32[N], B: f32[N]) -> C: f32[N]\n"
          "  C[i] = A[i] + B[i]\n");
    write("product.lathe",
          "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
          "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n");
    write("invert.lathe",
          "invert(X: f32[H, W, C]) -> Y: f32[H, W, C]\n"
          "  Y[y, x, c] = 1 - X[y, x, c]\n");
  }
};

struct Outcome {
  int code;
  std::string out, err;
};

Outcome lathe_command(const Workshop& shop, const std::string& arguments) {
  std::string command = "cd '" + shop.path() + "' && '" LATHE_COMMAND "' " + arguments + " >out.txt 2>err.txt";
  int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(shop.path("out.txt"), "test"),
          read_file(shop.path("err.txt"), "test")};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("help starts with examples, for the command and for each verb") {
  Workshop shop;
  for (const char* verb :
       {"", "run", "check", "bench", "tune", "store", "show", "explain", "build", "list", "doctor"}) {
    CAPTURE(verb);
    Outcome outcome = lathe_command(shop, std::string(verb) + " --help");
    CHECK(outcome.code == 0);
    CHECK(outcome.out.starts_with("Examples\n  lathe "));
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("wrong use goes to stderr and returns 2") {
  Workshop shop;
  Outcome no_verb = lathe_command(shop, "");
  CHECK(no_verb.code == 2);
  CHECK(no_verb.out.empty());
  CHECK(lathe_command(shop, "polish").code == 2);
  CHECK(lathe_command(shop, "show add.lathe --nonsense").code == 2);
  Outcome missing = lathe_command(shop, "list missing.lathe");
  CHECK(missing.code == 2);
  CHECK(contains(missing.err, "missing.lathe"));
  Outcome stage = lathe_command(shop, "show add.lathe --stage asn");
  CHECK(stage.code == 2);
  CHECK(contains(stage.err, "there is no such stage: got asn"));
  CHECK(contains(stage.err, "did you mean asm?"));
}

TEST_CASE("list prints signatures, or JSON") {
  Workshop shop;
  Outcome text = lathe_command(shop, "list add.lathe");
  CHECK(text.code == 0);
  CHECK(text.out == "add(A: f32[N], B: f32[N]) -> C: f32[N]\n");
  CHECK(contains(lathe_command(shop, "list add.lathe --json").out, "\"operator\": \"add\""));
}

TEST_CASE("run reads .npy, derives the sizes, and writes .npy") {
  Workshop shop;
  Tensor a(f32, {2, 3}), b(f32, {3, 1});
  for (int n = 0; n < 6; n++) a.as<float>()[n] = static_cast<float>(n);
  for (int n = 0; n < 3; n++) b.as<float>()[n] = static_cast<float>(n + 1);
  write_npy(shop.path("a.npy"), a);
  write_npy(shop.path("b.npy"), b);
  Outcome outcome = lathe_command(shop, "run product.lathe --in A=a.npy --in B=b.npy --out C=c.npy");
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "C = f32[2, 1]"));
  Array c = read_npy(shop.path("c.npy"));
  CHECK(load_as_double(c.view, 0) == 8);
  CHECK(load_as_double(c.view, 1) == 26);
}

TEST_CASE("run reads and writes pictures") {
  Workshop shop;
  Tensor picture(u8, {2, 2, 3});
  for (int n = 0; n < 12; n++) picture.as<uint8_t>()[n] = static_cast<uint8_t>(20 * n);
  write_png(shop.path("in.png"), picture);
  CHECK(lathe_command(shop, "run invert.lathe --in X=in.png --out Y=out.png").code == 0);
  Tensor inverted = read_picture(shop.path("out.png"), u8);
  CHECK(inverted.as<uint8_t>()[1] == 235);
}

TEST_CASE("run refuses arguments that do not fit, by name") {
  Workshop shop;
  write_npy(shop.path("v.npy"), Tensor(f32, {3}));
  write_npy(shop.path("w.npy"), Tensor(f32, {4}));
  Outcome unknown = lathe_command(shop, "run add.lathe --in A=v.npy --in b=v.npy --out C=c.npy");
  CHECK(unknown.code == 2);
  CHECK(contains(unknown.err, "add has no such input: got b, need one of A, B"));
  CHECK(contains(lathe_command(shop, "run add.lathe --in A=v.npy --out C=c.npy").err, "no file for input B"));
  Outcome lengths = lathe_command(shop, "run add.lathe --in A=v.npy --in B=w.npy --out C=c.npy");
  CHECK(lengths.code == 2);
  CHECK(contains(lengths.err, "got 4"));
  CHECK_FALSE(std::filesystem::exists(shop.path("c.npy")));
}

TEST_CASE("check compares over built-in sizes, layouts and modes") {
  Workshop shop;
  Outcome outcome = lathe_command(shop, "check product.lathe");
  CHECK(outcome.code == 0);
  for (const char* word : {"exact", "bounded", "dense", "padded", "transposed", "comparisons good, largest error"})
    CHECK(contains(outcome.out, word));
  Outcome one = lathe_command(shop, "check product.lathe --size M=5,N=7,K=0 --json");
  CHECK(one.code == 0);
  CHECK(contains(one.out, "\"sizes\": \"M=5,K=0,N=7\""));
}

TEST_CASE("bench prints one JSON object for each size, with the fields that programs read") {
  Workshop shop;
  Outcome outcome = lathe_command(shop, "bench product.lathe --size M=16,N=16,K=16 --size M=3,N=5,K=7 --json");
  CHECK(outcome.code == 0);
  for (const char* field :
       {"operator", "sizes", "threads", "schedule", "time_us_min", "time_us_median", "gflops", "gbytes_per_s",
        "peak_gflops", "bandwidth_gbytes_per_s", "roofline_fraction", "compile_ms", "cache", "max_error", "target"}) {
    CHECK_MESSAGE(contains(outcome.out, fmt::format("\"{}\":", field)), field);
  }
  CHECK(contains(lathe_command(shop, "bench product.lathe").err, "--size"));
}

TEST_CASE("bench --sweep prints a regret table, or JSON") {
  Workshop shop;
  const Outcome table = lathe_command(shop, "bench add.lathe --sweep --size N=100/1000 --seconds 0.01");
  CHECK(table.code == 0);
  CHECK(contains(table.out, "regret"));
  CHECK(contains(table.out, "2 sizes: regret "));
  const Outcome json = lathe_command(shop, "bench add.lathe --sweep --size N=100 --seconds 0.01 --json");
  for (const char* field : {"sizes", "time_us_median", "best", "best_us_median", "taken", "regret", "variants"}) {
    CHECK_MESSAGE(contains(json.out, fmt::format("\"{}\":", field)), field);
  }
  const Outcome cold = lathe_command(shop, "bench add.lathe --sweep --cold --size N=100");
  CHECK(cold.code == 2);
  CHECK(contains(cold.err, "--sweep"));
  CHECK(lathe_command(shop, "bench add.lathe --sweep --size N=8..2").code == 2);
}

TEST_CASE("explain prints sentences, or JSON, and refuses as the other verbs do") {
  Workshop shop;
  const Outcome text = lathe_command(shop, "explain add.lathe --size N=1000 --target x86-64-v3");
  CHECK(text.code == 0);
  CHECK(contains(text.out, "What bounds the time"));
  CHECK(contains(lathe_command(shop, "explain add.lathe --size N=7 --size N=9 --json --no-alternatives").out,
                 "\"sizes\": \"N=9\""));
  CHECK(contains(lathe_command(shop, "explain add.lathe --size N=7 --schedule naive").out, "It was given (naive)"));
  CHECK(lathe_command(shop, "explain add.lathe --size N=-7").code == 2);
  CHECK(lathe_command(shop, "explain add.lathe").code == 2);
  CHECK(contains(lathe_command(shop, "explain stdlib:matmull --size N=7").err, "did you mean stdlib:matmul?"));
}

TEST_CASE("show prints each stage") {
  Workshop shop;
  CHECK(contains(lathe_command(shop, "show add.lathe --stage algorithm").out, "C[i] = A[i] + B[i]"));
  CHECK(contains(lathe_command(shop, "show add.lathe --stage schedule --schedule naive").out, "the plain nest"));
  CHECK(contains(lathe_command(shop, "show add.lathe --stage schedule").out, ".vectorize("));
  CHECK(contains(lathe_command(shop, "show add.lathe --stage loops").out, "for "));
  CHECK(contains(lathe_command(shop, "show stdlib:blur3x3 --directive 2").out, "# before By.split(y, yb, yi, 128, even)"));
  CHECK(contains(lathe_command(shop, "show stdlib:blur3x3 --directive 2 --diff").out, "for yb in"));
  CHECK(lathe_command(shop, "show add.lathe --schedule naive --directive 1").code == 2);
  CHECK(contains(lathe_command(shop, "show add.lathe --stage llvm").out, "define "));
  CHECK(contains(lathe_command(shop, "show add.lathe --stage asm").out, "ret"));
}

}  // namespace
