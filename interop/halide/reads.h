// Who reads what in an operator, and how much of each Func is needed.
#pragma once

#include <functional>
#include <optional>

#include "analysis/simplify.h"
#include "lang/algorithm.h"

namespace lathe {

bool holds_data(const Expr& e);

// Calls for each read of `func` on the right sides of the operator, with the Func that reads.
void for_each_read(const Operator& op, const std::string& func,
                   const std::function<void(const FuncContents& reader, const Expr& read)>& visit);

// For each index of each Func the range, over sizes, that outputs and readers need; none where it is not known.
using NeededRanges = std::map<std::string, std::vector<std::optional<Range>>>;
NeededRanges needed_ranges(const Operator& op);

}  // namespace lathe
