// What compiling costs: for each operator of the files given and each target, CPU milliseconds of lowering, of each
// pass and of code generation (the median of several runs), and what came out. `first` is what a caller waits for who
// does not wait for all: milliseconds until the first variant can run, of its thread's CPU and of the clock; `disk hit`
// what it takes when the kernel is in the cache on disk (a folder of this program's own); `each` the total divided by
// the variants. Last lines sum up each target. With --growing also how CPU time grows with operators (bench/growing.h):
// for each kind the milliseconds at each size, and the exponent that fits them.
//
//   bench_compile [--runs N] [--target NAME]... [--growing] FILE[:op]...
#include <fmt/core.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "bench/growing.h"
#include "jit/codegen/codegen.h"
#include "jit/lower/lower.h"
#include "jit/passes/pipeline.h"
#include "jit/runtime/disk_cache.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tools/choice.h"

namespace lathe {
namespace {

double cpu_ms(clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Cost {
  std::vector<double> lower, passes, codegen, total;
  std::vector<double> first_cpu, first_wall, found_wall;
  std::vector<std::vector<double>> each_pass;               // in pipeline order
  CompileStats stats;
  int variants = 0, units = 0;
};

void compile_once(const tools::Chosen& chosen, Cost& cost) {
  const double start = cpu_ms();
  std::optional<Schedule> schedule;
  if (chosen.schedule) schedule = substitute(*chosen.schedule, static_values(chosen.op, chosen.static_params));
  Lowered lowered = lower(chosen.fixed, schedule ? &*schedule : nullptr, chosen.target);
  const double lower_end = cpu_ms();
  std::vector<PassTime> times;
  ir::Program program = run_passes(std::move(lowered.program), chosen.target, "", &times);
  const double passes_end = cpu_ms();
  cost.stats = {};
  const LoadedProgram code = load(program, chosen.target, cost.stats, false);
  const double end = cpu_ms();

  cost.lower.push_back(lower_end - start);
  cost.passes.push_back(passes_end - lower_end);
  cost.codegen.push_back(end - passes_end);
  cost.total.push_back(end - start);
  cost.each_pass.resize(times.size());
  for (size_t i = 0; i < times.size(); ++i) cost.each_pass[i].push_back(times[i].cpu_ms);
  cost.variants = cost.units = 0;
  for (const ir::Function& f : program.functions) {
    cost.variants += f.kind == ir::FunctionKind::variant;
    cost.units += f.kind == ir::FunctionKind::unit;
  }
}

void compile_first(const tools::Chosen& chosen, Cost& cost) {
  CompileOptions options = chosen.compile_options();
  options.wait = Wait::first;
  options.cache = Cache::none;
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
  const Kernel kernel = compile(chosen.op, options);
  cost.first_cpu.push_back(cpu_ms(CLOCK_THREAD_CPUTIME_ID) - cpu_start);
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  cost.first_wall.push_back(wall.count());
  kernel.wait();                                            // the next measurement has the machine for itself
}

// A kernel that is on disk and not in memory.
void compile_found(const tools::Chosen& chosen, Cost& cost) {
  const CompileOptions options = chosen.compile_options();
  if (cost.found_wall.empty()) compile(chosen.op, options);
  const auto start = std::chrono::steady_clock::now();
  const Kernel kernel = compile(chosen.op, options);
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  cost.found_wall.push_back(wall.count());
  if (kernel.stats().cache != CacheHit::disk) internal_error("bench", "a kernel was not found on disk");
}

void print_head() {
  fmt::print("{:<14} {:<10} {:>7}", "operator", "target", "lower");
  for (const Pass& pass : pipeline()) fmt::print(" {:>8.8}", pass.name);
  fmt::print(" {:>7} {:>8} {:>8} {:>8} {:>9} {:>10} {:>8} {:>5} {:>8} {:>6} {:>7}\n", "passes", "codegen", "total",
             "each", "first cpu", "first wall", "disk hit", "units", "variants", "instr", "bytes");
}

double each_variant(const Cost& cost) { return median(cost.total) / std::max(cost.variants, 1); }

void print_row(const tools::Chosen& chosen, const Cost& cost) {
  fmt::print("{:<14} {:<10} {:>7.2f}", chosen.op.name, chosen.target.name, median(cost.lower));
  for (const std::vector<double>& pass : cost.each_pass) fmt::print(" {:>8.2f}", median(pass));
  fmt::print(" {:>7.2f} {:>8.2f} {:>8.2f} {:>8.2f} {:>9.2f} {:>10.2f} {:>8.2f} {:>5} {:>8} {:>6} {:>7}\n",
             median(cost.passes), median(cost.codegen), median(cost.total), each_variant(cost), median(cost.first_cpu),
             median(cost.first_wall), median(cost.found_wall), cost.units, cost.variants, cost.stats.ir_instructions,
             cost.stats.code_bytes);
}

std::vector<std::string> operators_of(const std::string& spec) {
  const tools::FileAndOperator place = tools::resolve(spec);
  if (!place.name.empty()) return {spec};
  std::vector<std::string> specs;
  for (const Operator& op : read_lathe_file(place.path).operators) specs.push_back(place.path + ":" + op.name);
  return specs;
}

// The least of several runs, which other processes disturb least.
double growing_ms(const Growing& growing, int size, const Target& target, int runs) {
  const SourceFile file = parse_file_text(growing.text(size), "growing.lathe");
  const Operator& op = file.operators.at(0);
  const CompileOptions options{
      .schedule = schedule_for(file, op, target.level), .target = target, .cache = Cache::none};
  double least = 1e300;
  for (int i = 0; i < std::max(runs, 1); ++i) {
    const double start = cpu_ms();
    compile(op, options);
    least = std::min(least, cpu_ms() - start);
  }
  return least;
}

void print_growing(const std::string& target, int runs) {
  double most = 0;
  for (const Growing& growing : growing_operators()) {
    std::vector<double> microseconds;
    std::string line = fmt::format("{}: {}:", target, growing.name);
    for (int size : growing.sizes) {
      const double ms = growing_ms(growing, size, target_named(target), runs);
      microseconds.push_back(ms * 1e3);
      line += fmt::format(" {}: {:.1f} ms,", size, ms);
    }
    const double exponent = exponent_of(growing.sizes, microseconds);
    most = std::max(most, exponent);
    fmt::print("{} exponent {:.2f}\n", line, exponent);
  }
  fmt::print("{}: the largest exponent of compiling chains and nests, CPU: {:.2f}\n", target, most);
}

int run(const std::vector<std::string>& files, const std::vector<std::string>& targets, int runs, bool growing) {
  if (!files.empty()) print_head();
  for (const std::string& target : targets) {
    std::vector<double> totals, each, firsts, found;
    for (const std::string& file : files) {
      for (const std::string& spec : operators_of(file)) {
        const tools::Chosen chosen = tools::choose({.spec = spec, .target = target});
        Cost cost;
        compile_once(chosen, cost);
        if (runs > 0) cost = {};                            // the first compilation of a process starts LLVM
        for (int i = 0; i < std::max(runs, 1); ++i) {
          if (i < runs) compile_once(chosen, cost);
          compile_first(chosen, cost);
          compile_found(chosen, cost);
        }
        print_row(chosen, cost);
        totals.push_back(median(cost.total));
        each.push_back(each_variant(cost));
        firsts.push_back(median(cost.first_wall));
        found.push_back(median(cost.found_wall));
      }
    }
    if (growing) print_growing(target, runs);
    if (files.empty()) continue;
    const auto print_sum = [&](const char* what, const std::vector<double>& values) {
      fmt::print("{}: {}: {:.2f} ms the median operator, {:.2f} ms the most\n", target, what, median(values),
                 *std::max_element(values.begin(), values.end()));
    };
    print_sum("all of a kernel, CPU", totals);
    print_sum("a kernel divided by its variants, CPU", each);
    print_sum("its first variant, wall", firsts);
    print_sum("a kernel that is on disk, wall", found);
  }
  return 0;
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  CLI::App app("what compiling costs");
  std::vector<std::string> files, targets = {"x86-64-v4", "x86-64-v3"};
  int runs = 5;
  bool growing = false;
  app.add_option("files", files, "FILE[:op] or stdlib:op");
  app.add_flag("--growing", growing, "chains of 4 to 128 stages and nests of growing rank");
  app.add_option("--target", targets)->capture_default_str();
  app.add_option("--runs", runs, "after the first; the median is shown")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (files.empty() && !growing) return fmt::print(stderr, "bench_compile: no FILE and no --growing\n"), 2;
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("lathe_bench_{}", getpid());
  lathe::set_disk_cache_folder(folder.string());
  const std::unique_ptr<const std::filesystem::path, void (*)(const std::filesystem::path*)> removed(
      &folder, [](const std::filesystem::path* path) { std::filesystem::remove_all(*path); });
  try {
    return lathe::run(files, targets, runs, growing);
  } catch (const lathe::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
