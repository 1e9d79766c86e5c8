// Where trials are kept. A database implements this; SQLite does (sqlite_store.cpp). What commit() returned from is on disk
// and survives the death of the process at any instant. Several processes may use one store at a time.
#pragma once

#include <memory>

#include "tuner/record.h"

namespace lathe::tuner {

struct TrialName {
  std::string run;
  int64_t number = 0;
  bool operator==(const TrialName&) const = default;
};

class Store {
 public:
  virtual ~Store() = default;

  // --- What a search writes. A run and its problem are on disk when begin returns; trials when commit does.
  virtual void begin(const Problem& problem, const Run& run) = 0;
  virtual void add(const Trial& trial) = 0;
  virtual void commit() = 0;
  virtual void end(const std::string& run, const std::string& why) = 0;

  virtual void pin(const std::string& problem, const TrialName& trial) = 0;   // against later records
  virtual void unpin(const std::string& problem) = 0;
  virtual std::optional<TrialName> pinned(const std::string& problem) const = 0;

  virtual std::vector<Problem> problems() const = 0;
  virtual std::vector<Run> runs(const std::string& problem) const = 0;
  virtual std::vector<Trial> trials(const std::string& problem) const = 0;

  // Adds what is not there yet; how many trials were new. All or nothing.
  virtual int64_t merge(const Records& records) = 0;
};

enum class StoreUse : uint8_t { read, write };
// A file; with `write` made where there is none. Error{bad_store}, Error{newer_store}; `most_bytes` > 0: Error{store_full}
// where a commit would make it larger.
std::unique_ptr<Store> open_store(const std::string& path, StoreUse use, int64_t most_bytes = 0);
std::string default_store_path();                           // $LATHE_STORE, or in the user's folder of data

Records all_of(const Store& store);

// The trial that a problem's schedule comes from: the pinned one; else the fastest of those that were confirmed, and were
// faster than the constructed schedule; else the fastest of the others.
std::optional<Trial> best_trial(const Store& store, const std::string& problem);

}  // namespace lathe::tuner
