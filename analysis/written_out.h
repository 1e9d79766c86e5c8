// A reduction of few terms as one formula.
#pragma once

#include <optional>

#include "lang/algorithm.h"

namespace lathe {

// The pure Func of the same values, whose formula has each term: combine(combine(identity, term 0), term 1), ..., in the order of
// the definition. None where the number of terms is not known or large, where a term may be absent (`outside none`), and where
// the combiner reads what it has so far more than once: the formula would double with each term.
std::optional<FuncContents> written_out(const FuncContents& f);

}  // namespace lathe
