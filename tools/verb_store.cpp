// lathe store: the tuned records.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/choice.h"
#include "tools/files.h"
#include "tools/verbs.h"
#include "tuner/check_records.h"
#include "tuner/tuned.h"

namespace lathe::tools {
namespace {

struct StoreVerbOptions {
  std::string action, store;
  std::vector<std::string> words;
  bool json = false;
};

std::unique_ptr<tuner::Store> open(const StoreVerbOptions& options, tuner::StoreUse use) {
  return tuner::open_store(options.store.empty() ? tuner::default_store_path() : options.store, use);
}

const std::string& word(const StoreVerbOptions& options, size_t at, const std::string& need) {
  if (options.words.size() <= at) wrong_use("lathe store " + options.action + " lacks an argument", "nothing", need);
  return options.words[at];
}

tuner::Problem problem_named(const tuner::Store& store, const std::string& key) {
  std::vector<std::string> known;
  for (const tuner::Problem& p : store.problems()) {
    if (p.key() == key) return p;
    known.push_back(p.key());
  }
  std::string near = nearest_name(key, known);
  wrong_use("the store has no such record", key, "a name that `lathe store list` shows", near.empty() ? "" : "did you mean " + near + "?");
}

int list(const StoreVerbOptions& options) {
  const auto store = open(options, tuner::StoreUse::read);
  nlohmann::json rows = nlohmann::json::array();
  if (!options.json) {
    fmt::print("{:<17} {:<20} {:<28} {:>7} {:>7} {:>11} {:>8}  {}\n", "name", "operator", "sizes", "threads", "trials", "best us", "speedup", "");
  }
  for (const tuner::Problem& p : store->problems()) {
    const auto best = tuner::best_trial(*store, p.key());
    const size_t trials = store->trials(p.key()).size();
    const bool pinned = store->pinned(p.key()).has_value();
    if (options.json) {
      rows.push_back({{"name", p.key()}, {"operator", p.op}, {"sizes", p.sizes}, {"threads", p.threads}, {"target", p.target},
                      {"trials", trials}, {"best_us", best ? best->us : 0}, {"speedup", best ? best->speedup : 1}, {"pinned", pinned}});
    } else {
      fmt::print("{:<17} {:<20} {:<28} {:>7} {:>7} {:>11.2f} {:>8.2f}  {}\n", p.key(), p.op, tuner::print(p.sizes), p.threads, trials,
                 best ? best->us : 0, best ? best->speedup : 1, pinned ? "pinned" : best && best->confirmed ? "" : "not confirmed");
    }
  }
  if (options.json) fmt::print("{}\n", rows.dump(2));
  return good;
}

// Where the schedule of a record comes from.
int show(const StoreVerbOptions& options) {
  const auto store = open(options, tuner::StoreUse::read);
  const tuner::Problem p = problem_named(*store, word(options, 0, "the name of a record"));
  fmt::print("# {} at {}, {} threads\n# {}\n", p.op, tuner::print(p.sizes), p.threads, p.target);
  const auto best = tuner::best_trial(*store, p.key());
  if (!best) {
    fmt::print("# nothing faster than the constructed schedule in {} trials\n", store->trials(p.key()).size());
    return good;
  }
  for (const tuner::Run& r : store->runs(p.key())) {
    if (r.id != best->run) continue;
    fmt::print("# trial {}/{} of {}, seed {}, Lathe {}, LLVM {}\n", r.id, best->number, r.started, r.seed, r.lathe, r.llvm);
  }
  fmt::print("# {:.2f} us, {:.2f} times as fast as constructed, {} samples{}\n# {}\n{}", best->us, best->speedup, best->samples_us.size(),
             best->confirmed ? ", in a fresh process" : "", best->trace.empty() ? "the usual decisions" : best->trace, best->schedule);
  return good;
}

// Adds what still fits; names the rest.
int add_records(const StoreVerbOptions& options, tuner::Records records) {
  const std::vector<Error> unfit = tuner::remove_unfit(records);
  const int64_t added = open(options, tuner::StoreUse::write)->merge(records);
  for (const Error& error : unfit) fmt::print(stderr, "{}\n", error.what());
  fmt::print("{} trials, {} new, {} refused\n", records.trials.size() + unfit.size(), added, unfit.size());
  return unfit.empty() ? good : refused;
}

int merge(const StoreVerbOptions& options) {
  return add_records(options, tuner::all_of(*tuner::open_store(word(options, 0, "another store"), tuner::StoreUse::read)));
}

int import(const StoreVerbOptions& options) {
  const std::string& path = word(options, 0, "a file that `lathe store export` wrote");
  return add_records(options, tuner::parse_records(read_file(path, "store"), path));
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream in(tuner::print(tuner::all_of(*tuner::open_store(path, tuner::StoreUse::read))));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// What only one of two stores has.
int diff(const StoreVerbOptions& options) {
  const std::vector<std::string> a = lines_of(word(options, 0, "two stores")), b = lines_of(word(options, 1, "two stores"));
  std::vector<std::string> only_a, only_b;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only_a));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(only_b));
  for (const std::string& line : only_a) fmt::print("- {}\n", line);
  for (const std::string& line : only_b) fmt::print("+ {}\n", line);
  return only_a.empty() && only_b.empty() ? good : refused;
}

