// Why the constructive scheduler decided as it did: sentences in the author's names, said where it decides.
//
//   Reasons reasons;
//   Decisions decisions({}, &reasons);
//   Schedule s = construct_schedule(op, target, decisions);   // reasons.of_variant(0): of its first variant
//
// A schedule may hold its nests in several forms (for few rows, for a short size), each with variants of its own; what is
// said of one form is not true of another.
#pragma once

#include <string>
#include <vector>

namespace lathe {

struct Reason {
  size_t form = 0;                                          // 0: of all forms
  std::string func, about;                                  // what is decided: "C", "vector"
  std::string text;                                         // a sentence without its full stop
};

class Reasons {
 public:
  size_t begin_form() { return form_ = ++forms_; }          // what is said from now on is of a form of its own
  void add_variant(size_t form) { variants_.push_back(form); }   // the schedule's next variant is of this form
  void say(std::string func, std::string about, std::string text) {
    all_.push_back({form_, std::move(func), std::move(about), std::move(text)});
  }

  // What is true of the schedule's variant of this number; behind the last, of its common directives. A schedule without
  // variants has one form.
  std::vector<Reason> of_variant(size_t variant) const {
    const size_t form = variant < variants_.size() ? variants_[variant] : 1;
    std::vector<Reason> said;
    for (const Reason& r : all_) if (r.form == 0 || r.form == form) said.push_back(r);
    return said;
  }

 private:
  std::vector<Reason> all_;
  std::vector<size_t> variants_;
  size_t form_ = 0, forms_ = 0;
};

}  // namespace lathe
