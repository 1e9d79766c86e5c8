// Random kernels against the interpreter, for as long as asked. What is found wrong is shrunk and written to a file
// that repeats it. A search for minutes comes back to the pairs that it has not met (coverage.h); one of so many cases
// has the same cases each time.
//
//   fuzz_kernels [--seed S] [--cases N] [--minutes N] [--jobs N] [--first] [--gaps] [--out FOLDER]
//   fuzz_kernels FILE...         runs the trials in these files
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/fuzz/program/isolated.h"
#include "tests/fuzz/shrink.h"
#include "tests/source_dir.h"

std::string source_dir() { return LATHE_SOURCE_DIR; }

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;

struct Wishes {
  uint64_t seed = 1;
  int64_t cases = 1000;
  double minutes = 0;                                       // 0: as many cases as asked
  int jobs = 1;
  bool first = false;                                       // stop at the first failure, as it is
  bool gaps = false;                                        // print what the cases have not met, one line each
  std::string out = "out/fuzz";
  std::vector<std::string> files;
};

[[noreturn]] void wrong_use(const std::string& what) {
  fmt::print(stderr, "fuzz_kernels: {}\n  ./dev fuzz [--minutes N] [--seed S] [--cases N] [--jobs N] [--first] [--gaps] [--out FOLDER] [FILE...]\n", what);
  std::exit(2);
}

Wishes wishes_of(int argc, char** argv) {
  Wishes wishes;
  wishes.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] {
      try {
        if (i + 1 < argc) return std::stod(argv[++i]);
      } catch (const std::exception&) {
      }
      wrong_use(word + " needs a number");
    };
    if (word == "--seed") wishes.seed = static_cast<uint64_t>(number());
    else if (word == "--cases") wishes.cases = static_cast<int64_t>(number());
    else if (word == "--minutes") wishes.minutes = number();
    else if (word == "--jobs") wishes.jobs = std::max(1, static_cast<int>(number()));
    else if (word == "--first") wishes.first = true;
    else if (word == "--gaps") wishes.gaps = true;
    else if (word == "--out" && i + 1 < argc) wishes.out = argv[++i];
    else if (word.starts_with("-")) wrong_use("unknown option " + word);
    else wishes.files.push_back(word);
  }
  return wishes;
}

int repeat(const std::vector<std::string>& files) {
  int wrong = 0;
  for (const std::string& file : files) {
    const Verdict verdict = run_isolated(read_trial(file));
    static constexpr std::string_view words[] = {"good", "refused", "wrong"};
    fmt::print("{}: {}{}{}\n", file, words[static_cast<int>(verdict.outcome)], verdict.message.empty() ? "" : ": ", verdict.message);
    wrong += verdict.outcome == Outcome::wrong;
  }
  return wrong > 0;
}

void write_shrunk(const Failure& failure, CaseOptions options, const std::string& folder) {
  options.missing = failure.missing;
  std::filesystem::create_directories(folder);
  const std::string path = fmt::format("{}/seed-{}.lathe", folder, failure.seed);
  const size_t reported = failure.report.find("# the program stopped in");
  if (reported != std::string::npos) std::ofstream(path) << failure.report.substr(reported);
  const Trial found = reported != std::string::npos ? read_trial(path) : random_case(failure.seed, options);
  const Trial small = shrunk(found, [](const Trial& t) { return run_isolated(t, 20).outcome == Outcome::wrong; }, 300);
  const std::string message = run_isolated(small).message;
  std::string comment = "# " + message + "\n";
  for (size_t at = comment.find('\n'); at + 1 < comment.size(); at = comment.find('\n', at + 2)) comment.insert(at + 1, "# ");
  std::ofstream(path) << comment << small.text();
  fmt::print("seed {}: {}\n  {}\n  repeat: ./dev fuzz {}\n", failure.seed, message, path, path);
  std::fflush(stdout);
}

int run_search(const Wishes& wishes) {
  const CaseOptions options{.targets = targets_to_test()};
  const Clock::time_point start = Clock::now();
  std::vector<Failure> failures;
  const auto goes_on = [&](uint64_t seed) {
    if (wishes.first && !failures.empty()) return false;
    if (wishes.minutes > 0) return Clock::now() - start < std::chrono::duration<double>(wishes.minutes * 60);
    return seed < wishes.seed + static_cast<uint64_t>(wishes.cases);
  };
  fmt::print("seed {}\n", wishes.seed);
  std::fflush(stdout);
  const Tally tally = search(wishes.seed, wishes.jobs, wishes.minutes > 0, options, goes_on, [&](const Failure& f) {
    failures.push_back(f);
    fmt::print("seed {}: {}\n", f.seed, f.message);
    std::fflush(stdout);
  });
  for (size_t i = 0; i < failures.size() && i < 5 && !wishes.first; ++i) write_shrunk(failures[i], options, wishes.out);
  for (const std::string& gap : wishes.gaps ? tally.coverage.gaps() : std::vector<std::string>{}) fmt::print("not met: {}\n", gap);
  fmt::print("{}\n{} cases, {} with damaged schedules, {} refused, {} runs at sizes that the operator refuses, {} wrong, {:.0f} s\n",
             tally.coverage.summary(), tally.cases, tally.broken, tally.refused, tally.skipped_runs, failures.size(),
             std::chrono::duration<double>(Clock::now() - start).count());
  return failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace lathe

int main(int argc, char** argv) {
  const lathe::Wishes wishes = lathe::wishes_of(argc, argv);
  setenv("LATHE_VERIFY", "1", 0);
  return wishes.files.empty() ? lathe::run_search(wishes) : lathe::repeat(wishes.files);
}
