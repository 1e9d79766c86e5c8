// Tuning stores, records and workers that are not what they should be.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <functional>

#include "lang/text.h"
#include "tests/bad_inputs/kinds.h"
#include "tests/errors.h"
#include "tests/tools/helpers.h"
#include "tuner/check_records.h"
#include "tuner/jobs.h"
#include "tuner/sqlite.h"
#include "tuner/tune.h"

namespace lathe {
namespace {

using tuner::StoreUse;

struct BadRecord {
  std::string kind;
  std::function<void(const tools::TemporaryFolder&)> use;
  std::string answer;                                       // without the folder's name
};

tuner::Problem problem() {
  const char* const text = "f(X: f32[N]) -> Y: f32[N]\n  Y[i] = 2 * X[i]\n";
  return tuner::problem_of(parse_file_text(text, "f.lathe").operators.at(0), {{"N", 8}}, 1, target_named("x86-64-v2"));
}

tuner::Records records_with(const std::string& schedule) {
  tuner::Records records{{problem()}, {{"r", problem().key(), 1, 1, "", "", "0", "0", ""}}, {{}}};
  records.trials[0].run = "r";
  records.trials[0].schedule = schedule;
  return records;
}

void open(const tools::TemporaryFolder& folder, const char* name, StoreUse use = StoreUse::read) {
  tuner::all_of(*tuner::open_store(folder.path(name), use));
}

void refuse_unfit(const std::string& schedule) {
  tuner::Records records = records_with(schedule);
  for (const Error& error : tuner::remove_unfit(records)) throw error;
}

void damage(const tools::TemporaryFolder& folder) {
  const std::string path = folder.path("s.sqlite");
  tuner::Records many = records_with("");
  for (int64_t i = 1; i < 200; ++i) {
    many.trials.push_back(many.trials[0]);
    many.trials.back().number = i;
    many.trials.back().detail.assign(200, 'x');
  }
  tuner::open_store(path, StoreUse::write)->merge(many);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}

std::vector<BadRecord> cases() {
  return {
      {"tuning store", [](const auto& folder) {
         tuner::open_store(folder.path("s.sqlite"), StoreUse::write);
         tuner::SqlDatabase(folder.path("s.sqlite"), true).run("PRAGMA user_version=9");
         open(folder, "s.sqlite");
       },
       "L603 lathe: store: s.sqlite is from a newer Lathe: got version 9, need version 1 or older\n"
       "  hint: `lathe store export` of that Lathe writes text"},
      {"tuning store", [](const auto& folder) {
         tuner::SqlDatabase(folder.path("s.sqlite"), true).run("CREATE TABLE t(x)");
         open(folder, "s.sqlite", StoreUse::write);
       },
       "L602 lathe: store: s.sqlite is no tuning store: got another program's database, need a file that `lathe tune` wrote"},
      {"tuning store", [](const auto& folder) {
         folder.write("s.sqlite", std::string(4096, 'x'));
         open(folder, "s.sqlite");
       },
       "L602 lathe: store: s.sqlite is no tuning store, or is damaged: got file is not a database, need a file that `lathe tune` wrote\n"
       "  hint: move it away; what was exported can be imported into a new one"},
      {"tuning store", [](const auto& folder) {
         damage(folder);
         open(folder, "s.sqlite");
       },
       "L602 lathe: store: s.sqlite is no tuning store, or is damaged: got database disk image is malformed, need a file that `lathe tune` wrote\n"
       "  hint: move it away; what was exported can be imported into a new one"},
      {"tuning store", [](const auto& folder) { open(folder, "none.sqlite"); },
       "L602 lathe: store: none.sqlite cannot be opened: got unable to open database file, need a file that can be read"},
      {"tuning store", [](const auto& folder) {
         const auto store = tuner::open_store(folder.path("s.sqlite"), StoreUse::write, 48 << 10);
         tuner::Records large = records_with(std::string(100'000, '#'));
         store->merge(large);
       },
       "L604 lathe: store: s.sqlite cannot grow: got database or disk is full, need room on the disk, or a larger limit\n"
       "  hint: what was committed before is kept; tuning goes on from there"},
      {"tuning record", [](const auto&) { refuse_unfit("schedule for f\nY.vectorize(k)\n"); },
       "L606 lathe: records: trial r/0 of f: got lathe: schedule: Y has no loop of this name: got k, need one of i, "
       "need a schedule that this Lathe accepts"},
      {"tuning record", [](const auto&) { tuner::parse_records("{\"lathe_records\":2}\n", "r.jsonl"); },
       "L603 lathe: records: r.jsonl is from a newer Lathe: got version 2, need version 1 or older\n"
       "  at r.jsonl:1:1"},
      {"tuning record", [](const auto&) { tuner::parse_records("{\"lathe_records\":1}\n{\"walk\":1}\n", "r.jsonl"); },
       "L101 lathe: records: a line of tuning records: got neither a problem, a run nor a trial, need a line that `lathe store export` wrote\n"
       "  at r.jsonl:2:1"},
      {"tuning record", [](const auto&) { parse_trace("C.rows"); },
       "L101 lathe: parse: a trace of decisions: got C.rows, need name=answer"},
      {"tuning worker", [](const auto&) {
         tuner::MeasureOptions options;
         options.worker = {"/nowhere/lathe"};
         tuner::TuneOptions tuning;
         tuning.sizes = {{"N", 8}};
         tuning.target = target_named("x86-64-v2");
         tuning.measure = options;
         tuner::tune(parse_file_text(problem().algorithm, "f.lathe").operators.at(0), tuning, nullptr);
       },
       "L605 lathe: tune: the worker /nowhere/lathe does not start: got No such file or directory, need the lathe program"},
      {"tuning job", [](const auto&) { tuner::parse_job("[[tune]]\nsizes = [\"N=8\"]\n", "j.toml"); },
       "L401 lathe: job: operator: got none, need FILE[:op] or stdlib:op\n"
       "  at j.toml:1:1"},
      {"tuning job", [](const auto&) { tuner::parse_job("budget = \"soon\"\n", "j.toml"); },
       "L401 lathe: job: budget: got soon, need a time such as 30s, 10m or 8h\n"
       "  at j.toml:1:10"},
  };
}

}  // namespace

std::vector<BadInput> bad_records() {
  std::vector<BadInput> list;
  for (const BadRecord& bad : cases()) list.push_back({bad.kind, "", bad.answer});
  return list;
}

TEST_CASE("bad stores, records and workers of tuning are answered with code and words") {
  for (const BadRecord& bad : cases()) {
    const tools::TemporaryFolder folder;
    std::string answer = error_of([&] { bad.use(folder); });
    const std::string path = folder.path();
    for (size_t at = answer.find(path); at != std::string::npos; at = answer.find(path)) answer.erase(at, path.size());
    CHECK(answer == bad.answer);
  }
}

}  // namespace lathe