int pin(const StoreVerbOptions& options) {
  const auto store = open(options, tuner::StoreUse::write);
  const tuner::Problem p = problem_named(*store, word(options, 0, "the name of a record"));
  if (options.action == "unpin") {
    store->unpin(p.key());
    tuner::leave_for_compile(p, *store);
    return good;
  }
  std::optional<tuner::TrialName> trial;
  if (options.words.size() > 1) {
    const size_t slash = options.words[1].find('/');
    if (slash == std::string::npos) wrong_use("a trial to pin", options.words[1], "RUN/NUMBER, as `lathe store show` prints it");
    trial = {options.words[1].substr(0, slash), parse_integer(options.words[1].substr(slash + 1), "the number of a trial")};
  } else if (const auto best = tuner::best_trial(*store, p.key())) {
    trial = {best->run, best->number};
  }
  const std::vector<tuner::Trial> trials = store->trials(p.key());
  const bool known = trial && std::any_of(trials.begin(), trials.end(), [&](const tuner::Trial& t) {
    return t.run == trial->run && t.number == trial->number && t.outcome == tuner::Outcome::good;
  });
  if (!known) wrong_use("no such trial to pin", options.words.size() > 1 ? options.words[1] : "no trial that is faster", "a good trial of this record");
  store->pin(p.key(), *trial);
  tuner::leave_for_compile(p, *store);
  return good;
}

int run_store(const StoreVerbOptions& options) {
  if (options.action == "list") return list(options);
  if (options.action == "show") return show(options);
  if (options.action == "import") return import(options);
  if (options.action == "merge") return merge(options);
  if (options.action == "diff") return diff(options);
  if (options.action == "pin" || options.action == "unpin") return pin(options);
  fmt::print("{}", tuner::print(tuner::all_of(*open(options, tuner::StoreUse::read))));
  return good;
}

}  // namespace

Action add_store(CLI::App& app) {
  auto options = std::make_shared<StoreVerbOptions>();
  app.add_option("action", options->action,
                 "list | show NAME | export | import FILE | merge STORE | diff STORE STORE | pin NAME [RUN/NUMBER] | unpin NAME")
      ->required()
      ->check(CLI::IsMember({"list", "show", "export", "import", "merge", "diff", "pin", "unpin"}));
  app.add_option("words", options->words, "what the action takes");
  app.add_option("--store", options->store, "the file of records; $LATHE_STORE or the user's own if not given");
  app.add_flag("--json", options->json, "print JSON");
  return [options] { return run_store(*options); };
}

}  // namespace lathe::tools
