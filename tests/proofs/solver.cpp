#include "tests/proofs/solver.h"

#include <sstream>
#include <stdexcept>

#include "lang/text.h"

namespace lathe::test {
namespace {

constexpr unsigned resource_limit = 2'000'000;              // Z3's own count: about a second

}  // namespace

Solver::Solver(const std::vector<std::pair<std::string, Range>>& ranges) : solver_(context_) {
  z3::params limits(context_);
  limits.set("rlimit", resource_limit);
  solver_.set(limits);
  for (const auto& [name, range] : ranges) {
    const z3::expr var = context_.int_const(name.c_str());
    if (range.lowest.defined()) solver_.add(var >= integer(range.lowest));
    if (range.highest.defined()) solver_.add(var <= integer(range.highest));
  }
}

// By a number: Z3's own, whose remainder is never negative, which for a positive divisor is the floor. By anything else:
// the one integer that leaves a remainder between 0 and the divisor, which Z3 takes further than its own.
z3::expr Solver::quotient(const z3::expr& a, const z3::expr& b) {
  if (b.is_numeral()) return z3::ite(b > 0, a / b, z3::ite(b < 0, (-a) / (-b), context_.int_val(0)));
  for (const Quotient& known : quotients_) if (z3::eq(known.a, a) && z3::eq(known.b, b)) return known.q;
  const z3::expr q = context_.int_const(("quotient " + std::to_string(quotients_.size())).c_str());
  solver_.add(z3::implies(b > 0, b * q <= a && a < b * q + b));
  solver_.add(z3::implies(b < 0, b * q >= a && a > b * q + b));
  solver_.add(z3::implies(b == 0, q == 0));
  quotients_.push_back({a, b, q});
  return q;
}

z3::expr Solver::integer(const Expr& e) {
  if (e.kind() == ExprKind::constant) return context_.int_val(e->integer_value);
  if (e.kind() == ExprKind::var) return context_.int_const(e->name.c_str());
  if (e.kind() != ExprKind::op) throw std::invalid_argument("no index expression: " + print(e));
  if (e.is_op(Op::select)) return z3::ite(truth(e.arg(0)), integer(e.arg(1)), integer(e.arg(2)));
  const z3::expr a = integer(e.arg(0));
  if (e.is_op(Op::neg)) return -a;
  const z3::expr b = integer(e.arg(1));
  switch (e->op) {
    case Op::add: return a + b;
    case Op::sub: return a - b;
    case Op::mul: return a * b;
    case Op::div: return quotient(a, b);
    case Op::mod: return z3::ite(b == 0, context_.int_val(0), a - quotient(a, b) * b);
    case Op::min: return z3::ite(a <= b, a, b);
    case Op::max: return z3::ite(a >= b, a, b);
    default: throw std::invalid_argument("no index expression: " + print(e));
  }
}

z3::expr Solver::truth(const Expr& e) {
  if (e.kind() == ExprKind::constant) return context_.bool_val(e->integer_value != 0);
  if (e.is_op(Op::bit_not)) return !truth(e.arg(0));
  if (e.is_op(Op::bit_and)) return truth(e.arg(0)) && truth(e.arg(1));
  if (e.is_op(Op::bit_or)) return truth(e.arg(0)) || truth(e.arg(1));
  if (e.is_op(Op::select)) return z3::ite(truth(e.arg(0)), truth(e.arg(1)), truth(e.arg(2)));
  if (e.kind() == ExprKind::var) return context_.bool_const(e->name.c_str());
  const z3::expr a = integer(e.arg(0)), b = integer(e.arg(1));
  switch (e->op) {
    case Op::lt: return a < b;
    case Op::le: return a <= b;
    case Op::gt: return a > b;
    case Op::ge: return a >= b;
    case Op::eq: return a == b;
    case Op::ne: return a != b;
    default: throw std::invalid_argument("no condition: " + print(e));
  }
}

Proof Solver::unless(const z3::expr& opposite) {
  solver_.push();
  solver_.add(opposite);
  const z3::check_result result = solver_.check();
  if (result == z3::sat) {
    counterexample_ = (std::ostringstream() << solver_.get_model()).str();
  }
  solver_.pop();
  return result == z3::unsat ? Proof::proved : result == z3::sat ? Proof::refuted : Proof::too_hard;
}

Proof Solver::equal(const Expr& a, const Expr& b) {
  if (a.type().dtype == DType::boolean) return unless(truth(a) != truth(b));
  return unless(integer(a) != integer(b));
}

Proof Solver::holds(const Expr& condition) { return unless(!truth(condition)); }

}  // namespace lathe::test
