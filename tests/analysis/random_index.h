// Random integer index expressions over variables with known ranges, and their values: what the property tests of this
// folder draw from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "analysis/simplify.h"
#include "lang/interpret.h"
#include "tests/fuzz/random.h"

namespace lathe {

using Assignment = std::map<std::string, int64_t>;

inline Expr integer(int64_t value) { return make_integer(DType::i64, value); }

inline Scalar scalar_of(const Expr& e, const Assignment& at) {
  if (e.kind() == ExprKind::constant) return {e.type().dtype, e->integer_value, 0};
  if (e.kind() == ExprKind::var) return {DType::i64, at.at(e->name), 0};
  std::vector<Scalar> args;
  for (const Expr& a : e.args()) args.push_back(scalar_of(a, at));
  return evaluate(e->op, args);
}
inline int64_t value_of(const Expr& e, const Assignment& at) { return scalar_of(e, at).integer; }

// Some variables, each between two bounds; later ones may name earlier ones: i in 0..N - 1.
class RandomRanges {
 public:
  explicit RandomRanges(Random& random) {
    const std::vector<std::string> names = {"N", "M", "i", "j"};
    for (size_t v = 0; v < names.size(); ++v) {
      Expr low = integer(random.between(-2, 2)), high = low + integer(random.between(0, 3));
      if (v >= 2 && random.chance(60)) high = make_var(names[static_cast<size_t>(random.below(2))]) - integer(random.between(0, 1));
      if (random.chance(30)) low = integer(0);
      variables.push_back({names[v], {low, high}});
      facts.bound(names[v], low, high);
    }
  }

  // Every assignment that the ranges allow.
  void for_each(const std::function<void(const Assignment&)>& visit) const {
    Assignment at;
    assign(0, at, visit);
  }

  std::vector<std::pair<std::string, Range>> variables;     // those that a bound names come before it
  Facts facts;

 private:
  void assign(size_t next, Assignment& at, const std::function<void(const Assignment&)>& visit) const {
    if (next == variables.size()) return visit(at);
    const auto& [name, range] = variables[next];
    const int64_t high = value_of(range.highest, at);
    for (int64_t v = value_of(range.lowest, at); v <= high; ++v) {
      at[name] = v;
      assign(next + 1, at, visit);
    }
    at.erase(name);
  }
};

// An i64 expression of at most this depth. `compound`: with floor divisions, remainders, min, max and select.
inline Expr random_index(Random& random, int depth, bool compound);

inline Expr random_condition(Random& random, int depth, bool compound) {
  const Expr a = random_index(random, depth - 1, compound), b = random_index(random, depth - 1, compound);
  const Op op = random.pick<Op>({Op::lt, Op::le, Op::gt, Op::ge, Op::eq, Op::ne});
  Expr condition = make_op(op, {a, b});
  if (depth > 1 && random.chance(25)) {
    condition = make_op(random.chance(50) ? Op::bit_and : Op::bit_or, {condition, random_condition(random, depth - 1, compound)});
  }
  return random.chance(15) ? ~condition : condition;
}

inline Expr random_index(Random& random, int depth, bool compound) {
  if (depth <= 0 || random.chance(20)) {
    if (random.chance(30)) return integer(random.between(-3, 5));
    return make_var(random.pick<std::string>({"N", "M", "i", "j", "i", "j"}));
  }
  const auto part = [&] { return random_index(random, depth - 1, compound); };
  switch (random.below(compound ? 10 : 5)) {
    case 0: return part() + part();
    case 1: return part() - part();
    case 2: return part() * integer(random.between(-3, 4));
    case 3: return part() * part();
    case 4: return -part();
    case 5: return part() / (random.chance(70) ? integer(random.between(1, 4)) : part());
    case 6: return part() % (random.chance(70) ? integer(random.between(1, 4)) : part());
    case 7: return min(part(), part());
    case 8: return max(part(), part());
    default: return select(random_condition(random, depth - 1, compound), part(), part());
  }
}

}  // namespace lathe
