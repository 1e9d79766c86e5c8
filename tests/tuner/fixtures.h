// Operators and a folder that the tests of the tuner share.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "lang/text.h"
#include "tests/errors.h"
#include "tuner/replay.h"
#include "tuner/tune.h"

namespace lathe::tuner {

// A new folder of this process, gone at the end of the scope.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("lathe_tuner_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline Operator product() {
  return parse_file_text(
             "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
             "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n",
             "product.lathe")
      .operators.at(0);
}

inline Operator scaled() {
  return parse_file_text(
             "scaled(X: f32[H, W]) -> Y: f32[H, W]\n"
             "  Y[i, j] = 3 * X[i, j] + 1\n",
             "scaled.lathe")
      .operators.at(0);
}

inline Target avx2() { return target_named("x86-64-v3"); }

inline Trial trial(const std::string& run, int64_t number, double speedup, bool confirmed = false) {
  return {run, number, "C.tile.rows=4", "schedule for product\n", Outcome::good, "", 10, 1.1, speedup, {1.5, 2.5}, confirmed};
}

inline Run run_named(const std::string& id, const Problem& problem) {
  return {id, problem.key(), 7, 2.5, "2026-01-01T00:00:00Z", "", lathe_version(), llvm_version(), ""};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A machine of which every time is known: a formula over the schedule's text. Never noisy.
class KnownMachine : public Measurer {
 public:
  using Time = std::function<Measured(const Candidate&)>;
  explicit KnownMachine(Time time) : time_(std::move(time)) {}
  std::optional<Measured> measure(const Candidate& candidate, double) override {
    Measured measured = time_(candidate);
    if (incumbent_us_ == 0) incumbent_us_ = measured.us;
    measured.ratio = measured.us > 0 ? incumbent_us_ / measured.us : 0;
    measured.samples_us = {measured.us};
    return measured;
  }
  void accept(const Candidate& candidate) override { incumbent_us_ = time_(candidate).us; }

 private:
  Time time_;
  double incumbent_us_ = 0;
};

}  // namespace lathe::tuner
