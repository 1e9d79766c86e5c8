// The point oracle: the machine with error bounds in its registers. A float is held in f64 beside a bound of how far a
// correct kernel's value, rounded in the declared types and reassociated, may be from it.
//
// Every operation adds 4u of what it adds up, where u is half a unit in the last place of the type: 4 leaves room for
// contraction and another order. A sum over n terms adds 4 n u times the sum of |terms|, which covers every order. A product
// is undecided where some order leaves the range of the type on the way, and a combiner of the author's that computes with floats
// where it meets NaN or infinity: combined with its identity first, as each part of a reduction is, (1 + 0i) (1 + inf i) is NaN.
// Continuous operators carry bounds on by their slope. The others (comparisons, floor, casts to integers, a select
// whose condition is not certain) either give the same result all over the interval, or are undecided; whatever is
// computed from an undecided value is undecided too. NaN and infinity have bound 0: they have to come out exactly.
// A minimum or maximum that is zero has no certain sign: what tells the zeros apart, as 1/x does, is undecided there.
#include <cmath>
#include <limits>

#include "lang/machine.h"

namespace lathe {
namespace {

struct Bounded {
  Cell cell;
  double bound = 0;
  double magnitude = 0;                                     // of a sum under way: the sum of |terms|
  double highest = 0, lowest = 0;                           // of a product under way: log2 of what its parts may reach in any order
  bool decided = true;
  bool either_zero = false;                                 // 0, and which of the two zeros is unspecified
};

struct FloatType {
  double unit, largest, smallest;                           // half a unit in the last place of 1; finite; above 0
};
const FloatType& limits_of(DType type) {
  static constexpr FloatType of_f16{0x1p-11, 65504, 0x1p-24}, of_bf16{0x1p-8, 0x1.FEp127, 0x1p-133};
  static constexpr FloatType of_f32{0x1p-24, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()};
  static constexpr FloatType of_f64{0x1p-53, std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min()};
  switch (type) {
    case DType::f16: return of_f16;
    case DType::bf16: return of_bf16;
    case DType::f32: return of_f32;
    default: return of_f64;
  }
}
double unit_of(DType type) { return limits_of(type).unit; }
double largest_of(DType type) { return limits_of(type).largest; }
double smallest_of(DType type) { return limits_of(type).smallest; }

constexpr double slack = 4;                                 // units for an operation of IEEE
constexpr double math_slack = 16;                           // units for exp and the like
constexpr double log2_of_e = 1.5, two_by_root_pi = 1.13;      // slopes, rounded up

Bounded exact(Cell cell) { return {.cell = cell}; }

// The last word on a new float: NaN, infinity and overflow.
Bounded settled(DType type, Bounded r, bool special_operands) {
  const double value = r.cell.f;
  if (std::isfinite(value)) {
    if (!(std::fabs(value) + r.bound < largest_of(type))) r.decided = r.decided && r.bound == 0;
  } else {
    r.decided = r.decided && (special_operands || r.bound == 0);
    r.bound = 0;
  }
  return r;
}

class BoundedDomain {
 public:
  using Value = Bounded;
  Bounded of_cell(Cell cell) const { return exact(cell); }
  Bounded of_index(int64_t index) const { return exact(Cell{.i = index}); }
  int64_t index(const Bounded& value) const { return value.cell.i; }
  bool truth(const Bounded& value) const { return value.cell.i != 0; }

  Bounded apply(const Step& step, const Bounded& a, const Bounded& b, const Bounded& c) const {
    if (step.op == Op::select) return selected(step, a, b, c);
    if (!is_float(step.from) || step.op == Op::bits_of) return on_bits(step, a, b, c);
    const int arity = info_of(step.op).arity;
    Bounded r = exact(cell_function(step.op, f64)(a.cell, b.cell, c.cell));
    r.decided = a.decided && (arity < 2 || b.decided) && (arity < 3 || c.decided);
    if (info_of(step.op).boolean_result) return compared(r, a, b);
    const bool zeros = a.either_zero || (arity > 1 && b.either_zero) || (arity > 2 && c.either_zero);
    const bool tells = step.op == Op::div ? b.either_zero : a.either_zero && tells_zeros(step.op);
    if (tells) r.decided = false;
    r.either_zero = r.cell.f == 0 && step.op != Op::abs && (zeros || chooses(step.op));
    bool special = !std::isfinite(a.cell.f);
    if (arity > 1) special = special || !std::isfinite(b.cell.f);
    if (arity > 2) special = special || !std::isfinite(c.cell.f);
    if (special) {
      r.bound = chooses(step.op) ? std::max(a.bound, b.bound) : math_slack * unit_of(step.to) * std::fabs(r.cell.f);
    } else {
      r.bound = arity == 1 ? bound_of_one(step, r, a) : bound_of_more(step, r, a, b, c);
    }
    return settled(step.to, r, special);
  }

