// Real workers: what they answer to good and to bad candidates, and that none outlives its tuner.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "jit/runtime/host.h"
#include "tests/tuner/fixtures.h"
#include "tests/tuner/kill/kills.h"
#include "tuner/interleaved.h"

namespace lathe::tuner {
namespace {

const Sizes small{{"M", 12}, {"N", 20}, {"K", 5}};

MeasureOptions worker_of(const std::string& faults) {
  MeasureOptions options;
  options.worker = {TUNER_TEST_WORKER, faults};
  options.target = "x86-64-v2";
  options.load_seconds = 5;
  options.time_seconds = 0.02;
  options.memory_bytes = int64_t{512} << 20;
  return options;
}

struct Bench {
  Operator op = product();
  Target target = target_on_host("x86-64-v2");
  Space space{op, target, 1};
  Problem problem = problem_of(op, small, 1, target);

  Candidate rows(int count) const { return space.candidate({{"C.tile.rows", std::to_string(count)}, {"C.tile.vectors", "1"}, {"C.panels", "no"}}); }
};

TEST_CASE("a good candidate is checked and timed beside the incumbent") {
  const Bench bench;
  const auto measurer = worker_measurer(bench.problem, worker_of(""));
  const auto first = measurer->measure(bench.rows(2), 30);
  REQUIRE(first);
  CHECK(first->detail == "");
  CHECK((first->outcome == Outcome::good || first->outcome == Outcome::noisy));
  CHECK(first->us > 0);
  CHECK(first->samples_us.size() >= 3);
  measurer->accept(bench.rows(2));
  const auto second = measurer->measure(bench.rows(3), 30);
  REQUIRE(second);
  CHECK(second->ratio > 0);
}

TEST_CASE("planted faults are recorded by their class, and the next candidate is measured all the same") {
  const std::vector<std::pair<const char*, Outcome>> faults = {
      {"crash", Outcome::crash},          {"abort", Outcome::crash},          {"exit", Outcome::crash},
      {"stack", Outcome::crash},          {"memory", Outcome::memory},        {"beyond", Outcome::out_of_bounds},
      {"before", Outcome::out_of_bounds}, {"input", Outcome::out_of_bounds},  {"wrong", Outcome::wrong},
      {"first", Outcome::wrong},          {"unwritten", Outcome::wrong},      {"talk", Outcome::crash}};
  std::string names;
  for (const auto& [name, outcome] : faults) names += std::string(names.empty() ? "" : ",") + name;
  const Bench bench;
  const auto measurer = worker_measurer(bench.problem, worker_of(names));
  const Candidate good = bench.rows(13);
  measurer->accept(good);
  for (size_t i = 0; i < faults.size(); ++i) {
    CAPTURE(faults[i].first);
    const auto measured = measurer->measure(bench.rows(static_cast<int>(i) + 1), 60);
    REQUIRE(measured);
    CAPTURE(measured->detail);
    CHECK(name_of(measured->outcome) == name_of(faults[i].second));
  }
  const auto measured = measurer->measure(good, 60);
  REQUIRE(measured);
  CHECK(measured->us > 0);
}

TEST_CASE("a candidate that hangs is stopped after its time, and at the end of the tuner's it is none of its faults") {
  const Bench bench;
  MeasureOptions options = worker_of("hang");
  options.load_seconds = 0.4;
  const auto measurer = worker_measurer(bench.problem, options);
  measurer->measure(bench.rows(2), 30);
  const auto measured = measurer->measure(bench.rows(1), 30);
  REQUIRE(measured);
  CHECK(measured->outcome == Outcome::hang);
  CHECK(contains(measured->detail, "no answer within 0.4 s"));
  CHECK(!worker_measurer(bench.problem, worker_of("hang"))->measure(bench.rows(1), 0.3));
}

TEST_CASE("a ratio is noisy where its error could turn it round, and not where it is far from 1") {
  CHECK(!is_noisy(1.02, 0.01, 20, 2));
  CHECK(is_noisy(1.02, 0.05, 20, 2));
  CHECK(is_noisy(1.02, 0.01, 5, 30));
  CHECK(!is_noisy(100, 0.05, 20, 2));
  CHECK(!is_noisy(3, 0.01, 5, 30));
}

TEST_CASE("what lowering refuses is refused by the worker before anything runs") {
  const Bench bench;
  Candidate broken = bench.rows(2);
  REQUIRE(!broken.schedule.specializations.empty());
  broken.schedule.specializations.front().directives.front().loops.front() = "no_such_loop";
  const auto measured = worker_measurer(bench.problem, worker_of(""))->measure(broken, 30);
  REQUIRE(measured);
  CHECK(measured->outcome == Outcome::refused);
  CHECK(contains(measured->detail, "no_such_loop"));
}

TEST_CASE("a worker that cannot be started or prepared is an error") {
  const Bench bench;
  MeasureOptions options = worker_of("");
  options.worker = {"/nowhere/lathe"};
  CHECK(contains(error_of([&] { worker_measurer(bench.problem, options)->measure(bench.rows(2), 5); }),
                 "L605 lathe: tune: the worker /nowhere/lathe does not start: got No such file or directory"));
  Problem broken = bench.problem;
  broken.algorithm = "product(";
  CHECK(contains(error_of([&] { worker_measurer(broken, worker_of(""))->measure(bench.rows(2), 5); }), "the worker cannot prepare product"));
}

TEST_CASE("a worker that is killed before it is ready is started again") {
  const Bench bench;
  const Folder folder;
  MeasureOptions options = worker_of("");
  const std::string once = folder.path("once");
  options.worker = {"/bin/sh", "-c",
                    "[ -e '" + once + "' ] && exec " TUNER_TEST_WORKER "; touch '" + once + "'; kill -9 $$"};
  const auto measurer = worker_measurer(bench.problem, options);
  const Outcome outcome = measurer->measure(bench.rows(2), 60)->outcome;
  CHECK((outcome == Outcome::good || outcome == Outcome::noisy));
  options.worker = {"/bin/sh", "-c", "kill -9 $$"};
  CHECK(contains(error_of([&] { worker_measurer(bench.problem, options)->measure(bench.rows(2), 60); }),
                 "got memory: ended by signal 9"));
}

TEST_CASE("a worker dies with the process that started it, whatever it is doing") {
  int out[2];
  REQUIRE(pipe(out) == 0);
  const pid_t tuner = fork();
  if (tuner == 0) {
    WorkerProcess worker({TUNER_TEST_WORKER});
    const int pid = worker.pid();
    [[maybe_unused]] const auto n = write(out[1], &pid, sizeof pid);
    raise(SIGKILL);
  }
  int worker = 0;
  REQUIRE(read(out[0], &worker, sizeof worker) == sizeof worker);
  waitpid(tuner, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = !alive(worker);
    if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(gone);
}

TEST_CASE("a constant is converted before the time, a free argument within it, and no other argument's layout changes") {
  const Bench bench;
  const Layouts layouts{{"B", LayoutRight::constant}, {"C", LayoutRight::free}};
  const Space space(bench.op, bench.target, 1, layouts);
  MeasureOptions options = worker_of("");
  const Candidate constant = space.candidate({{"form", "plain"}, {"B.cut", "1"}, {"B.block", "8"}});
  const Candidate free = space.candidate({{"form", "plain"}, {"C.dimensions", "1/0"}});
  CHECK(worker_measurer(bench.problem, options)->measure(constant, 30)->outcome == Outcome::refused);
  options.layouts = layouts;
  const auto measurer = worker_measurer(bench.problem, options);
  for (const Candidate& candidate : {constant, free}) {
    const auto measured = measurer->measure(candidate, 30);
    REQUIRE(measured);
    CAPTURE(measured->detail);
    CHECK(measured->us > 0);
  }
}

TEST_CASE("parameters are tried without compiling, each checked") {
  const Bench bench;
  const Candidate usual = bench.space.candidate({});
  REQUIRE(!usual.schedule.params.empty());
  const std::string param = usual.schedule.params[0].name;
  const auto measurer = worker_measurer(bench.problem, worker_of(""));
  measurer->measure(usual, 30);
  measurer->accept(usual);
  for (const char* value : {"16", "17", "64"}) {
    const auto measured = measurer->measure(bench.space.candidate({{"param." + param, value}}), 30);
    REQUIRE(measured);
    CHECK(measured->us > 0);
  }
}

}  // namespace
}  // namespace lathe::tuner
