// Search, measurement and store together, on machines whose every time is known.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "jit/tuned_files.h"
#include "schedules/text.h"
#include "support/messages.h"
#include "tests/tuner/fixtures.h"
#include "tuner/describe.h"
#include "tuner/tuned.h"

namespace lathe::tuner {
namespace {

const Sizes sizes{{"M", 64}, {"N", 64}, {"K", 64}};

// Four rows are twice as fast as six, whatever else is decided.
Measured four_rows(const Candidate& c) { return {Outcome::good, "", contains(c.text(), ": 4 rows") ? 50.0 : 100.0, 0, {}}; }

MakeMeasurer machine(KnownMachine::Time time) {
  return [time](const Problem&) { return std::make_unique<KnownMachine>(time); };
}

TuneOptions options_of(int64_t most_trials) {
  TuneOptions options;
  options.sizes = sizes;
  options.target = avx2();
  options.budget_s = 60;
  options.most_trials = most_trials;
  return options;
}

TEST_CASE("tuning gives the fastest schedule, measured again beside the constructed one, in words and in directives") {
  const Tuned tuned = tune(product(), options_of(200), nullptr, machine(four_rows));
  CHECK(tuned.speedup == doctest::Approx(2));
  CHECK(tuned.us == 50);
  CHECK(tuned.constructed_us == 100);
  CHECK(tuned.confirmed);
  CHECK(contains(print(tuned.schedule), ": 4 rows"));
  CHECK(!contains(print(tuned.constructed), ": 4 rows"));
  CHECK(differences(Space(product(), avx2(), 1), tuned.trace).at(0) == "C: tile rows 4 instead of 6");
  CHECK(parse_schedule({print(tuned.schedule), {}}, product()) == tuned.schedule);
}

TEST_CASE("tuning ends by trials, by time and when it is told to, and says which") {
  CHECK(tune(product(), options_of(3), nullptr, machine(four_rows)).ended == "trials");
  TuneOptions none = options_of(0);
  none.stop = [n = 0]() mutable { return ++n > 5; };
  CHECK(tune(product(), none, nullptr, machine(four_rows)).ended == "stopped");
  TuneOptions brief = options_of(0);
  brief.budget_s = 0.02;
  CHECK(tune(product(), brief, nullptr, machine(four_rows)).ended == "time");
  CHECK(tune(scaled(), [] { TuneOptions o = options_of(0); o.sizes = {{"H", 8}, {"W", 8}}; return o; }(), nullptr,
             machine([](const Candidate&) { return Measured{Outcome::good, "", 10, 0, {}}; })).ended == "converged");
}

TEST_CASE("a gain that a fresh process does not see is none") {
  int machines = 0;
  const MakeMeasurer make = [&](const Problem&) {
    return std::make_unique<KnownMachine>(++machines == 1 ? KnownMachine::Time(four_rows) : [](const Candidate& c) {
      return Measured{Outcome::good, "", contains(c.text(), ": 4 rows") ? 110.0 : 100.0, 0, {}};
    });
  };
  const Tuned tuned = tune(product(), options_of(200), nullptr, make);
  CHECK(machines == 2);
  CHECK(tuned.confirmed);
  CHECK(tuned.speedup == 1);
  CHECK(tuned.schedule == tuned.constructed);
}

TEST_CASE("a gain that only one of two fresh processes sees is none") {
  int machines = 0;
  const MakeMeasurer make = [&](const Problem&) {
    return std::make_unique<KnownMachine>(++machines < 3 ? KnownMachine::Time(four_rows) : [](const Candidate&) {
      return Measured{Outcome::good, "", 100.0, 0, {}};
    });
  };
  const Tuned tuned = tune(product(), options_of(200), nullptr, make);
  CHECK(machines >= 3);
  CHECK(tuned.speedup == 1);
  CHECK(tuned.schedule == tuned.constructed);
}

TEST_CASE("a winner that fails in a fresh process gives way to the next best") {
  int machines = 0;
  const MakeMeasurer make = [&](const Problem&) {
    return std::make_unique<KnownMachine>(++machines == 1 ? KnownMachine::Time(four_rows) : [](const Candidate& c) {
      const bool wins = contains(c.text(), ": 4 rows");
      return Measured{
          wins ? Outcome::wrong : Outcome::good, "", wins || contains(c.text(), ": 6 rows") ? 100.0 : 90.0, 0, {}};
    });
  };
  const Tuned tuned = tune(product(), options_of(200), nullptr, make);
  CHECK(!contains(print(tuned.schedule), ": 4 rows"));
  CHECK(tuned.confirmed);
  CHECK(tuned.speedup >= 1);
}

TEST_CASE("a run goes on where another was cut off, and tries nothing again but the best") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  tune(product(), options_of(40), store.get(), machine(four_rows));
  const std::string key = problem_of(product(), sizes, 1, avx2()).key();
  std::set<std::string> before;
  for (const Trial& t : store->trials(key)) before.insert(t.schedule);
  std::vector<std::string> again;
  tune(product(), options_of(20), store.get(), machine([&](const Candidate& c) {
    again.push_back(print(c.decided()));
    return four_rows(c);
  }));
  int repeated = 0;
  for (const std::string& text : std::set<std::string>(again.begin(), again.end())) repeated += static_cast<int>(before.count(text));
  CHECK(repeated <= 2);                                     // the constructed one and the best
  CHECK(store->runs(key).size() == 2);
}

TEST_CASE("a run is told again from its records to the same decisions") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  const Tuned tuned = tune(product(), options_of(60), store.get(), machine(four_rows));
  const Problem problem = problem_of(product(), sizes, 1, avx2());
  const Space space(product(), avx2(), 1, {}, sizes);
  const Model unknown = [](const Candidate&) { return 0.0; };
  CHECK(replay(space, *store, tuned.run, problem, unknown) == "");
  Records changed = all_of(*store);
  changed.trials.at(30).trace = "C.tile.rows=13";
  const auto other = open_store(folder.path("o.sqlite"), StoreUse::write);
  other->merge(changed);
  CHECK(contains(replay(space, *other, tuned.run, problem, unknown), "trial 30"));
}

