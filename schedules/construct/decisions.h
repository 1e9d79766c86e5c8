// The choices that make a schedule, by name: what the constructive scheduler asks wherever it could go another way.
//
//   Decisions decisions({{"C.tile.rows", "4"}});
//   Schedule s = construct_schedule(op, target, decisions);   // made() tells what was asked, and what else could be answered
//
// Without wishes every answer is the usual one. A wish that is no option where it is asked is left aside, so the trace of
// one schedule, on another operator, target or version, gives one that is as near to it as that allows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schedules/construct/reasons.h"

namespace lathe {

using Trace = std::map<std::string, std::string>;           // decision -> answer

// "C.tile.rows=4 C.vector=j", and back; Error{syntax} for what is none.
std::string print(const Trace& trace);
Trace parse_trace(const std::string& text);

struct Decision {
  std::string name;                                         // "C.vector": the Func, and what is decided for it
  std::string taken, usual;
  std::vector<std::string> options;                         // words
  int64_t lowest = 0, highest = 0;                          // of a number: any between them
  bool is_number() const { return options.empty(); }
};

class Decisions {
 public:
  Decisions() = default;
  explicit Decisions(Trace wishes, Reasons* reasons = nullptr) : wishes_(std::move(wishes)), reasons_(reasons) {}

  std::string word(const std::string& name, const std::string& usual, const std::vector<std::string>& options);
  bool whether(const std::string& name, bool usual);
  int64_t number(const std::string& name, int64_t usual, int64_t lowest, int64_t highest);
  // An order of these names; the usual one is as given.
  std::vector<std::string> order(const std::string& name, const std::vector<std::string>& usual);

  const std::vector<Decision>& made() const { return made_; }   // in the order in which they were asked, each name once
  const Trace& wishes() const { return wishes_; }
  Trace trace() const;                                      // answers that are not the usual ones

  // Says why something of this Func is usual; `text` makes the sentence, where somebody wants it.
  template <class Text>
  void because(const std::string& func, const std::string& about, const Text& text) {
    if (reasons_) reasons_->say(func, about, text());
  }
  size_t begin_form() { return reasons_ ? reasons_->begin_form() : 0; }
  void add_variant(size_t form) { if (reasons_) reasons_->add_variant(form); }

 private:
  const std::string* wish(const std::string& name) const;
  std::string answered(Decision decision);
  Trace wishes_;
  std::vector<Decision> made_;
  Reasons* reasons_ = nullptr;                              // null: nobody asks why
};

}  // namespace lathe
