// How near the constructed kernels of the standard library come to the bound of this machine: each operator at one size, on
// one thread, in turns with the machine's meters. Writes a file that docs/stdlib.md takes its column from.
//
//   stdlib FILE [--lathe VERSION] [--note TEXT] [--only REGEX] [--repetitions N]
//
// The sizes are those of bench/zero_shot.txt and bench/stdlib.txt; drawn ones for an operator that neither has.
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "bench/zero_shot_cases.h"
#include "jit/runtime/host.h"
#include "lang/oracle.h"
#include "stdlib/library.h"
#include "tools/bound.h"
#include "tools/choice.h"

namespace lathe::bench {
namespace {

struct Options {
  std::string out, lathe = "unknown", note, only;
  int repetitions = 15;
};

std::vector<std::string> library_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(LATHE_SOURCE_DIR "/stdlib")) {
    if (entry.path().extension() == ".lathe") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// One for each operator, in the library's order.
std::vector<Case> cases_of(const Options& options) {
  std::map<std::string, Case> by_name;
  for (const char* list : {"/bench/zero_shot.txt", "/bench/stdlib.txt"}) {
    for (Case& c : listed_cases(std::string(LATHE_SOURCE_DIR) + list)) by_name.try_emplace(c.op.name, std::move(c));
  }
  for (Case& c : library_cases(library_files(), 1, 1)) by_name.try_emplace(c.op.name, std::move(c));
  std::vector<Case> cases;
  const std::regex only(options.only);
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    const auto found = by_name.find(std::string(row.name));
    if (found != by_name.end() && std::regex_search(found->first, only)) cases.push_back(found->second);
  }
  return cases;
}

std::string line_of(const Case& which, int repetitions) {
  CompileOptions options;
  options.target = host_target();
  options.schedule = constructed_schedule(which.op, options);
  const Kernel kernel = compile(which.op, options);
  const CheckData data = make_check_data(which.op, which.sizes,
                                         {.seed = 1, .exact = false, .max_points = 1, .strides = CheckStrides::dense});
  const DenseArguments arguments = dense_arguments(which.op, data);
  const Work work = count_work(which.op, which.sizes);
  const tools::Measurement measured = tools::measure({.call = kernel.bind(arguments.views, {.threads = 1}, data.bindings.params),
                                                      .repetitions = repetitions,
                                                      .target = host_target(),
                                                      .threads = 1,
                                                      .pipes = tools::pipes_of(work),
                                                      .working_set_bytes = std::max<int64_t>(work.bytes, 1)});
  const tools::Bound bound = tools::bound_of(work, measured.machine, host_target());
  return fmt::format("{}\t{}\t{:.2f}\t{:.2f}\t{}\t{:.3f}", which.op.name, tools::size_text(which.op, which.sizes),
                     measured.us_min, bound.us, bound.by, measured.us_min > 0 ? bound.us / measured.us_min : 0);
}

std::string model_of_machine() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

std::string head_of(const Options& options) {
  const Target& host = host_target();
  double load = 0;
  if (getloadavg(&load, 1) != 1) load = -1;
  std::string head = "# Constructed schedules of the standard library, one thread: ./dev bench stdlib\n";
  head += fmt::format("# machine: {} ({}), {}, caches of {} KB, {} KB and {} KB\n", model_of_machine(), host.cpu, host.level,
                      host.l1_bytes / 1024, host.l2_bytes / 1024, host.l3_bytes / 1024);
  head += fmt::format("# date: {:%Y-%m-%d}\n# lathe: {}\n", fmt::gmtime(std::chrono::system_clock::now()), options.lathe);
  head += fmt::format("# load: {:.1f} on {} cores at the start; the least of {} samples{}{}\n", load, host.threads,
                      options.repetitions, options.note.empty() ? "" : "; ", options.note);
  return head + "# operator, sizes, microseconds, those of the bound, what bounds, fraction of the bound\n";
}

int run(const Options& options) {
  std::string text = head_of(options);
  fmt::print("{}", text);
  for (const Case& which : cases_of(options)) {
    const std::string line = line_of(which, options.repetitions);
    fmt::print("{}\n", line);
    std::fflush(stdout);
    text += line + "\n";
  }
  std::ofstream out(options.out);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + options.out);
  return 0;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  lathe::bench::Options options;
  CLI::App app("the standard library beside the bound");
  app.add_option("file", options.out, "for the results")->required();
  app.add_option("--lathe", options.lathe, "its version, for the file");
  app.add_option("--note", options.note, "what else to know of this run, for the file");
  app.add_option("--only", options.only, "a regular expression: operators whose name it finds");
  app.add_option("--repetitions", options.repetitions, "samples of each kernel")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return lathe::bench::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