TEST_CASE("bad candidates are recorded by class and never chosen") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  int n = 0;
  const Tuned tuned = tune(product(), options_of(60), store.get(), machine([&](const Candidate& c) {
    const bool first = n++ == 0 || c.trace.empty();
    return Measured{first ? Outcome::good : static_cast<Outcome>(1 + n % (outcome_count - 1)), "planted", first ? 100.0 : 1.0, 0, {}};
  }));
  CHECK(tuned.schedule == tuned.constructed);
  for (size_t i = 1; i < outcome_count; ++i) CHECK(tuned.last.counts[i] > 0);
  CHECK(contains(failures(tuned.last.counts), "out-of-bounds"));
}

TEST_CASE("where nothing can be measured tuning says why") {
  CHECK(error_of([] {
          tune(product(), options_of(60), nullptr, machine([](const Candidate&) { return Measured{Outcome::crash, "planted", 0, 0, {}}; }));
        }) == "L605 lathe: tune: no schedule of product could be measured: got crash: planted, need a kernel that runs");
}

TEST_CASE("a full store ends the search with the best so far") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write, 48 << 10);
  TuneOptions options = options_of(0);
  const Tuned tuned = tune(product(), options, store.get(), machine([](const Candidate& c) {
    Measured m = four_rows(c);
    m.detail.assign(20'000, '#');
    return m;
  }));
  CHECK(contains(tuned.ended, "cannot grow"));
}

