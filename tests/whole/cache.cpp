// Code that is found instead of made: in this process and on disk.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "jit/compile.h"
#include "jit/compiled_program.h"
#include "jit/runtime/disk_cache.h"
#include "jit/runtime/host.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/errors.h"

namespace lathe {
namespace {
namespace fs = std::filesystem;

const char* const product_text =
    "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
    "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n";

// Of one number or of a parameter of the schedule, which is an argument of every function.
const char* const fixed_tiles =
    "C.split(k, ko, ki, 8)\n"
    "C.split(j, jo, ji, 16).split(i, io, ii, 4).reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii)\n";
const char* const tiles =
    "param kc = 8 in 4..64\nC.split(k, ko, ki, kc)\n"
    "C.split(j, jo, ji, 16).split(i, io, ii, 4).reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii)\n";

Operator product() { return parse_file_text(product_text, "product.lathe").operators.at(0); }

CompileOptions scheduled(const Operator& op, const std::string& directives) {
  CompileOptions options;
  options.schedule = parse_schedule({"schedule for " + op.name + "\n" + directives, {"product.lathe", 1, 1}}, op);
  return options;
}

// "" where the kernel computes what the interpreter does.
std::string difference(const Kernel& kernel, const Operator& op, int64_t m, int64_t k, int64_t n) {
  const CheckOptions check{.seed = static_cast<uint64_t>(m + k + n), .exact = true, .max_points = 100};
  const CheckData data = make_check_data(op, {{"M", m}, {"K", k}, {"N", n}}, check);
  kernel.run(data.bindings.tensors, {.threads = 1}, data.bindings.params);
  return compare(op, data, check).first_difference;
}

// The process's disk cache in a folder of its own, for a scope.
class OnDisk {
 public:
  OnDisk() : path_(fs::temp_directory_path() / fmt::format("lathe_whole_{}", getpid())) {
    host_target();  // its rates are an entry too
    fs::remove_all(path_);
    set_disk_cache_folder(path_.string());
  }
  ~OnDisk() {
    set_disk_cache_folder("");
    fs::remove_all(path_);
  }
  std::vector<std::string> entries() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(path_)) paths.push_back(entry.path().string());
    return paths;
  }

