#include "jit/lower/split_choices.h"

#include <algorithm>
#include <optional>

namespace lathe {

namespace {

constexpr size_t kMostPieces = 4;

// A comparison that holds below a bound of one index, or from there on.
struct Choice {
  Expr condition;
  size_t dimension = 0;
  Expr bound;
  bool below = true;
};

bool reads_with_rule(const Expr& e, const std::string& var) {
  bool found = false;
  visit(e, [&](const Expr& node) {
    if (node.kind() != ExprKind::access || node->boundary != Boundary::constant) return;
    for (const Expr& index : node.args()) found = found || uses_var(index, var);
  });
  return found;
}

// c.arg(0) < c.arg(1), or one of its kin, as a bound of one of the indices by what no index changes.
std::optional<Choice> choice_of(const Expr& c, const std::vector<std::string>& vars) {
  if (!(c.is_op(Op::lt) || c.is_op(Op::le) || c.is_op(Op::gt) || c.is_op(Op::ge)) || c.arg(0).type() != Type{DType::i64, 1}) return std::nullopt;
  const bool less = c.is_op(Op::lt) || c.is_op(Op::le), equal = c.is_op(Op::le) || c.is_op(Op::ge);
  const Expr apart = simplify(c.arg(0) - c.arg(1));         // compared with 0
  for (size_t d = 0; d < vars.size(); ++d) {
    const auto linear = Polynomial::of(apart).linear_in(vars[d]);
    const auto slope = linear ? linear->first.constant() : std::nullopt;
    if (!slope || (*slope != 1 && *slope != -1)) continue;
    const Expr zero = simplify(*slope == 1 ? make_integer(DType::i64, 0) - linear->second.expr() : linear->second.expr());
    if (std::any_of(vars.begin(), vars.end(), [&](const std::string& v) { return uses_var(zero, v); })) return std::nullopt;
    if (is_integer_constant(zero)) return std::nullopt;     // a few points at an end, or of a few
    const bool below = less == (*slope == 1);
    // below: v < zero, v <= zero; else v > zero, v >= zero.
    const bool next = below == equal;
    return Choice{c, d, next ? simplify(zero + make_integer(DType::i64, 1)) : zero, below};
  }
  return std::nullopt;
}

std::optional<Choice> first_choice(const FuncContents& f) {
  std::optional<Choice> found;
  for (const Expr& value : f.values) {
    visit(value, [&](const Expr& e) {
      if (found || !e.is_op(Op::select)) return;
      std::optional<Choice> choice = choice_of(e.arg(0), f.vars);
      if (choice && (reads_with_rule(e.arg(1), f.vars[choice->dimension]) || reads_with_rule(e.arg(2), f.vars[choice->dimension]))) found = std::move(choice);
    });
  }
  return found;
}

// The side on which the condition is known.
Piece side_of(const Piece& whole, const Choice& choice, bool holds) {
  Piece piece = whole;
  for (Expr& value : piece.func.values) {
    value = simplify(transform(value, [&](const Expr& e) { return e == choice.condition ? make_integer(DType::boolean, holds) : e; }));
  }
  return piece;
}

}  // namespace

std::vector<Piece> split_choices(Piece whole, const Facts& facts) {
  std::vector<Piece> done, open{std::move(whole)};
  while (!open.empty()) {
    Piece next = std::move(open.back());
    open.pop_back();
    const std::optional<Choice> choice = first_choice(next.func);
    if (!choice || done.size() + open.size() + 2 > kMostPieces) {
      done.push_back(std::move(next));
      continue;
    }
    const Expr &low = next.lowest[choice->dimension], &extent = next.extent[choice->dimension];
    const Expr cut = simplify(max(low, min(choice->bound, low + extent)), facts);
    Piece first = side_of(next, *choice, choice->below), second = side_of(next, *choice, !choice->below);
    first.extent[choice->dimension] = simplify(cut - low, facts);
    second.extent[choice->dimension] = simplify(low + extent - cut, facts);
    second.lowest[choice->dimension] = cut;
    open.push_back(std::move(second));                      // the first side first
    open.push_back(std::move(first));
  }
  return done;
}

}  // namespace lathe
