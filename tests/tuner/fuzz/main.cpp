// ./dev fuzz tuner: a hundred kills, and two hundred candidates that are planted to misbehave.
#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "jit/runtime/host.h"
#include "lang/text.h"
#include "tests/tuner/kill/kills.h"
#include "tuner/measurer.h"

namespace {

using namespace lathe;
using namespace lathe::tuner;

// Tiles of one to six vectors and different orders make the schedules different; the rows choose the fault.
std::vector<Candidate> candidates(const Space& space, size_t rows, size_t count) {
  std::vector<Candidate> all;
  std::set<std::string> names;
  Random random(5);
  while (all.size() < count) {
    Trace trace = space.mutated(space.candidate({}), 3, random);
    trace["C.tile.rows"] = std::to_string(1 + all.size() % rows);
    trace["C.tile.vectors"] = std::to_string(1 + random() % 3);
    trace.erase("form"), trace.erase("C.vector"), trace.erase("C.rows");
    Candidate made = space.candidate(trace);
    if (made.text().find(" rows") != std::string::npos && names.insert(made.name()).second) all.push_back(std::move(made));
  }
  return all;
}

// How many of the planted ones were taken for good.
int accepted(const std::string& worker, const std::string& faults, size_t kinds) {
  const Operator op = parse_file_text("product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
                                      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n", "product.lathe").operators.at(0);
  const Target target = target_on_host("x86-64-v2");
  const Space space(op, target, 1);
  MeasureOptions options;
  options.worker = {worker, faults};
  options.target = "x86-64-v2";
  options.load_seconds = 1;
  options.memory_bytes = int64_t{512} << 20;
  const auto measurer = worker_measurer(problem_of(op, {{"M", 12}, {"N", 20}, {"K", 5}}, 1, target), options);
  int good = 0;
  for (const Candidate& candidate : candidates(space, kinds, 100)) {
    const auto measured = measurer->measure(candidate, 600);
    good += !measured || measured->outcome == Outcome::good || measured->outcome == Outcome::noisy;
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const int kills = argc > 1 ? std::stoi(argv[1]) : 100;
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("lathe_fuzz_tuner_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const Kills k = kill_tuners(LATHE_COMMAND, folder.string(), kills, 1);
  std::filesystem::remove_all(folder);
  fmt::print("{} kills: {} trials acknowledged, {} stored, slowest resume {:.2f} s{}\n", k.kills, k.acknowledged, k.stored,
             k.slowest_resume_s, k.failure.empty() ? "" : ": " + k.failure);
  const int broken = accepted(TUNER_TEST_WORKER, "crash,memory,beyond,hang,before", 5);
  const int wrong = accepted(TUNER_TEST_WORKER, "wrong,first,unwritten", 3);
  fmt::print("planted: {} of 100 that crash, hang, fill memory or leave their arguments accepted, {} of 100 fast but wrong\n", broken, wrong);
  return k.failure.empty() && broken == 0 && wrong == 0 ? 0 : 1;
}
