// Requests, in order: one {"do": "prepare", ...}; then "rank", "sizes" before what is for all sizes, "load", "check",
// "time" and "drop". An answer has "outcome", and what was asked for. After a fault the process answers once more, from
// its signal handler, and ends.
#include "tuner/worker.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>
#include <nlohmann/json.hpp>

#include "jit/runtime/host.h"
#include "lang/text.h"
#include "support/error.h"

namespace lathe::tuner {

namespace {

using nlohmann::json;

// What the signal handler may read: nothing that allocates.
struct Faults {
  int answers = -1;
  size_t count = 0;
  GuardedTensor::Range ranges[512];
} faults;

void answer_and_end(const char* outcome, const char* detail) {
  for (const char* part : {"{\"outcome\":\"", outcome, "\",\"detail\":\"", detail, "\",\"ended\":true}\n"}) {
    [[maybe_unused]] const auto written = write(faults.answers, part, std::strlen(part));
  }
  _exit(0);
}

void on_fault(int signal, siginfo_t* info, void*) {
  const auto* address = static_cast<const std::byte*>(info->si_addr);
  if (signal == SIGSEGV || signal == SIGBUS) {
    for (size_t i = 0; i < faults.count; ++i) {
      if (address >= faults.ranges[i].begin && address < faults.ranges[i].end) {
        answer_and_end("out-of-bounds", "touched a page beside an argument, or wrote an input");
      }
    }
  }
  switch (signal) {                                         // answer_and_end does not return
    case SIGSEGV: answer_and_end("crash", "segmentation fault"); break;
    case SIGBUS: answer_and_end("crash", "bus error"); break;
    case SIGILL: answer_and_end("crash", "illegal instruction"); break;
    case SIGFPE: answer_and_end("crash", "arithmetic fault"); break;
    default: answer_and_end("crash", "aborted");
  }
}

void catch_faults() {
  static char stack[64 << 10];
  const stack_t own{stack, 0, sizeof stack};
  sigaltstack(&own, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) sigaction(signal, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignore, nullptr);                      // Ctrl-C goes to the whole group: the tuner decides
  std::set_new_handler([] { answer_and_end("memory", "an allocation failed"); });
}

// So many bytes beyond what the process has mapped now.
void limit_memory(int64_t bytes) {
  if (bytes <= 0) return;
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const auto most = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + bytes);
  const rlimit limit{most, most};
  setrlimit(RLIMIT_AS, &limit);
}

class Worker {
 public:
  explicit Worker(decltype(BedOptions::after_run) after_run) : after_run_(std::move(after_run)) {}

  json answer(const json& request) {
    const std::string what = request.at("do");
    if (what == "prepare") return prepare(request);
    if (!bed_) throw std::invalid_argument("nothing is prepared");
    if (what == "sizes") return sizes();
    if (what == "load") return answer_of(bed_->load(request.at("schedule"), request.at("all_sizes")));
    if (what == "check") return answer_of(bed_->check(request.at("schedule"), request.at("params")));
    if (what == "drop") return bed_->drop(request.at("schedule")), answer_of({});
    if (what == "time") return time(request);
    if (what == "rank") return rank(request);
    throw std::invalid_argument("unknown request " + what);
  }

 private:
  static json answer_of(const Verdict& verdict) {
    return {{"outcome", name_of(verdict.outcome)}, {"detail", verdict.detail}};
  }

  json prepare(const json& request) {
    const SourceFile file = parse_file_text(request.at("algorithm").get<std::string>(), "problem.lathe");
    BedOptions options;
    options.target = target_on_host(request.at("target"));
    options.threads = request.at("threads");
    options.cold = request.at("cold");
    options.thorough = request.at("thorough");
    options.run_params = request.at("run_params");
    for (const auto& [argument, right] : request.at("layouts").get<std::map<std::string, int>>()) {
      options.layouts[argument] = static_cast<LayoutRight>(right);
    }
    options.after_run = after_run_;
    bed_.emplace(file.operators.at(0), request.at("sizes").get<Sizes>(), std::move(options));
    note_guarded();
    limit_memory(request.at("memory_bytes"));
    return answer_of({});
  }

  void note_guarded() const {
    faults.count = 0;
    for (const GuardedTensor::Range& r : bed_->guarded()) {
      if (faults.count < std::size(faults.ranges)) faults.ranges[faults.count++] = r;
    }
  }

  json sizes() {
    bed_->prepare_all_sizes();
    note_guarded();
    return answer_of({});
  }

  json time(const json& request) {
    const auto contestant = [](const json& j) { return TestBed::Contestant{j.at("schedule"), j.at("params")}; };
    const Timing t = bed_->time(contestant(request.at("incumbent")), contestant(request.at("candidate")), request.at("seconds"));
    json answer = answer_of({t.noisy ? Outcome::noisy : Outcome::good, ""});
    answer.update({{"us", t.us}, {"ratio", t.ratio}, {"samples_us", t.samples_us}});
    return answer;
  }

  json rank(const json& request) {
    Modelled model;
    json answer = answer_of(bed_->rank(request.at("schedule"), request.at("params"), &model));
    answer.update({{"cycles", model.cycles}, {"program", model.program}});
    return answer;
  }

  std::optional<TestBed> bed_;
  decltype(BedOptions::after_run) after_run_;
};

bool read_line(FILE* from, std::string& line) {
  line.clear();
  for (int c = std::getc(from); c != EOF; c = std::getc(from)) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return false;
}

}  // namespace

int run_worker(int requests, int answers, decltype(BedOptions::after_run) after_run) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  faults.answers = answers;
  catch_faults();
  Worker worker(std::move(after_run));
  FILE* const in = fdopen(requests, "r");
  if (!in) return 2;
  for (std::string line; read_line(in, line);) {
    json answer;
    try {
      answer = worker.answer(json::parse(line));
    } catch (const std::exception& e) {
      answer = {{"outcome", name_of(Outcome::crash)}, {"detail", e.what()}, {"broken", true}};
    }
    const std::string text = answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t more = write(answers, text.data() + sent, text.size() - sent);
      if (more <= 0) return 1;
      sent += static_cast<size_t>(more);
    }
  }
  return 0;
}

}  // namespace lathe::tuner
