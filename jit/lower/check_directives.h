// What is refused of a variant's directives before any statement is written: names of what is not there, more than one
// place for a Func, directives on what has no loops. What depends on the nest itself is refused where it is written.
#pragma once

#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

[[noreturn]] void refuse(ErrorCode code, const Directive& d, std::string got, std::string need, std::string hint = {});

// Whether a Func reads a tensor.
bool reads(const FuncContents& func, const std::string& tensor);

// Funcs that are inlined: pure ones that are no outputs and that no directive places. Refuses two places of one Func, and
// directives on loops of a Func that has none.
std::vector<std::string> funcs_to_inline(const Operator& op, const std::vector<Directive>& directives);

// The rest, about the operator after inlining.
class DirectiveChecks {
 public:
  DirectiveChecks(const Operator& op, const std::vector<Directive>& directives) : op_(op), directives_(directives) {}

  // The Func or loop of this name; the directive is refused where there is none.
  const FuncContents& func(const Directive& d, const std::string& name) const;
  std::string loop_of(const Directive& d, const FuncContents& f, const std::string& name) const;

  void check_stage(const Directive& d) const;
  void check_compute_at(const Directive& d) const;
  void check_epilogue(const Directive& d) const;
  void check_store_in(const Directive& d) const;
  void check_stage_at(const Directive& d) const;
  void check_prefetch(const Directive& d) const;

 private:
  bool is_update(const std::string& name) const;
  bool is_copy(const std::string& name) const;

  const Operator& op_;
  const std::vector<Directive>& directives_;
};

}  // namespace lathe
