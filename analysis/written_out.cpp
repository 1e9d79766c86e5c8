#include "analysis/written_out.h"

#include <algorithm>

#include "analysis/simplify.h"

namespace lathe {

namespace {

constexpr int64_t kMostTerms = 64;

// Number of terms; 0: not known, or too many.
int64_t terms_of(const FuncContents& f) {
  int64_t terms = 1;
  for (const ReductionVar& r : f.rvars) {
    int64_t extent = 0;
    if (!is_integer_constant(r.extent, &extent) || extent < 1 || extent > kMostTerms) return 0;
    terms *= extent;
    if (terms > kMostTerms) return 0;
  }
  return terms;
}

int uses_in_tree(const Expr& e, const std::vector<std::string>& names) {
  int uses = e.kind() == ExprKind::var && std::find(names.begin(), names.end(), e->name) != names.end();
  for_each_child(e, [&](const Expr& child) { uses += uses_in_tree(child, names); });
  return uses;
}

bool stays_small(const Combiner& combiner) {
  return std::all_of(combiner.combined.begin(), combiner.combined.end(),
                     [&](const Expr& e) { return uses_in_tree(e, combiner.left) <= 1; });
}

bool may_lack_terms(const FuncContents& f) {
  bool found = false;
  for (const Expr& value : f.values) {
    visit(value, [&](const Expr& e) { found = found || (e.kind() == ExprKind::access && e->boundary == Boundary::none); });
  }
  return found;
}

}  // namespace

std::optional<FuncContents> written_out(const FuncContents& f) {
  const int64_t terms = f.is_reduction() ? terms_of(f) : 0;
  if (terms == 0 || !stays_small(*f.combiner) || may_lack_terms(f)) return std::nullopt;
  const Combiner& combiner = *f.combiner;
  std::vector<Expr> values = combiner.identity;
  for (int64_t term = 0; term < terms; ++term) {
    Substitution place;
    int64_t rest = term;
    for (auto r = f.rvars.rbegin(); r != f.rvars.rend(); ++r) {
      int64_t extent = 1;
      is_integer_constant(r->extent, &extent);
      place.push_back({r->name, make_integer(DType::i64, rest % extent)});
      rest /= extent;
    }
    Substitution operands;
    for (size_t c = 0; c < values.size(); ++c) {
      operands.push_back({combiner.left[c], values[c]});
      operands.push_back({combiner.right[c], simplify(substitute(f.values[c], place))});
    }
    for (size_t c = 0; c < values.size(); ++c) values[c] = simplify(substitute(combiner.combined[c], operands));
  }
  FuncContents pure = f;
  pure.rvars.clear();
  pure.combiner = nullptr;
  pure.values = std::move(values);
  return pure;
}

}  // namespace lathe
