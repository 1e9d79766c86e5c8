// What was committed is there; what cannot be read says so.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "tests/tuner/fixtures.h"
#include "tuner/sqlite.h"

namespace lathe::tuner {
namespace {

Problem problem_of_size(int64_t m) { return problem_of(product(), {{"M", m}, {"N", 8}, {"K", 8}}, 1, avx2()); }

TEST_CASE("trials are there after a commit, for others too, and not before") {
  Folder folder;
  const Problem p = problem_of_size(8);
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  const auto reader = open_store(folder.path("s.sqlite"), StoreUse::read);
  store->begin(p, run_named("r", p));
  CHECK(reader->problems() == std::vector<Problem>{p});
  CHECK(reader->runs(p.key()) == std::vector<Run>{run_named("r", p)});
  store->add(trial("r", 0, 1.5));
  CHECK(reader->trials(p.key()).empty());
  store->commit();
  CHECK(reader->trials(p.key()) == std::vector<Trial>{trial("r", 0, 1.5)});
  store->end("r", "converged");
  CHECK(reader->runs(p.key()).at(0).ended == "converged");
}

TEST_CASE("the same trial comes twice and is one") {
  Folder folder;
  const Problem p = problem_of_size(8);
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  const Records records{{p}, {run_named("r", p)}, {trial("r", 0, 1.5), trial("r", 1, 1.2)}};
  CHECK(store->merge(records) == 2);
  CHECK(store->merge(records) == 0);
  CHECK(all_of(*store).trials == records.trials);
  CHECK(parse_records(print(all_of(*store)), "s").trials == records.trials);
}

TEST_CASE("the schedule of a problem is the pinned trial, else the fastest that was confirmed, else the fastest") {
  Folder folder;
  const Problem p = problem_of_size(8);
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  CHECK(!best_trial(*store, p.key()));
  store->merge({{p}, {run_named("r", p)}, {trial("r", 0, 0.9), trial("r", 1, 1.9), trial("r", 2, 1.7)}});
  CHECK(best_trial(*store, p.key())->number == 1);
  store->merge({{}, {}, {trial("r", 3, 1.3, true), trial("r", 4, 1.2, true)}});
  CHECK(best_trial(*store, p.key())->number == 3);
  store->pin(p.key(), {"r", 2});
  CHECK(best_trial(*store, p.key())->number == 2);
  store->unpin(p.key());
  CHECK(best_trial(*store, p.key())->number == 3);
}

TEST_CASE("what was confirmed to be no faster is not taken for faster") {
  Folder folder;
  const Problem p = problem_of_size(8);
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write);
  store->merge({{p}, {run_named("r", p)}, {trial("r", 0, 1.4), trial("r", 1, 0.98, true)}});
  CHECK(!best_trial(*store, p.key()));
}

TEST_CASE("two writers take turns") {
  Folder folder;
  const Problem p = problem_of_size(8);
  const auto a = open_store(folder.path("s.sqlite"), StoreUse::write), b = open_store(folder.path("s.sqlite"), StoreUse::write);
  a->begin(p, run_named("a", p));
  b->begin(p, run_named("b", p));
  for (int64_t i = 0; i < 5; ++i) {
    a->add(trial("a", i, 1.1));
    b->add(trial("b", i, 1.1));
    b->commit();
    a->commit();
  }
  CHECK(a->trials(p.key()).size() == 10);
}

TEST_CASE("a store from a newer version, another program's file and a damaged one are told apart") {
  Folder folder;
  open_store(folder.path("new.sqlite"), StoreUse::write);
  SqlDatabase(folder.path("new.sqlite"), true).run("PRAGMA user_version=99");
  SqlDatabase(folder.path("other.sqlite"), true).run("CREATE TABLE t(x)");
  std::ofstream(folder.path("text.sqlite")) << std::string(5000, 'x');
  const auto opened = [&](const char* name, StoreUse use) { return error_of([&] { open_store(folder.path(name), use); }); };
  for (StoreUse use : {StoreUse::read, StoreUse::write}) {
    CHECK(contains(opened("new.sqlite", use), "L603 lathe: store: "));
    CHECK(contains(opened("new.sqlite", use), "is from a newer Lathe: got version 99, need version 1 or older"));
    CHECK(contains(opened("other.sqlite", use), "is no tuning store: got another program's database"));
    CHECK(contains(opened("text.sqlite", use), "L602"));
  }
  CHECK(contains(opened("none.sqlite", StoreUse::read), "cannot be opened"));
  CHECK(contains(error_of([] { open_store("/proc/none/s.sqlite", StoreUse::write); }), "L602"));
}

TEST_CASE("a torn record is found out, and what is whole is not") {
  Folder folder;
  const Problem p = problem_of_size(8);
  std::string path = folder.path("s.sqlite");
  {
    const auto store = open_store(path, StoreUse::write);
    store->begin(p, run_named("r", p));
    for (int64_t i = 0; i < 200; ++i) store->add(trial("r", i, 1.1));
    store->commit();
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  CHECK(contains(error_of([&] { all_of(*open_store(path, StoreUse::read)); }), "L602"));
}

TEST_CASE("a full store says so, keeps what was committed and can be read") {
  Folder folder;
  const Problem p = problem_of_size(8);
  const auto store = open_store(folder.path("s.sqlite"), StoreUse::write, 64 << 10);
  store->begin(p, run_named("r", p));
  int64_t committed = 0;
  const std::string failure = error_of([&] {
    for (int64_t i = 0; i < 2000; ++i) {
      Trial large = trial("r", i, 1.1);
      large.schedule.assign(1000, '#');
      store->add(large);
      store->commit();
      ++committed;
    }
  });
  CHECK(contains(failure, "L604 lathe: store: "));
  CHECK(committed > 10);
  CHECK(static_cast<int64_t>(open_store(folder.path("s.sqlite"), StoreUse::read)->trials(p.key()).size()) == committed);
}

TEST_CASE("a store that is only read cannot be written") {
  Folder folder;
  const Problem p = problem_of_size(8);
  open_store(folder.path("s.sqlite"), StoreUse::write)->begin(p, run_named("r", p));
  SqlDatabase database(folder.path("s.sqlite"), true);
  database.run("PRAGMA query_only=1");
  CHECK(contains(error_of([&] { database.run("DELETE FROM runs"); }), "L602"));
}

}  // namespace
}  // namespace lathe::tuner
