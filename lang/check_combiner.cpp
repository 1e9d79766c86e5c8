// Looks for a counterexample to the law of an author's combiner: associative, commutative, and its identity neutral, over the
// reals. Schedules combine partial results in any order, so a combiner that is none would give a result for each schedule.
// Tried on a few positive numbers in every component, in f64: what holds there is taken to hold. A strict operator keeps
// the written order, and may combine as it likes.
#include <fmt/format.h>

#include <cmath>

#include "lang/check_func.h"
#include "lang/interpret.h"
#include "lang/text.h"

namespace lathe {

namespace {

using Values = std::vector<Scalar>;

class Law {
 public:
  Law(const Combiner& combiner, const std::map<std::string, Scalar>& constants) : combiner_(combiner), constants_(constants) {}

  // What contradicts it; "" if nothing was found.
  std::string counterexample() {
    const Values none = constants(combiner_.identity);
    for (int draw = 0; draw < 24; ++draw) {
      const Values a = drawn(), b = drawn(), c = drawn();
      const std::string texts = fmt::format("a = {}, b = {}, c = {}", text(a), text(b), text(c));
      if (differ(combined(a, none), a)) return fmt::format("f(a, identity) = {} for {}", text(combined(a, none)), texts);
      if (differ(combined(a, b), combined(b, a))) {
        return fmt::format("f(a, b) = {} but f(b, a) = {} for {}", text(combined(a, b)), text(combined(b, a)), texts);
      }
      const Values left = combined(combined(a, b), c), right = combined(a, combined(b, c));
      if (differ(left, right)) return fmt::format("f(f(a, b), c) = {} but f(a, f(b, c)) = {} for {}", text(left), text(right), texts);
    }
    return "";
  }

 private:
  // Small numbers that differ: halves for floats, whole for integers.
  Values drawn() {
    Values values;
    for (const Expr& e : combiner_.identity) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      const auto number = static_cast<int64_t>(state_ >> 33) % 7 + 1;
      const DType type = e.type().dtype;
      if (is_float(type)) {
        values.push_back({DType::f64, 0, static_cast<double>(number) / 2});
      } else {
        values.push_back(convert(type, {DType::i64, type == DType::boolean ? number % 2 : number, 0}));
      }
    }
    return values;
  }

  Values combined(const Values& a, const Values& b) const {
    std::map<std::string, Scalar> operands = constants_;
    for (size_t i = 0; i < a.size(); ++i) {
      operands[combiner_.left[i]] = a[i];
      operands[combiner_.right[i]] = b[i];
    }
    Values result;
    for (const Expr& e : combiner_.combined) result.push_back(value(e, operands));
    return result;
  }

  Values constants(const std::vector<Expr>& expressions) const {
    Values result;
    for (const Expr& e : expressions) result.push_back(value(e, constants_));
    return result;
  }

  // Floats in f64, whatever their type.
  static DType wide(DType type) { return is_float(type) ? DType::f64 : type; }
  static Scalar value(const Expr& e, const std::map<std::string, Scalar>& names) {
    switch (e.kind()) {
      case ExprKind::constant: return {wide(e.type().dtype), e->integer_value, e->float_value};
      case ExprKind::var: return names.at(e->name);
      case ExprKind::cast: return convert(wide(e.type().dtype), value(e.arg(0), names));
      default: {
        std::vector<Scalar> args;
        for (const Expr& a : e.args()) args.push_back(value(a, names));
        return evaluate(e->op, args);
      }
    }
  }

  // Numbers that are not finite decide nothing.
  static bool differ(const Values& a, const Values& b) {
    bool unlike = false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!is_float(a[i].dtype)) {
        unlike = unlike || a[i].integer != b[i].integer;
        continue;
      }
      const double x = a[i].floating, y = b[i].floating;
      if (!std::isfinite(x) || !std::isfinite(y)) return false;
      unlike = unlike || std::fabs(x - y) > 1e-6 * (1 + std::fabs(x) + std::fabs(y));
    }
    return unlike;
  }

  static std::string text(const Values& values) {
    std::string list;
    for (const Scalar& s : values) {
      list += (list.empty() ? "" : ", ") + (is_float(s.dtype) ? fmt::format("{:.6g}", s.floating) : fmt::format("{}", s.integer));
    }
    return values.size() == 1 ? list : "(" + list + ")";
  }

  const Combiner& combiner_;
  const std::map<std::string, Scalar>& constants_;
  uint64_t state_ = 1;
};

// Bits of floats have no meaning in another type.
bool looks_at_bits(const Combiner& c) {
  bool found = false;
  for (const Expr& e : c.combined) {
    visit(e, [&](const Expr& node) { found = found || node.is_op(Op::bits_of) || node.is_op(Op::float_of_bits); });
  }
  return found;
}

}  // namespace

void check_combiner_law(const Operator& op, const FuncContents& f) {
  std::vector<DType> types;
  for (const Expr& e : f.combiner->identity) types.push_back(e.type().dtype);
  const std::shared_ptr<const Combiner> known = builtin_combiner(f.combiner->name, types);
  if (op.strict || looks_at_bits(*f.combiner) || (known && *known == *f.combiner)) return;
  std::map<std::string, Scalar> constants;                  // sizes and parameters may be anything: some small number
  for (const SizeDecl& s : op.sizes) constants[s.name] = {DType::i64, std::max<int64_t>(s.lowest, 3), 0};
  for (const ParamDecl& p : op.params) {
    constants[p.name] = is_float(p.dtype) ? Scalar{DType::f64, 0, p.default_value} : convert(p.dtype, {DType::f64, 0, p.default_value});
  }
  const std::string got = Law(*f.combiner, constants).counterexample();
  if (got.empty()) return;
  refuse(ErrorCode::bad_definition, fmt::format("the combiner {} of {} depends on the order", f.combiner->name, f.name), got,
         "one that is associative and commutative over the reals, with a neutral identity", f.where,
         "a line 'strict' keeps the written order; so does an update");
}

}  // namespace lathe