 private:
  fs::path path_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

TEST_CASE("a kernel that is compiled again while one lives is found in memory") {
  const Operator op = product();
  const CompileOptions options = scheduled(op, tiles);
  const Kernel one = compile(op, options);
  CHECK(one.stats().cache == CacheHit::miss);
  const int64_t before = compile_events();
  const Kernel two = compile(op, options);
  CHECK(compile_events() == before);
  CHECK(two.stats().cache == CacheHit::memory);
  CHECK(two.stats().code_bytes == one.stats().code_bytes);
  CHECK(two.stats().variants == one.stats().variants);
  CHECK(difference(two, op, 9, 21, 33) == "");
}

TEST_CASE("a kernel is found on disk when no process has it, and is the same kernel") {
  OnDisk disk;
  const Operator op = product();
  const CompileOptions options = scheduled(op, tiles);
  CompileStats made;
  {
    const Kernel kernel = compile(op, options);
    made = kernel.stats();
    CHECK(made.cache == CacheHit::miss);
  }
  REQUIRE(disk.entries().size() == 1);
  const int64_t before = compile_events();
  Kernel kernel = compile(op, options);
  CHECK(compile_events() == before);
  CHECK(kernel.stats().cache == CacheHit::disk);
  CHECK(kernel.stats().code_bytes == made.code_bytes);
  CHECK(kernel.stats().units == made.units);
  kernel.set_tune_param("kc", 64);
  for (int64_t n = 1; n < 40; n += 3) CHECK(difference(kernel, op, 9, 70, n) == "");
  CHECK(compile(op, options).stats().cache == CacheHit::memory);
}

TEST_CASE("a kernel that is found on disk refuses what it refused before, at the places of this author's file") {
  const std::string text =
      "near(X: f32[N], Y: f32[M]; step = 2) -> Z: f32[(M + step - 1)/step], T: f32[M]\n"
      "  Z[i] = X[i*step]\n"
      "  T[i] = select(i < N, X[i], Y[i])\n";
  const auto refusal = [&](const std::string& lines_before, CacheHit found) {
    const Operator op = parse_file_text(lines_before + text, "near.lathe").operators.at(0);
    const Kernel kernel = compile(op, {.static_params = {{"step", 3}}});
    CHECK(kernel.stats().cache == found);
    const Tensor x(f32, {4}), y(f32, {7}), z(f32, {3}), t(f32, {7});
    return failure_of([&] { kernel(x, y, z, t); });
  };
  OnDisk disk;
  const std::string compiled = refusal("", CacheHit::miss);
  INFO(compiled);
  CHECK(compiled.find("it does not hold that Z reads X[") != std::string::npos);
  CHECK(compiled.find("at near.lathe:2:10") != std::string::npos);
  const std::string on_disk = refusal("# a line\n\n", CacheHit::disk);
  CHECK(on_disk.find("at near.lathe:4:10") != std::string::npos);
  CHECK(on_disk.substr(0, on_disk.find("  at ")) == compiled.substr(0, compiled.find("  at ")));
}

TEST_CASE("an operator that is refused with one value of its parameter is refused where other values are on disk") {
  const Operator op =
      parse_file_text("f(A: f32[N]; s = 2) -> D: f32[N / s]\n  D[i] = A[i]\n", "f.lathe").operators.at(0);
  OnDisk disk;
  {
    compile(op);
  }
  {
    CHECK(compile(op).stats().cache == CacheHit::disk);
  }
  CHECK(failure_of([&] { compile(op, {.static_params = {{"s", 0}}}); }).find("divides by zero") != std::string::npos);
}

TEST_CASE("an entry with a byte changed anywhere, or cut, is compiled anew and right") {
  OnDisk disk;
  const Operator op = product();
  compile(op);
  REQUIRE(disk.entries().size() == 1);
  const std::string path = disk.entries()[0], good = contents(path);
  for (size_t i = 0; i < 24; ++i) {
    std::string bad = good;
    const size_t at = i * (good.size() - 1) / 23;
    if (i % 2)
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
    else
      bad.resize(at);
    write(path, bad);
    const Kernel kernel = compile(op);
    CHECK_MESSAGE(kernel.stats().cache == CacheHit::miss, "byte " << at);
    CHECK(difference(kernel, op, 3, 4, 5) == "");
    CHECK(contents(path) == good);
  }
  CHECK(compile(op).stats().cache == CacheHit::disk);
}

TEST_CASE("no byte of a kernel's entry can change, and no end of it be missing, without it being a miss") {
  OnDisk disk;
  const Operator op = product();
  compile(op);
  const std::string path = disk.entries().at(0), good = contents(path), key = program_key(op, nullptr, host_target());
  const auto is_found = [&] {
    CacheHit hit = CacheHit::miss;
    return find_program(key, host_target(), Cache::disk, hit) != nullptr;
  };
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](size_t at, char byte) { file.seekp(static_cast<std::streamoff>(at)).put(byte).flush(); };
  size_t found = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    put(at, static_cast<char>(good[at] ^ (1 << at % 8)));
    found += is_found();
    put(at, good[at]);
  }
  CHECK(is_found());
  for (size_t length = good.size(); length-- > 0;) {
    fs::resize_file(path, length);
    found += is_found();
  }
  CHECK(found == 0);
}

TEST_CASE("a kernel that is found on disk takes arguments in the layout that its schedule gives") {
  OnDisk disk;
  const Operator op = product();
  const CompileOptions options = scheduled(op, "B.free_layout().layout(1/16, 0, 1%16)\n");
  const auto result = [&] {
    const Kernel kernel = compile(op, options);
    Tensor a(f32, {3, 4}), b(f32, {4, 20}), c(f32, {3, 20});
    for (int i = 0; i < 12; ++i) a.as<float>()[i] = static_cast<float>(i);
    for (int i = 0; i < 80; ++i) b.as<float>()[i] = static_cast<float>(i % 7);
    kernel(a, kernel.pack("B", b), c);
    return std::pair(kernel.stats().cache, std::vector<float>(c.as<float>(), c.as<float>() + 60));
  };
  const auto made = result(), found = result();
  CHECK(made.first == CacheHit::miss);
  CHECK(found.first == CacheHit::disk);
  CHECK(made.second == found.second);
}

