#include "tests/fuzz/program/child.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace lathe {

Child::Child(const std::function<void(std::FILE*)>& body) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  report_ = std::tmpfile();
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    close(ends[0]);
    if (report_) dup2(fileno(report_), STDERR_FILENO);
    std::FILE* out = fdopen(ends[1], "w");
    body(out);
    std::fflush(out);
    _exit(0);
  }
  close(ends[1]);
  in_ = ends[0];
}

Child::~Child() {
  end();
  if (report_) std::fclose(report_);
}

double Child::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

bool Child::read_some(const std::function<void(const std::string&)>& on_line) {
  char part[1 << 16];
  const ssize_t got = ::read(in_, part, sizeof part);
  if (got <= 0) return false;
  text_.append(part, static_cast<size_t>(got));
  size_t begin = 0;
  for (size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1) on_line(text_.substr(begin, end - begin));
  text_.erase(0, begin);
  return true;
}

void Child::kill_now() { kill(pid_, SIGKILL); }

std::string Child::report() const {
  std::string text;
  if (!report_) return text;
  std::rewind(report_);
  char part[4096];
  for (size_t got; (got = std::fread(part, 1, sizeof part, report_)) > 0;) text.append(part, got);
  return text;
}

std::string Child::end() {
  if (pid_ < 0) return "";
  int status = 0;
  waitpid(pid_, &status, 0);
  close(in_);
  pid_ = -1;
  if (WIFSIGNALED(status)) return std::string("stopped by signal ") + strsignal(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : "stopped";
}

void limit_cpu_seconds(int seconds) {
  const rlimit limit{static_cast<rlim_t>(seconds), static_cast<rlim_t>(seconds)};
  setrlimit(RLIMIT_CPU, &limit);
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', '\r');
  return text;
}

std::string many_lines(std::string text) {
  std::replace(text.begin(), text.end(), '\r', '\n');
  return text;
}

}  // namespace lathe
