#include "interop/halide/expr.h"

#include <algorithm>

namespace lathe {
namespace {

using Halide::cast;
using Halide::Internal::make_const;

bool is_small_arithmetic(Op op) {
  switch (op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::mod:
    case Op::neg:
    case Op::abs:
    case Op::min:
    case Op::max:
    case Op::min_number:
    case Op::max_number:
      return true;
    default:
      return false;
  }
}

bool is_comparison(const Expr& e) {
  return e.is_op(Op::eq) || e.is_op(Op::ne) || e.is_op(Op::lt) || e.is_op(Op::le) || e.is_op(Op::gt) || e.is_op(Op::ge);
}

Halide::Expr as_bits(const Halide::Expr& e, int bits) { return cast(Halide::Int(bits), e); }

// The highest place of an image, which has at least one element in each dimension (pipeline.h).
Halide::Expr last_of(const Halide::ImageParam& image, size_t d, const Halide::Type& type) {
  return cast(type, image.dim(image.dimensions() - 1 - static_cast<int>(d)).extent() - 1);
}

Halide::Expr both(const Halide::Expr& a, const Halide::Expr& b) { return !a.defined() ? b : !b.defined() ? a : a && b; }

}  // namespace

bool HalideExprs::is_narrow(const Expr& e) const {
  const bool all = std::all_of(e.args().begin(), e.args().end(),
                               [&](const Expr& arg) { return arg.type().dtype != DType::i64 || is_narrow(arg); });
  switch (e.kind()) {
    case ExprKind::constant:
      return e->integer_value > -(int64_t{1} << 30) && e->integer_value < int64_t{1} << 30;
    case ExprKind::var:
      return e.type().dtype == DType::i64 && var(e).type().bits() == 32;
    case ExprKind::op:
      return all && (is_small_arithmetic(e->op) || e.is_op(Op::select));
    case ExprKind::cast:
      if (e.arg(0).type().dtype == DType::i64) return all;
      return e.arg(0).type().dtype == DType::boolean ||
             (is_integer(e.arg(0).type().dtype) && bits_of(e.arg(0).type().dtype) <= 8);
    default:
      return false;
  }
}

Halide::Expr HalideExprs::value(const Expr& e) {
  if (const auto known = values_.find(e); known != values_.end()) return known->second;
  const Halide::Expr result = new_value(e);
  values_.emplace(e, result);
  return result;
}

Halide::Expr HalideExprs::new_value(const Expr& e) {
  switch (e.kind()) {
    case ExprKind::constant:
      return halide_constant(*e);
    case ExprKind::var:
      return cast(halide_type(e.type().dtype), var(e));
    case ExprKind::op:
      return operation(e);
    case ExprKind::cast: {
      const DType from = e.arg(0).type().dtype, to = e.type().dtype;
      if (from == DType::i64 && is_narrow(e.arg(0)))
        return halide_cast(to, DType::i32, index(e.arg(0)), names_.arithmetic);
      return halide_cast(to, from, value(e.arg(0)), names_.arithmetic);
    }
    case ExprKind::access: {
      if (const InputDecl* input = names_.op.find_input(e->name)) return read_input(e, *input);
      const bool own = e->name == written_ && e.args() == written_at_;
      const Halide::FuncRef read = names_.funcs.at(e->name)(own ? place_ : indices(e.args()));
      return names_.op.find_func(e->name)->components() > 1 ? Halide::Expr(read[e->component]) : Halide::Expr(read);
    }
    default:
      internal_error("Halide", "an expression of the loop IR");
  }
}

Halide::Expr HalideExprs::var(const Expr& e) const {
  const auto local = locals_.find(e->name);
  return local != locals_.end() ? local->second : names_.scalars.at(e->name);
}

Halide::Expr HalideExprs::operation(const Expr& e) {
  if (is_comparison(e) && e.arg(0).type().dtype == DType::i64 && is_narrow(e.arg(0)) && is_narrow(e.arg(1))) {
    return halide_op(e->op, {index(e.arg(0)), index(e.arg(1))}, names_.arithmetic);
  }
  if (e.type().dtype == DType::i64 && is_narrow(e)) return formula(e, 64);
  std::vector<Halide::Expr> args;
  for (const Expr& arg : e.args()) args.push_back(value(arg));
  return halide_op(e->op, args, names_.arithmetic);
}

Halide::Expr HalideExprs::index(const Expr& e) { return as_bits(formula(e, is_narrow(e) ? 32 : 64), 32); }

std::vector<Halide::Expr> HalideExprs::indices(const std::vector<Expr>& all) {
  std::vector<Halide::Expr> reversed;
  for (size_t d = all.size(); d-- > 0;) reversed.push_back(index(all[d]));
  return reversed;
}

void HalideExprs::writes(const std::string& func, const std::vector<Expr>& indices,
                         const std::vector<Halide::Expr>& place) {
  written_ = func;
  written_at_ = indices;
  place_ = place;
}

// Arithmetic of indices does not overflow: Halide's own operators, through which it sees bounds.
Halide::Expr HalideExprs::formula(const Expr& e, int bits) {
  if (e.kind() == ExprKind::constant) return make_const(Halide::Int(bits), e->integer_value);
  if (e.kind() == ExprKind::var) return as_bits(var(e), bits);
  if (e.kind() == ExprKind::cast && e.arg(0).type().dtype == DType::i64) return formula(e.arg(0), bits);
  if (e.kind() == ExprKind::cast && is_narrow(e)) return as_bits(value(e.arg(0)), bits);
  if (e.kind() == ExprKind::op && e.is_op(Op::select)) {
    return Halide::select(value(e.arg(0)), formula(e.arg(1), bits), formula(e.arg(2), bits));
  }
  if (e.kind() != ExprKind::op || !is_small_arithmetic(e->op)) return as_bits(value(e), bits);
  std::vector<Halide::Expr> args;
  for (const Expr& arg : e.args()) args.push_back(formula(arg, bits));
  if (e.is_op(Op::div)) return floor_div(args[0], args[1]);
  if (e.is_op(Op::mod)) return floor_mod(args[0], args[1]);
  return halide_op(e->op, args, Arithmetic::halide);
}

Halide::Expr HalideExprs::read_input(const Expr& e, const InputDecl& input) {
  const Halide::ImageParam& image = names_.inputs.at(input.name);
  Halide::Expr inside;
  std::vector<Halide::Expr> at(input.extents.size());
  for (size_t d = 0; d < at.size(); ++d) {
    Halide::Expr here;
    at[at.size() - 1 - d] = ruled(e, input, d, here);
    inside = both(inside, here);
  }
  const Halide::Expr element = is_packed(input.dtype) ? unpacked(e, image, at) : Halide::Expr(image(at));
  return e->boundary == Boundary::constant && inside.defined()
             ? Halide::select(inside, element, value(e->boundary_value))
             : element;
}

// Two elements in a byte, the one of the even index in the low bits.
Halide::Expr HalideExprs::unpacked(const Expr& e, const Halide::ImageParam& image, std::vector<Halide::Expr> at) {
  Halide::Expr is_high = false;
  if (!at.empty()) {
    is_high = at[0] % 2 == 1;
    at[0] = at[0] / 2;
    // Of an empty domain Halide takes -1 for the last place, and does not see through the half of it.
    if (names_.arithmetic == Arithmetic::lathe) at[0] = Halide::clamp(at[0], 0, image.dim(0).extent() - 1);
  }
  const Halide::Expr byte = image(at),
                     bits = Halide::select(is_high, byte >> 4, byte & make_const(Halide::UInt(8), 15));
  if (!is_signed(e.type().dtype)) return bits;
  const Halide::Expr eight = make_const(Halide::Int(8), 8);
  return (cast(Halide::Int(8), bits) ^ eight) - eight;
}

Halide::Expr HalideExprs::ruled(const Expr& e, const InputDecl& input, size_t d, Halide::Expr& inside) {
  const Expr& written = e.arg(d);
  if (e->boundary == Boundary::inside && names_.arithmetic == Arithmetic::halide) return index(written);
  const bool narrow = is_narrow(written);
  // Data may be any number of 64 bits: computed as a value, which wraps, until the rule has bounded it.
  Halide::Expr i = narrow ? index(written) : value(written);
  const Halide::Type type = i.type();
  const Halide::Expr zero = make_const(type, 0), extent = cast(type, index(input.extents[d]));
  // Rows of packed elements end with a byte: what the image has more is never read.
  const Halide::ImageParam& image = names_.inputs.at(input.name);
  const bool packed_rows = is_packed(input.dtype) && d + 1 == input.extents.size();
  const Halide::Expr last = packed_rows ? Halide::max(extent, 1) - 1 : last_of(image, d, type);
  if (e->boundary == Boundary::constant || e->boundary == Boundary::none) inside = i >= zero && i < extent;
  if (e->boundary == Boundary::wrap) i = i % extent;
  if (e->boundary == Boundary::mirror) {
    const Halide::Expr period = 2 * (extent - 1), phase = i % period;  // an extent of one: 0, as any number % 0
    i = Halide::select(phase < extent, phase, period - phase);
  }
  return as_bits(Halide::clamp(i, zero, last), 32);
}

Halide::Expr HalideExprs::present(const Expr& e) {
  Halide::Expr all;
  visit(e, [&](const Expr& read) {
    if (read.kind() != ExprKind::access) return;
    if (const auto of_func = names_.present.find(read->name); of_func != names_.present.end()) {
      all = both(all, of_func->second(indices(read.args())));
    }
    if (read->boundary != Boundary::none) return;
    const InputDecl& input = *names_.op.find_input(read->name);
    for (size_t d = 0; d < input.extents.size(); ++d) {
      Halide::Expr inside;
      ruled(read, input, d, inside);
      all = both(all, inside);
    }
  });
  return all;
}

}  // namespace lathe
