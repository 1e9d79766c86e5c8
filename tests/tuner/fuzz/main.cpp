// ./dev fuzz tuner: a hundred kills, and two hundred candidates that are planted to misbehave.
#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "jit/runtime/host.h"
#include "lang/text.h"
#include "tests/tuner/kill/kills.h"
#include "tuner/measurer.h"
#include "tuner/tune.h"

namespace {

using namespace lathe;
using namespace lathe::tuner;

// Tiles of one to three vectors and different orders make the schedules different; the rows choose the fault.
class Planted {
 public:
  Planted(const Space& space, size_t faults) : space_(space), faults_(faults) {}

  Candidate next() {
    for (;;) {
      const std::string rows = std::to_string(1 + random_() % faults_);
      Trace trace = space_.mutated(space_.candidate({}), 3, random_);
      trace["C.tile.rows"] = rows;
      trace["C.tile.vectors"] = std::to_string(1 + random_() % 3);
      trace.erase("form"), trace.erase("C.vector"), trace.erase("C.rows");
      Candidate made = space_.candidate(trace);
      const std::string text = made.text();
      const size_t tile = text.rfind("width ");  // where the worker looks
      if (tile == std::string::npos || text.find(": " + rows + " rows", tile) == std::string::npos) continue;
      if (names_.insert(made.name()).second) return made;
    }
  }

 private:
  const Space& space_;
  const size_t faults_;
  Random random_{5};
  std::set<std::string> names_;
};

// So many candidates with a fault each, by what was recorded of them. Those that lowering refuses never ran, and do not
// count.
Counts recorded(const std::string& worker, const std::string& faults, size_t kinds, int count) {
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
  Counts counts{};
  Planted planted(space, kinds);
  while (count > 0) {
    const Candidate candidate = planted.next();
    const auto measured = measurer->measure(candidate, 600);
    if (measured && measured->outcome == Outcome::refused) continue;
    --count;
    const Outcome outcome = measured ? measured->outcome : Outcome::good;
    if (outcome == Outcome::good || outcome == Outcome::noisy) {
      fmt::print("accepted: {}\n{}\n", print(candidate.trace), candidate.text());
    }
    ++counts[static_cast<size_t>(outcome)];
  }
  return counts;
}

int accepted(const Counts& counts) {
  return static_cast<int>(counts[static_cast<size_t>(Outcome::good)] + counts[static_cast<size_t>(Outcome::noisy)]);
}

std::string print(const Counts& counts) {
  std::string text;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i], name_of(static_cast<Outcome>(i)));
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const int kills = argc > 1 ? std::stoi(argv[1]) : 100;
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("lathe_fuzz_tuner_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const Kills k = kill_tuners(LATHE_COMMAND, folder.string(), kills, 1);
  std::filesystem::remove_all(folder);
  fmt::print("{} kills on {} stores: {} trials acknowledged, {} stored, slowest resume {:.2f} s{}\n", k.kills, k.stores,
             k.acknowledged, k.stored, k.slowest_resume_s, k.failure.empty() ? "" : ": " + k.failure);
  const Counts broken = recorded(TUNER_TEST_WORKER, "crash,memory,beyond,hang,before", 5, 100);
  const Counts wrong = recorded(TUNER_TEST_WORKER, "wrong,first,unwritten", 3, 100);
  fmt::print("planted: {} of 100 that crash, hang, fill memory or leave their arguments accepted ({})\n",
             accepted(broken), print(broken));
  fmt::print("planted: {} of 100 fast but wrong accepted ({})\n", accepted(wrong), print(wrong));
  return k.failure.empty() && accepted(broken) == 0 && accepted(wrong) == 0 ? 0 : 1;
}
