// What is refused of a variant's directives before any statement is written: names of what is not there, more than one
// place for a Func, directives on what has no loops. What depends on the nest itself is refused where it is written.
#pragma once

#include "jit/lower/nest.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

[[noreturn]] void refuse(ErrorCode code, const Directive& d, std::string got, std::string need, std::string hint = {});

// Whether a Func reads a tensor.
bool reads(const FuncContents& func, const std::string& tensor);

// The index of the Func that the directive names.
size_t index_named(const Directive& d, const FuncContents& func);

// About the operator after inlining.
class DirectiveChecks {
 public:
  DirectiveChecks(const Operator& op, const std::vector<Directive>& directives) : op_(op), directives_(directives) {}

  // The Func or loop of this name; the directive is refused where there is none.
  const FuncContents& func(const Directive& d, const std::string& name) const;
  std::string loop_of(const Directive& d, const FuncContents& f, const std::string& name) const;

  void check_stage(const Directive& d) const;
  void check_compute_at(const Directive& d) const;
  void check_epilogue(const Directive& d) const;
  // `stored`, `computed`: positions of those loops in the consumer's nest.
  void check_window(const Directive& d, const Nest& consumer, int stored, int computed, bool is_ring) const;
  void check_store_in(const Directive& d) const;
  void check_store_with(const Directive& d) const;
  void check_trace(const Directive& d) const;
  void check_stage_at(const Directive& d) const;
  void check_prefetch(const Directive& d) const;

 private:
  bool is_update(const std::string& name) const;
  bool is_copy(const std::string& name) const;
  void check_own_indices(const Directive& d, const FuncContents& reader, const FuncContents& producer) const;

  const Operator& op_;
  const std::vector<Directive>& directives_;
};

}  // namespace lathe
