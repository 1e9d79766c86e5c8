// The tuner's end of a worker: starts it, asks it, and finds out how it ended.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tuner/record.h"

namespace lathe::tuner {

struct Answer {
  std::string line;                                         // JSON; "" where there is none
  std::optional<Outcome> ended;                             // the worker is gone: how
  std::string detail;
};

class WorkerProcess {
 public:
  // `command`: a program that runs run_worker on its standard input and output. Error{no_measurement} where it cannot start.
  explicit WorkerProcess(const std::vector<std::string>& command);
  ~WorkerProcess();                                         // kills it, and waits for it
  WorkerProcess(const WorkerProcess&) = delete;

  // One request, one answer. Kills a worker that has not answered after `seconds`.
  Answer ask(const std::string& request, double seconds);
  bool alive() const { return pid_ > 0; }
  int pid() const { return pid_; }

 private:
  Answer gone(std::optional<Outcome> outcome, std::string detail);
  int pid_ = -1, requests_ = -1, answers_ = -1;
  std::string pending_;
};

}  // namespace lathe::tuner
