#include "tests/fuzz/fault_report.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

namespace lathe {
namespace {

char current[1 << 16];                                      // what a signal handler may read

// A stack that overflowed has no room for the handler: it gets its own.
void use_own_stack() {
  static char stack[1 << 16];
  static const bool once = [] {
    stack_t other{};
    other.ss_sp = stack;
    other.ss_size = sizeof stack;
    return sigaltstack(&other, nullptr) == 0;
  }();
  static_cast<void>(once);
}

extern "C" void print_current(int signal) {
  const ssize_t written = write(STDERR_FILENO, current, std::strlen(current));
  static_cast<void>(written);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void (*handle(int signal))(int) {
  struct sigaction action {}, before {};
  action.sa_handler = print_current;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  sigaction(signal, &action, &before);
  return before.sa_handler;
}

}  // namespace

FaultReport::FaultReport(std::string text) : text_(std::move(text)), outer_(current) {
  use_own_stack();
  at("compiling");
  before_fault_ = handle(SIGSEGV);
  before_abort_ = handle(SIGABRT);
}

FaultReport::~FaultReport() {
  std::signal(SIGSEGV, before_fault_);
  std::signal(SIGABRT, before_abort_);
  std::snprintf(current, sizeof current, "%s", outer_.c_str());
}

void FaultReport::at(const std::string& step) {
  std::snprintf(current, sizeof current, "# the program stopped in\n%s# %s\n", text_.c_str(), step.c_str());
}

}  // namespace lathe