  Bounded cast(const Step& step, const Bounded& a) const {
    Bounded r = exact(step.function(a.cell, {}, {}));
    r.decided = a.decided;
    if (!is_float(step.from)) return r;
    r.either_zero = a.either_zero && is_float(step.to);
    if (a.bound == 0) return r;
    if (is_float(step.to)) {
      r.cell = a.cell;
      r.bound = a.bound;
      if (step.to != step.from) r.bound += unit_of(step.to) * (std::fabs(a.cell.f) + a.bound) + smallest_of(step.to);   // rounded once
      return settled(step.to, r, !std::isfinite(a.cell.f));
    }
    const CellFunction convert = cell_conversion(step.to, f64);
    r.cell = convert(a.cell, {}, {});
    const int64_t low = convert(Cell{.f = a.cell.f - a.bound}, {}, {}).i;
    const int64_t high = convert(Cell{.f = a.cell.f + a.bound}, {}, {}).i;
    r.decided = r.decided && low == r.cell.i && high == r.cell.i;
    if (step.to == DType::boolean && std::fabs(a.cell.f) <= a.bound) r.decided = false;   // 0 lies between the two
    return r;
  }

  Bounded after(Bounded value, const Bounded& other) const {
    value.decided = value.decided && other.decided;
    return value;
  }

  Bounded accumulate(DType, Plain plain, const Bounded& left, const Bounded& term, Bounded combined) const {
    if (plain == Plain::other) return combined;
    if (plain == Plain::formula) {
      combined.decided = combined.decided && std::isfinite(combined.cell.f);
      return combined;
    }
    if (plain == Plain::product) {
      const double size = std::fabs(term.cell.f) + term.bound, log = size > 0 && std::isfinite(size) ? std::log2(size) : 0;
      combined.highest = left.highest + std::max(log, 0.0);
      combined.lowest = left.lowest + std::min(log, 0.0);
      return combined;
    }
    combined.bound = left.bound + term.bound;
    combined.magnitude = left.magnitude + std::fabs(term.cell.f);
    combined.decided = left.decided && term.decided;
    return combined;
  }

  Bounded finish(DType type, Plain plain, Bounded value, int64_t terms) const {
    if (plain == Plain::other || plain == Plain::formula) return value;
    if (plain == Plain::product) {                          // the factors of one part may be all above 1, or all below
      const bool any_order = value.highest < std::log2(largest_of(type)) && value.lowest > std::log2(smallest_of(type) / unit_of(type));
      value.decided = value.decided && any_order;
      value.highest = value.lowest = 0;
      return value;
    }
    const bool finite_terms = std::isfinite(value.magnitude);
    value.bound += finite_terms ? slack * static_cast<double>(terms) * unit_of(type) * value.magnitude : 0;
    if (finite_terms && !(value.magnitude < largest_of(type))) value.decided = false;
    value.magnitude = 0;
    return settled(type, value, !finite_terms);
  }

 private:
  static bool chooses(Op op) {
    return op == Op::min || op == Op::max || op == Op::min_number || op == Op::max_number;
  }

  // Whether the two zeros give different results, beyond their sign.
  static bool tells_zeros(Op op) { return op == Op::rsqrt || op == Op::reciprocal || op == Op::pow; }

  static Bounded on_bits(const Step& step, const Bounded& a, const Bounded& b, const Bounded& c) {
    const int arity = info_of(step.op).arity;
    Bounded r = exact(step.function(a.cell, b.cell, c.cell));
    if (step.op == Op::bits_of && (a.bound > 0 || a.either_zero || std::isnan(a.cell.f))) r.decided = false;
    r.decided = r.decided && a.decided && (arity < 2 || b.decided) && (arity < 3 || c.decided);
    if (step.from == DType::boolean && (step.op == Op::bit_and || step.op == Op::bit_or)) {
      const int64_t deciding = step.op == Op::bit_or;       // one operand of this value suffices
      if ((a.decided && a.cell.i == deciding) || (b.decided && b.cell.i == deciding)) {
        r = exact(Cell{.i = deciding});
      }
    }
    return r;
  }

