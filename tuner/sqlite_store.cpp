// The store on one machine. A rollback journal and synchronous=FULL: a commit that returned is on disk, whatever dies next,
// also where several processes write (a write-ahead log of this version can lose one then).
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "support/environment.h"
#include "support/error.h"
#include "tuner/sqlite.h"
#include "tuner/store.h"

namespace lathe::tuner {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kVersion = 1;
constexpr int64_t kApplication = 0x4c617468;                // "Lath": what kind of database the file is

constexpr const char* kTables[] = {
    "CREATE TABLE problems(key TEXT PRIMARY KEY, op TEXT, algorithm TEXT, sizes TEXT, threads INTEGER, target TEXT, level TEXT, layouts TEXT)",
    "CREATE TABLE runs(id TEXT PRIMARY KEY, problem TEXT REFERENCES problems, seed TEXT, budget_s REAL, started TEXT, "
    "ended TEXT, lathe TEXT, llvm TEXT, knew TEXT)",
    "CREATE TABLE trials(run TEXT REFERENCES runs, number INTEGER, trace TEXT, schedule TEXT, outcome TEXT, detail TEXT, "
    "us REAL, ratio REAL, speedup REAL, samples_us TEXT, confirmed INTEGER, PRIMARY KEY(run, number))",
    "CREATE TABLE pins(problem TEXT PRIMARY KEY REFERENCES problems, run TEXT, number INTEGER)",
    "CREATE INDEX runs_of ON runs(problem)",
};

class SqliteStore : public Store {
 public:
  SqliteStore(const std::string& path, StoreUse use, int64_t most_bytes) : path_(path), database_(path, use == StoreUse::write) {
    database_.run("PRAGMA journal_mode=DELETE");
    database_.run("PRAGMA synchronous=FULL");
    if (use == StoreUse::write && database_.is_read_only()) {
      throw Error(ErrorCode::bad_store, {.step = "store", .what = path + " cannot be written", .got = "a read-only file",
                                         .need = "a file and a folder that can be written"});
    }
    if (most_bytes > 0) {
      const int64_t pages = most_bytes / std::max<int64_t>(database_.integer("PRAGMA page_size"), 1);
      database_.run(fmt::format("PRAGMA max_page_count={}", std::max<int64_t>(pages, 1)).c_str());
    }
    if (use == StoreUse::write && version() == 0) database_.transaction([&] { create(); });
    check_version();
  }

  void begin(const Problem& problem, const Run& run) override {
    database_.transaction([&] {
      insert(problem);
      insert(run);
    });
  }

  void add(const Trial& trial) override { waiting_.push_back(trial); }

  void commit() override {
    if (waiting_.empty()) return;
    database_.transaction([&] { for (const Trial& t : waiting_) insert(t); });
    waiting_.clear();
  }

  void end(const std::string& run, const std::string& why) override {
    commit();
    database_.run("UPDATE runs SET ended = ? WHERE id = ?", {why, run});
  }

  void pin(const std::string& problem, const TrialName& trial) override {
    database_.run("INSERT OR REPLACE INTO pins VALUES(?, ?, ?)", {problem, trial.run, trial.number});
  }
  void unpin(const std::string& problem) override { database_.run("DELETE FROM pins WHERE problem = ?", {problem}); }
  std::optional<TrialName> pinned(const std::string& problem) const override {
    std::optional<TrialName> found;
    database_.query("SELECT run, number FROM pins WHERE problem = ?", {problem},
                    [&](const SqlRow& row) { found = {row.text(0), row.integer(1)}; });
    return found;
  }

  std::vector<Problem> problems() const override {
    std::vector<Problem> all;
    database_.query("SELECT op, algorithm, sizes, threads, target, level, layouts FROM problems ORDER BY op, key", {}, [&](const SqlRow& r) {
      all.push_back({r.text(0), r.text(1), nlohmann::json::parse(r.text(2)), static_cast<int>(r.integer(3)), r.text(4), r.text(5), r.text(6)});
    });
    return all;
  }

  std::vector<Run> runs(const std::string& problem) const override {
    std::vector<Run> all;
    database_.query("SELECT id, problem, seed, budget_s, started, ended, lathe, llvm, knew FROM runs WHERE problem = ? ORDER BY started, id",
                    {problem}, [&](const SqlRow& r) {
      all.push_back({r.text(0), r.text(1), std::stoull(r.text(2)), r.number(3), r.text(4), r.text(5), r.text(6), r.text(7), r.text(8)});
    });
    return all;
  }

