// Schedules that are refused: each is written once as text and once in C++, and both forms get the same reason, at the line
// where their author wrote the directive.
#pragma once

#include <functional>
#include <source_location>
#include <string>

#include "lang/algorithm.h"
#include "schedules/schedule.h"

namespace lathe {

struct Refusal {
  const char* op;                                           // one of refusals.lathe
  std::string lines;                                        // the schedule's text below its header
  std::function<void(ScheduleBuilder&)> build;              // the same in C++
  ErrorCode code;
  std::string message;                                      // "what: got ..., need ..."
  std::string blamed;                                       // stands in the line that the error points to
  std::string hint = "";
};

// Refuses on x86-64-v3, in both forms. `at` is the file of the C++ forms.
void check_refusals(const std::vector<Refusal>& refusals, std::source_location at = std::source_location::current());

}  // namespace lathe