  static Bounded compared(Bounded r, const Bounded& a, const Bounded& b) {
    const double bound = a.bound + b.bound;
    if (bound > 0 && !(std::fabs(a.cell.f - b.cell.f) > bound)) r.decided = false;
    if (std::isnan(a.cell.f) || std::isnan(b.cell.f)) r.decided = a.decided && b.decided;
    return r;
  }

  static Bounded selected(const Step& step, const Bounded& condition, const Bounded& yes, const Bounded& no) {
    Bounded r = condition.cell.i ? yes : no;
    if (condition.decided) return r;
    if (is_float(step.to)) {
      const double apart = std::fabs(yes.cell.f - no.cell.f);
      const double larger = std::max(yes.bound, no.bound);
      r.bound = apart + larger;
      r.decided = yes.decided && no.decided && apart <= yes.bound + no.bound;
      r.either_zero = r.cell.f == 0;
    } else {
      r.decided = yes.decided && no.decided && yes.cell.i == no.cell.i;
    }
    return r;
  }

  static double bound_of_one(const Step& step, Bounded& r, const Bounded& a) {
    const double u = unit_of(step.to), x = a.cell.f, value = std::fabs(r.cell.f);
    switch (step.op) {
      case Op::neg: case Op::abs: return a.bound;
      case Op::floor: case Op::ceil: case Op::round: {
        const CellFunction function = cell_function(step.op, f64);
        const double low = function(Cell{.f = x - a.bound}, {}, {}).f;
        const double high = function(Cell{.f = x + a.bound}, {}, {}).f;
        if (low != high) r.decided = false;
        return 0;
      }
      case Op::sqrt:
        if (a.bound > 0 && x - a.bound < 0 && x + a.bound >= 0) r.decided = false;
        return std::sqrt(std::max(x, 0.0)) - std::sqrt(std::max(x - a.bound, 0.0)) + slack * u * value;
      case Op::exp: case Op::exp2:
        return value * (std::expm1(a.bound) + math_slack * u) + smallest_of(step.to);
      case Op::log: case Op::log2:
        if (a.bound > 0 && x - a.bound <= 0 && x + a.bound >= 0) r.decided = false;
        if (x <= 0 || x - a.bound <= 0) return a.bound;
        return log2_of_e * (std::log(x) - std::log(x - a.bound)) + math_slack * u * (value + 1);
      case Op::rsqrt: case Op::reciprocal: {                 // steepest at the end nearer to 0
        const double nearest = step.op == Op::rsqrt ? x - a.bound : std::fabs(x) - a.bound;
        if (a.bound > 0 && nearest <= 0) r.decided = false;
        if (nearest <= 0) return 0;
        const double steepest = step.op == Op::rsqrt ? 0.5 / (nearest * std::sqrt(nearest)) : 1 / (nearest * nearest);
        return a.bound * steepest + math_slack * u * value + smallest_of(step.to);
      }
      case Op::sigmoid: return value * (std::expm1(a.bound) + math_slack * u) + smallest_of(step.to);
      case Op::tanh: case Op::erf: return two_by_root_pi * a.bound + math_slack * u * value + smallest_of(step.to);
      default: return a.bound + math_slack * u;              // sin, cos
    }
  }

  static double bound_of_more(const Step& step, Bounded& r, const Bounded& a, const Bounded& b, const Bounded& c) {
    const double x = std::fabs(a.cell.f), y = std::fabs(b.cell.f), value = std::fabs(r.cell.f);
    const double u = unit_of(step.to), tiny = value > 0 ? smallest_of(step.to) : 0;  // what underflow may lose
    const double product = x * b.bound + y * a.bound + a.bound * b.bound + slack * u * x * y + tiny;
    switch (step.op) {
      case Op::add: case Op::sub: {
        const bool whole = a.bound == 0 && b.bound == 0 && x == std::floor(x) && y == std::floor(y) && (x + y) * u < 1;
        return whole ? 0 : a.bound + b.bound + slack * u * (x + y);   // sums of whole numbers do not round
      }
      case Op::mul: return product;
      case Op::fma: return product + c.bound + slack * u * (x * y + std::fabs(c.cell.f));
      case Op::div:
        if (b.bound > 0 && y <= b.bound) {
          r.decided = false;
          return 0;
        }
        return (y == 0 ? a.bound : (a.bound + value * b.bound) / (y - b.bound) + slack * u * value) + tiny;
      case Op::mod: return bound_of_mod(step, r, a, b);
      case Op::pow: return bound_of_pow(step, r, a, b);
      default: return std::max(a.bound, b.bound);           // min, max and their _number forms
    }
  }