  std::vector<Trial> trials(const std::string& problem) const override {
    std::vector<Trial> all;
    database_.query("SELECT run, number, trace, schedule, outcome, detail, us, ratio, speedup, samples_us, confirmed FROM trials "
                    "JOIN runs ON runs.id = trials.run WHERE runs.problem = ? ORDER BY runs.started, run, number",
                    {problem}, [&](const SqlRow& r) {
      all.push_back({r.text(0), r.integer(1), r.text(2), r.text(3), outcome_named(r.text(4)).value_or(Outcome::crash), r.text(5),
                     r.number(6), r.number(7), r.number(8), nlohmann::json::parse(r.text(9)), r.integer(10) != 0});
    });
    return all;
  }

  int64_t merge(const Records& records) override {
    int64_t added = 0;
    database_.transaction([&] {
      for (const Problem& p : records.problems) insert(p);
      for (const Run& r : records.runs) insert(r);
      for (const Trial& t : records.trials) added += insert(t);
    });
    return added;
  }

 private:
  int64_t version() const { return database_.integer("PRAGMA user_version"); }

  void create() const {
    if (version() != 0) return;                             // another process was first
    if (database_.integer("SELECT count(*) FROM sqlite_master") > 0) return;
    for (const char* table : kTables) database_.run(table);
    database_.run(fmt::format("PRAGMA application_id={}", kApplication).c_str());
    database_.run(fmt::format("PRAGMA user_version={}", kVersion).c_str());
  }

  void check_version() const {
    if (database_.integer("PRAGMA application_id") != kApplication) {
      throw Error(ErrorCode::bad_store, {.step = "store", .what = path_ + " is no tuning store", .got = "another program's database",
                                         .need = "a file that `lathe tune` wrote"});
    }
    if (version() > kVersion) {
      throw Error(ErrorCode::newer_store, {.step = "store", .what = path_ + " is from a newer Lathe",
                                           .got = fmt::format("version {}", version()),
                                           .need = fmt::format("version {} or older", kVersion), .where = {},
                                           .hint = "`lathe store export` of that Lathe writes text"});
    }
  }

  void insert(const Problem& p) const {
    database_.run("INSERT OR IGNORE INTO problems VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                  {p.key(), p.op, p.algorithm, nlohmann::json(p.sizes).dump(), int64_t{p.threads}, p.target, p.level, p.layouts});
  }
  void insert(const Run& r) const {
    database_.run("INSERT OR IGNORE INTO runs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  {r.id, r.problem, std::to_string(r.seed), r.budget_s, r.started, r.ended, r.lathe, r.llvm, r.knew});
  }
  int64_t insert(const Trial& t) const {
    database_.run("INSERT OR IGNORE INTO trials VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  {t.run, t.number, t.trace, t.schedule, std::string(name_of(t.outcome)), t.detail, t.us, t.ratio, t.speedup,
                   nlohmann::json(t.samples_us).dump(), int64_t{t.confirmed}});
    return database_.changes();
  }

  std::string path_;
  SqlDatabase database_;
  std::vector<Trial> waiting_;
};

}  // namespace

std::unique_ptr<Store> open_store(const std::string& path, StoreUse use, int64_t most_bytes) {
  std::error_code ignored;                                  // opening tells what is wrong
  if (use == StoreUse::write && fs::path(path).has_parent_path()) fs::create_directories(fs::path(path).parent_path(), ignored);
  return std::make_unique<SqliteStore>(path, use, most_bytes);
}

std::string default_store_path() {
  if (const std::string given(setting(Setting::store)); !given.empty()) return given;
  const std::string data(setting(Setting::user_data));
  return (data.empty() ? std::string(setting(Setting::home)) + "/.local/share" : data) + "/lathe/tuned.sqlite";
}

Records all_of(const Store& store) {
  Records all;
  all.problems = store.problems();
  for (const Problem& p : all.problems) {
    for (Run& r : store.runs(p.key())) all.runs.push_back(std::move(r));
    for (Trial& t : store.trials(p.key())) all.trials.push_back(std::move(t));
  }
  return all;
}

std::optional<Trial> best_trial(const Store& store, const std::string& problem) {
  const auto pinned = store.pinned(problem);
  std::vector<Trial> trials = store.trials(problem);
  std::set<std::string> no_faster;                          // where the search believed in noise
  for (const Trial& t : trials) if (t.confirmed && t.speedup <= 1) no_faster.insert(t.schedule);
  std::optional<Trial> best;
  for (Trial& t : trials) {
    if (pinned && t.run == pinned->run && t.number == pinned->number) return std::move(t);
    if (t.outcome != Outcome::good || t.speedup <= 1 || no_faster.count(t.schedule)) continue;
    const bool better = !best || (t.confirmed != best->confirmed ? t.confirmed : t.speedup > best->speedup);
    if (better) best = std::move(t);
  }
  return best;
}

}  // namespace lathe::tuner