TEST_CASE("compile takes the exact record, else that of the nearest sizes, else the constructed schedule") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  CompileOptions options{.target = avx2(), .known = tuned_schedules(*store), .sizes = sizes};
  const Schedule constructed = constructed_schedule(product(), options);
  CHECK(best_known_schedule(product(), options) == constructed);
  const Tuned tuned = tune(product(), options_of(200), store.get(), machine(four_rows));
  CHECK(best_known_schedule(product(), options) == tuned.schedule);
  options.sizes = {{"M", 100}, {"N", 64}, {"K", 64}};
  CHECK(contains(print(best_known_schedule(product(), options)), ": 4 rows"));
  options.known = tuned_schedules(*store, 2);
  CHECK(best_known_schedule(product(), options) == constructed);
  CHECK(constructed_schedule(product(), options) == constructed);
}

TEST_CASE("a record whose gain is none at other sizes gives way to the constructed schedule, made for these sizes") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  const Problem tiny = problem_of(product(), {{"M", 2}, {"N", 2}, {"K", 2}}, 1, avx2());
  store->begin(tiny, run_named("r", tiny));
  Trial best = trial("r", 0, 1.2, true);
  best.trace = "form=plain";
  store->add(best);
  store->commit();
  CompileOptions options{.target = avx2(), .known = tuned_schedules(*store), .sizes = {{"M", 2}, {"N", 2}, {"K", 1}}};
  const Schedule constructed = constructed_schedule(product(), options);
  CHECK(best_known_schedule(product(), options) != constructed);
  options.sizes = {{"M", 256}, {"N", 256}, {"K", 256}};
  const Candidate usual = Space(product(), avx2(), 1, {}, options.sizes).candidate({});
  CHECK(best_known_schedule(product(), options) == with_variants_first({usual.decided()}, constructed));
}

TEST_CASE("layouts of declared arguments are decided, of others they stay") {
  const Space space(product(), avx2(), 1, {{"B", LayoutRight::constant}, {"A", LayoutRight::free}});
  const Candidate usual = space.candidate({}), cut = space.candidate({{"B.cut", "1"}, {"B.block", "16"}, {"A.dimensions", "1/0"}});
  CHECK(usual.schedule == Space(product(), avx2(), 1).candidate({}).schedule);
  CHECK(contains(cut.text(), "B.constant().layout(1/16, 0, 1%16)"));
  CHECK(contains(cut.text(), "A.free_layout().layout(1, 0)"));
  CHECK(!contains(Space(product(), avx2(), 1).candidate(cut.trace).text(), "layout(1"));
  CHECK(problem_of(product(), sizes, 1, avx2(), {{"B", LayoutRight::constant}}).key() != problem_of(product(), sizes, 1, avx2()).key());
}

TEST_CASE("a record that lowering refuses is passed over") {
  Folder folder;
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  const Problem p = problem_of(product(), sizes, 1, avx2());
  Trial bad = trial("r", 0, 3);
  bad.schedule = "schedule for product\nC.vectorize(no_such_loop)\n";
  bad.trace = "";
  store->merge({{p}, {run_named("r", p)}, {bad}});
  const CompileOptions options{.target = avx2(), .known = tuned_schedules(*store), .sizes = sizes};
  CHECK(best_known_schedule(product(), options) == constructed_schedule(product(), options));
}

TEST_CASE("a file that is no store gives no schedules, and a message") {
  std::string messages;
  set_message_hook([&](std::string_view text) { messages += text; });
  const auto known = tuned_schedules("/proc/self/status");
  set_message_hook({});
  CHECK(contains(messages, "L60") == false);
  CHECK(contains(messages, "/proc/self/status"));
  CHECK(known->schedules_for(product(), avx2(), sizes).empty());
  CHECK(tuned_schedules("/nowhere/none.sqlite")->schedules_for(product(), avx2(), sizes).empty());
}

TEST_CASE("sizes are as far apart as their ratios") {
  CHECK(distance({{"M", 64}}, {{"M", 64}}) == 0);
  CHECK(distance({{"M", 64}, {"N", 8}}, {{"M", 128}, {"N", 4}}) == doctest::Approx(2));
  CHECK(!std::isfinite(distance({{"M", 64}}, {{"N", 64}})));
}

}  // namespace
}  // namespace lathe::tuner
