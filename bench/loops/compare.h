// Whether hot loops got worse: what was counted before against what is counted now.
#pragma once

#include <string>
#include <vector>

#include "bench/loops/case_loops.h"

namespace lathe::loops {

struct Worse {
  std::string where;                 // the function of the loop, or the case as a whole
  std::vector<std::string> reasons;  // "loads: 8 -> 9"; each begins with the name of a count
  std::string before, after;         // both loops as text; "" where there is none

  std::string text() const;
};

// Loops of the same shape are equal. Others are paired with those that are most like them, in order. A count is worse
// where it grows beyond what the loop does more of in an iteration; a loop that nothing is like, where it spills,
// divides, or computes one number at a time; the case, where its code as a whole grows by more than a tenth.
std::vector<Worse> what_got_worse(const CaseLoops& before, const CaseLoops& now, const Target& target);

}  // namespace lathe::loops