TEST_CASE("an entry whose payload is sound bytes but no program is compiled anew") {
  OnDisk disk;
  const Operator op = product();
  compile(op);
  const std::string path = disk.entries().at(0);
  const std::string key = program_key(op, nullptr, host_target());
  for (const std::string& payload :
       {std::string(), std::string("x"), std::string(400, '\xff'), std::string(400, '\0')}) {
    write(path, DiskCache::entry(key, payload));
    const Kernel kernel = compile(op);
    CHECK(kernel.stats().cache == CacheHit::miss);
    CHECK(difference(kernel, op, 3, 4, 5) == "");
  }
}

TEST_CASE("kernels of one operator under two schedules share the functions that are equal, and outlive each other") {
  const Operator op = product();
  auto plain = std::make_unique<Kernel>(compile(op));
  const Kernel tiled = compile(op, scheduled(op, fixed_tiles));
  CHECK(tiled.stats().cache == CacheHit::miss);
  CHECK(tiled.stats().shared_functions > 0);  // the plain nest
  plain.reset();
  // Strides that the tiles do not take: the plain nest.
  Tensor a(f32, {3, 8}), b(f32, {4, 10}), c(f32, {3, 5});
  for (int i = 0; i < 24; ++i) a.as<float>()[i] = 1;
  for (int i = 0; i < 40; ++i) b.as<float>()[i] = 2;
  const TensorView spread{b.view().data, f32, {4, 5}, {10, 2}}, narrow{a.view().data, f32, {3, 4}, {8, 2}};
  tiled(narrow, spread, c);
  for (int i = 0; i < 15; ++i) CHECK(c.as<float>()[i] == 8);
}

TEST_CASE("a kernel that shares the functions of another is whole on disk") {
  OnDisk disk;
  const Operator op = product();
  {
    const Kernel plain = compile(op);
    CHECK(compile(op, scheduled(op, fixed_tiles)).stats().shared_functions > 0);
  }
  const Kernel tiled = compile(op, scheduled(op, fixed_tiles));
  CHECK(tiled.stats().cache == CacheHit::disk);
  CHECK(difference(tiled, op, 9, 21, 33) == "");
}

TEST_CASE("what is compiled from another text, schedule or target has another key") {
  const Operator op = product();
  const Target& target = host_target();
  Target other = target;
  other.l1_bytes += 64;
  const Schedule schedule = *scheduled(op, tiles).schedule,
                 fewer = *scheduled(op, "C.split(j, jo, ji, 8).vectorize(ji)\n").schedule;
  const Operator strict =
      parse_file_text(
          std::string(product_text).insert(std::string(product_text).find('\n') + 1, "  size K in 1..100\n"),
          "product.lathe")
          .operators.at(0);
  const std::set<std::string> keys = {program_key(op, nullptr, target), program_key(op, nullptr, other),
                                      program_key(op, &schedule, target), program_key(op, &fewer, target),
                                      program_key(strict, nullptr, target)};
  CHECK(keys.size() == 5);
}

TEST_CASE("a kernel that need not wait is whole at once where it is found") {
  OnDisk disk;
  const Operator op = product();
  CompileOptions options = scheduled(op, tiles);
  options.wait = Wait::first;
  CHECK(compile(op, options).wait());
  const int64_t before = compile_events();
  const Kernel kernel = compile(op, options);
  CHECK(kernel.stats().cache != CacheHit::miss);
  CHECK(kernel.stats().variants == 2);
  CHECK(kernel.wait());
  CHECK(compile_events() == before);
}

TEST_CASE("nothing is shared or kept where the caller asks for that") {
  OnDisk disk;
  const Operator op = product();
  const Kernel kept = compile(op, {.cache = Cache::memory});
  CHECK(disk.entries().empty());
  const Kernel alone = compile(op, {.cache = Cache::none});
  CHECK(alone.stats().cache == CacheHit::miss);
  CHECK(alone.stats().shared_functions == 0);
}

TEST_CASE("one operator compiled and run from many threads at once is right in all of them") {
  OnDisk disk;
  const Operator op = product();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 3; ++i) {
        const Kernel kernel = compile(op, t % 2 ? scheduled(op, tiles) : CompileOptions{});
        wrong += !difference(kernel, op, 3 + t, 9, 17 + i).empty();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace lathe