  // a - floor(a / b) * b jumps where a / b is whole.
  static double bound_of_mod(const Step& step, Bounded& r, const Bounded& a, const Bounded& b) {
    const double u = unit_of(step.to), x = a.cell.f, y = b.cell.f;
    if (std::fabs(y) <= b.bound) {
      r.decided = r.decided && a.bound == 0 && b.bound == 0;
      return 0;
    }
    const double quotient = x / y;
    const double inputs_off = (a.bound + std::fabs(quotient) * b.bound) / (std::fabs(y) - b.bound);
    const double off = inputs_off + slack * u * std::fabs(quotient) + (quotient == 0 ? 0 : smallest_of(step.to));
    if (std::floor(quotient - off) != std::floor(quotient + off)) r.decided = false;
    const double whole = std::fabs(std::floor(quotient));
    return a.bound + whole * b.bound + slack * u * (std::fabs(x) + whole * std::fabs(y));
  }

  // x^y for a certainly positive x, by the slopes of y log x; else only for exact operands.
  static double bound_of_pow(const Step& step, Bounded& r, const Bounded& a, const Bounded& b) {
    const double x = a.cell.f, value = std::fabs(r.cell.f);
    double exponent = 0;
    if (x - a.bound > 0) {
      const double log_off = std::log(x) - std::log(x - a.bound);
      exponent = (std::fabs(b.cell.f) + b.bound) * log_off + std::fabs(std::log(x)) * b.bound;
    } else if (a.bound > 0 || b.bound > 0) {
      r.decided = false;
    }
    return value * (std::expm1(exponent) + math_slack * unit_of(step.to)) + smallest_of(step.to);
  }
};

}  // namespace

struct PointOracle::State {
  State(const Operator& op, const Bindings& bindings) : op(op), bindings(bindings) {
    machine.emplace(this->op, bindings, NoBoxes());
  }
  using NoBoxes = std::vector<std::optional<Box>>;
  Operator op;
  Bindings bindings;
  std::optional<Machine<BoundedDomain>> machine;
  int64_t forgotten = 0;  // work of machines before
};

PointOracle::PointOracle(const Operator& op, const Bindings& bindings)
    : state_(std::make_unique<State>(op, bindings)) {}
PointOracle::~PointOracle() = default;

int64_t PointOracle::work() const { return state_->forgotten + state_->machine->work(); }

std::optional<BoundedValue> PointOracle::at(const std::string& func, int component, const std::vector<int64_t>& indices,
                                            int64_t most_work) {
  State& s = *state_;
  try {
    s.machine->limit_work(s.machine->work() + most_work);
    const BoundedValue value = at(func, component, indices);
    s.machine->limit_work(std::numeric_limits<int64_t>::max());
    return value;
  } catch (const TooMuchWork&) {
    s.forgotten += s.machine->work();
    s.machine.emplace(s.op, s.bindings, State::NoBoxes());
    return std::nullopt;
  }
}

BoundedValue PointOracle::at(const std::string& func, int component, const std::vector<int64_t>& indices) {
  const std::vector<FuncContents>& funcs = state_->op.funcs;
  const auto found = std::find_if(funcs.begin(), funcs.end(), [&](const auto& f) { return f.name == func; });
  if (found == funcs.end()) {
    std::vector<std::string> names;
    for (const FuncContents& f : funcs) names.push_back(f.name);
    const std::string nearest = nearest_name(func, names);
    const std::string hint = nearest.empty() ? nearest : "did you mean " + nearest + "?";
    throw Error(ErrorCode::unknown_name, {.step = "interpret",
                                          .what = "a point of an unknown Func",
                                          .got = func,
                                          .need = "a Func of " + state_->op.name,
                                          .where = state_->op.where,
                                          .hint = hint});
  }
  if (indices.size() != found->vars.size() || component < 0 || component >= found->components()) {
    throw Error(ErrorCode::wrong_rank, {.step = "interpret",
                                        .what = "a point of " + func,
                                        .got = std::to_string(indices.size()) + " indices",
                                        .need = std::to_string(found->vars.size()),
                                        .where = found->where});
  }
  const Bounded* const values = state_->machine->at(found - funcs.begin(), indices.data());
  if (!values) return {.decided = false};                   // absent from every reduction
  const Bounded& value = values[component];
  const DType type = found->dtype(component);
  if (is_float(type)) return {value.cell.f, value.bound, value.decided};
  const double number = type == u64 ? static_cast<double>(static_cast<uint64_t>(value.cell.i))
                                    : static_cast<double>(value.cell.i);
  return {number, 0, value.decided};
}

}  // namespace lathe
