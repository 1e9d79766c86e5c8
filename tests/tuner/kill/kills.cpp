#include "tests/tuner/kill/kills.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "tuner/store.h"

namespace lathe::tuner {

namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<int> children_of(int pid) {
  std::vector<int> children;
  std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", pid));
  for (int child = 0; in >> child;) children.push_back(child);
  return children;
}

// The last "(N kept)" that a tuner wrote.
int64_t last_kept(const std::string& path) {
  std::ifstream in(path);
  int64_t kept = 0;
  for (std::string line; std::getline(in, line);) {
    const size_t at = line.find(" trials (");
    if (at != std::string::npos && line.find(" kept)", at) != std::string::npos) kept = std::stoll(line.substr(at + 9));
  }
  return kept;
}

int start(const std::string& lathe, const std::string& folder, const std::string& store, const std::string& log,
          int seed) {
  const int pid = fork();
  if (pid != 0) return pid;
  if (!freopen(log.c_str(), "w", stderr) || !freopen("/dev/null", "w", stdout)) _exit(1);
  const std::string file = folder + "/scaled.lathe", number = std::to_string(seed);
  execl(lathe.c_str(), "lathe", "tune", file.c_str(), "--size", "H=3,W=40", "--budget", "60s", "--seed", number.c_str(), "--store",
        store.c_str(), nullptr);
  _exit(127);
}

// Everything that was acknowledged is in the store, once; "" or what is not so.
std::string wrong_with(const std::string& store_path, int64_t acknowledged, int64_t* stored) {
  const auto store = open_store(store_path, StoreUse::read);
  std::set<std::pair<std::string, int64_t>> seen;
  std::map<std::string, std::set<int64_t>> numbers;
  int64_t count = 0;
  for (const Problem& p : store->problems()) {
    for (const Trial& t : store->trials(p.key())) {
      ++count;
      if (!seen.insert({t.run, t.number}).second) return fmt::format("trial {}/{} is there twice", t.run, t.number);
      numbers[t.run].insert(t.number);
    }
  }
  for (const auto& [run, all] : numbers) {
    if (*all.rbegin() + 1 != static_cast<int64_t>(all.size())) return "run " + run + " has gaps";
  }
  *stored = count;
  return count < acknowledged ? fmt::format("{} trials of {} acknowledged ones are stored", count, acknowledged) : "";
}

}  // namespace

bool alive(int pid) {
  std::string text;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", pid)), text);
  const size_t end = text.rfind(')');
  return end != std::string::npos && text.size() > end + 2 && text[end + 2] != 'Z';
}

Kills kill_tuners(const std::string& lathe, const std::string& folder, int kills, uint64_t seed) {
  Kills result;
  std::mt19937_64 random(seed);
  std::ofstream(folder + "/scaled.lathe") << "scaled(X: f32[H, W]) -> Y: f32[H, W]\n  Y[i, j] = 3 * X[i, j] + 1\n";
  const std::string log = folder + "/log.txt";
  int64_t acknowledged = 0, stored = 0;  // of this store
  while (result.kills < kills && result.failure.empty()) {
    const std::string store = fmt::format("{}/s{}.sqlite", folder, result.stores);
    const Clock::time_point began = Clock::now();
    const int tuner = start(lathe, folder, store, log, result.kills + 1);
    while (last_kept(log) == 0 && alive(tuner) && since(began) < 60) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    result.slowest_resume_s = std::max(result.slowest_resume_s, since(began));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    std::vector<int> workers = children_of(tuner);
    if (random() % 3 == 0 && !workers.empty()) {            // the tuner goes on without it
      kill(workers.front(), SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
      workers = children_of(tuner);
    }
    kill(tuner, SIGKILL);
    int status = 0;
    waitpid(tuner, &status, 0);
    const bool ended = !WIFSIGNALED(status);  // by itself, before: nothing was left to try
    result.kills += !ended;
    if (ended && WEXITSTATUS(status) != 0)
      result.failure = fmt::format("a tuner ended with code {}", WEXITSTATUS(status));
    for (int i = 0; i < 200 && !workers.empty(); ++i) {
      std::erase_if(workers, [](int pid) { return !alive(pid); });
      if (!workers.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (!workers.empty()) result.failure = "a worker outlived its tuner";
    acknowledged += last_kept(log);
    if (result.failure.empty()) result.failure = wrong_with(store, acknowledged, &stored);
    if (!ended && result.kills < kills) continue;
    result.acknowledged += acknowledged, result.stored += stored;
    acknowledged = stored = 0;
    if (++result.stores > kills && result.failure.empty()) result.failure = "tuners end before they can be killed";
  }
  return result;
}

}  // namespace lathe::tuner
