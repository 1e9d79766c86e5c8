// What can be wrong with a directive whatever the loops are: constants that are no factor, widths, row counts, spaces.
// The text form and the C++ form both ask; `where` is blamed.
#pragma once

#include "schedules/schedule.h"

namespace lathe {

void check_factor(std::string_view what, const Expr& value, const SourceLocation& where);     // an integer, at least 1
void check_condition(std::string_view what, const Expr& value, const SourceLocation& where);  // a boolean
void check_class(const TileClass& row, const SourceLocation& where);
void check_row_count(const RowCount& row, const RowCount* before, const SourceLocation& where);
void check_space(const std::string& space, const SourceLocation& where);
void check_range(const ScheduleParam& param);

// "did you mean split?", or "" when no name is near.
std::string hint_for(std::string_view name, const std::vector<std::string>& names);

}  // namespace lathe
