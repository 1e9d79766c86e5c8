// What a search is told comes from here: candidates tried in workers, in turns with the incumbent.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "tuner/space.h"
#include "tuner/worker_process.h"

namespace lathe::tuner {

struct Measured {
  Outcome outcome = Outcome::good;
  std::string detail;
  double us = 0, ratio = 0;                                 // ratio: time of the incumbent / its own
  std::vector<double> samples_us;
  Modelled model = {};  // where that was asked
};

// Tests put a made-up machine in its place.
class Measurer {
 public:
  virtual ~Measurer() = default;
  // Nothing where the time was over before it was known.
  virtual std::optional<Measured> measure(const Candidate& candidate, double seconds_left) = 0;
  virtual void accept(const Candidate& candidate) = 0;      // the incumbent from now on
  virtual void be_thorough() {}  // before anything is measured: more of each result is compared
  // By the analytic model, nothing compiled. `refused` where lowering refuses the candidate.
  virtual Modelled rank(const Candidate&, double /*seconds_left*/, bool* /*refused*/) { return {}; }
};

struct MeasureOptions {
  std::vector<std::string> worker = {"lathe", "tune-worker"};   // a program that runs run_worker
  std::string target;                                       // as for --target; "": the host
  int threads = 1;
  bool cold = false;
  std::map<std::string, double> run_params = {};
  Layouts layouts = {};                                     // declared free or constant: their layout is searched too
  int64_t memory_bytes = int64_t{4} << 30;                  // beyond what a worker needs for the problem itself
  double rank_seconds = 5;                                  // to lower a candidate and count what it executes
  double load_seconds = 20;                                 // to lower, compile and check a candidate
  double time_seconds = 0.4;                                // to time one, where it does not settle before
  double hang_seconds = 10;                                 // beyond that
};

std::unique_ptr<Measurer> worker_measurer(const Problem& problem, const MeasureOptions& options);

}  // namespace lathe::tuner
