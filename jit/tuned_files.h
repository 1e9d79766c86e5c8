// What tuning found, as text that `compile` reads without being asked (docs/tuning.md): a file for each algorithm and
// machine, with the schedules of some calls, each under the condition of its sizes and strides. No database is linked
// for it.
#pragma once

#include <string>
#include <vector>

#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

// The file of an operator, static parameters replaced; "": there is no folder ($LATHE_TUNED, or the user's folder of
// data).
std::string tuned_file(const Operator& op, const Target& target);
// Its text; "": there is none.
std::string tuned_text(const Operator& op, const Target& target);
// The schedules in it that still parse, the newest first.
std::vector<Schedule> kept_schedules(const Operator& op, const std::string& text);

// Adds a schedule that holds under one condition; one that holds under the same gives way, and the oldest of too many.
// Does nothing where there is no folder; a message says why a file cannot be written (support/messages.h).
void keep_tuned(const Operator& op, const Target& target, const Schedule& schedule);
// Takes away what holds under this condition.
void forget_tuned(const Operator& op, const Target& target, const Expr& condition);

// The variants of these schedules before those of another one.
Schedule with_variants_first(const std::vector<Schedule>& first, const Schedule& schedule);

}  // namespace lathe
