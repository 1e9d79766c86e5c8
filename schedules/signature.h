// The argument slots of a directive, read from its row in directives.def: what parser and printer walk over.
//
//   "F.prefetch(G, l, e)"              func, loop, value
//   "F.store_in(space[, at = l])"      space, and optionally `at =` before a loop
//   "F.reorder(l, ...)"                loops
#pragma once

#include "schedules/schedule.h"

namespace lathe {

enum class SlotKind : uint8_t {
  loop,   // a loop, dimension or digit name, in Directive::loops
  loops,  // one or more of them
  digits, // Directive::digits, one or more
  func,   // Directive::target
  name,   // Directive::name, a new name
  value,  // Directive::value; behind `when` a condition, else an integer
  last,   // Directive::last, an integer
  point,  // Directive::point, integers, one or more
  instruction,  // Directive::name, of a machine instruction
  space,  // Directive::space
  fact,   // Directive::fact
  even,   // the word `even`
};

struct Slot {
  SlotKind kind;
  bool optional;                      // written in brackets; optional slots come last
  std::vector<std::string> keywords;  // written before the value: {"at", "="}, {"when"}
};

// Null for tile and tail, whose forms are their own.
const std::vector<Slot>* slots_of(DirectiveKind kind);

}  // namespace lathe
