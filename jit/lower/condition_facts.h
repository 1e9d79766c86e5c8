// What a variant's condition tells about sizes: values, multiples and bounds.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "analysis/simplify.h"
#include "lang/algorithm.h"

namespace lathe {

void for_each_conjunct(const Expr& condition, const std::function<void(const Expr&)>& visit_one);
// Sizes that a conjunct `size == number` fixes.
Substitution pinned_sizes(const Expr& condition, const std::vector<SizeDecl>& sizes);
// For each size a number that it is a multiple of, as declared and by conjuncts `size % number == 0`; those above 1.
std::map<std::string, int64_t> multiples_of(const Expr& condition, const std::vector<SizeDecl>& sizes);
// Bounds of the variables that the facts know, from conjuncts that compare integers: N >= 16, W >= S + 7, 2*M < 100.
void assume(Facts& facts, const Expr& condition);

}  // namespace lathe
