#include "tuner/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

#include "support/error.h"

namespace lathe::tuner {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void no_worker(const std::string& command, const std::string& got) {
  throw Error(ErrorCode::no_measurement, {.step = "tune", .what = "the worker " + command + " does not start", .got = got,
                                          .need = "the lathe program"});
}

// In the child, before exec: nothing that allocates.
[[noreturn]] void become(char* const* arguments, int requests, int answers, int failure, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int nothing = open("/dev/null", O_WRONLY);
  dup2(requests, 0);
  dup2(answers, 1);
  if (nothing >= 0) dup2(nothing, 2);
  execvp(arguments[0], arguments);
  const int error = errno;
  [[maybe_unused]] const auto written = write(failure, &error, sizeof error);
  _exit(127);
}

}  // namespace

WorkerProcess::WorkerProcess(const std::vector<std::string>& command) {
  int to[2], from[2], failure[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
    no_worker(command.at(0), std::strerror(errno));
  }
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) become(arguments.data(), to[0], from[1], failure[1], parent);
  for (int end : {to[0], from[1], failure[1]}) close(end);
  requests_ = to[1], answers_ = from[0];
  int error = 0;
  const bool failed = child < 0 || read(failure[0], &error, sizeof error) > 0;
  close(failure[0]);
  if (failed) {
    close(requests_), close(answers_);
    if (child > 0) waitpid(child, nullptr, 0);
    no_worker(command.at(0), std::strerror(child < 0 ? errno : error));
  }
  pid_ = child;
  signal(SIGPIPE, SIG_IGN);                                 // a worker that died is found out by its answer
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) kill(pid_, SIGKILL);
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
  if (requests_ >= 0) close(requests_);
  if (answers_ >= 0) close(answers_);
}

Answer WorkerProcess::gone(std::optional<Outcome> outcome, std::string detail) {
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (outcome) return {"", outcome, std::move(detail)};
  if (WIFSIGNALED(status)) {
    const bool memory = WTERMSIG(status) == SIGKILL;        // none that we sent: the system had no memory left
    return {"", memory ? Outcome::memory : Outcome::crash, fmt::format("ended by signal {}", WTERMSIG(status))};
  }
  return {"", Outcome::crash, fmt::format("ended with code {}", WEXITSTATUS(status))};
}

Answer WorkerProcess::ask(const std::string& request, double seconds) {
  if (!alive()) return {"", Outcome::crash, "no worker"};
  const Clock::time_point end = Clock::now() + std::chrono::microseconds(std::llround(std::max(seconds, 0.0) * 1e6));
  const std::string line = request + "\n";
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t more = write(requests_, line.data() + sent, line.size() - sent);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) break;
    sent += static_cast<size_t>(more);
  }
  for (;;) {
    if (const size_t at = pending_.find('\n'); at != std::string::npos) {
      Answer answer{pending_.substr(0, at), {}, ""};
      pending_.erase(0, at + 1);
      return answer;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return gone(Outcome::hang, fmt::format("no answer within {:.3g} s", seconds));
    pollfd ready{answers_, POLLIN, 0};
    const int count = poll(&ready, 1, static_cast<int>(std::min<int64_t>(left, 1000)));
    if (count < 0 && errno != EINTR) return gone(Outcome::crash, std::strerror(errno));
    if (count <= 0) continue;
    char buffer[4096];
    const ssize_t got = read(answers_, buffer, sizeof buffer);
    if (got == 0) return gone(std::nullopt, "");
    if (got > 0) pending_.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace lathe::tuner
