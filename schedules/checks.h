// What can be wrong with a directive whatever the loops are: constants that are no factor, widths, row counts, spaces.
// The text form and the C++ form both ask; `where` is blamed.
#pragma once

#include "schedules/schedule.h"

namespace lathe {

void check_factor(std::string_view what, const Expr& value, const SourceLocation& where, int64_t lowest = 1);   // an integer
void check_condition(std::string_view what, const Expr& value, const SourceLocation& where);  // a boolean
void check_value(DirectiveKind kind, const Expr& value, const SourceLocation& where);         // what the directive takes
void check_last(DirectiveKind kind, const Expr& value, const SourceLocation& where);          // its second value
void check_index(const Expr& value, const SourceLocation& where);                             // of trace
void check_class(const TileClass& row, const SourceLocation& where);
void check_row_count(const RowCount& row, const RowCount* before, const SourceLocation& where);
void check_digit(const Digit& digit, const SourceLocation& where);
void check_space(const std::string& space, const SourceLocation& where);
void check_range(const ScheduleParam& param);

// --- Names. The text form asks word by word as it reads, so that columns are right; check_names asks for a whole schedule,
// which may have been built in C++.
std::vector<std::string> stages_of(const Operator& op);     // what directives may stand on: Funcs, their updates, inputs
[[noreturn]] void unknown_stage(const Operator& op, const std::string& name, const std::vector<std::string>& known,
                                const SourceLocation& where);
void check_new_param(const std::string& name, bool taken, const SourceLocation& where);
void check_new_name(DirectiveKind kind, const std::string& name, const std::vector<std::string>& known, const SourceLocation& where);
void check_names(const Schedule& schedule, const Operator& op);

// "did you mean split?", or "" when no name is near.
std::string hint_for(std::string_view name, const std::vector<std::string>& names);

}  // namespace lathe
