#include "tests/fuzz/random_value.h"

#include <algorithm>
#include <limits>

namespace lathe {
namespace {

Expr number(int64_t value) { return make_integer(DType::i64, value); }

constexpr Op all_ops[] = {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) Op::name,
#include "lang/ops.def"
#undef LATHE_OP
};

// The operand types from which this operator gives a value of `type`; of select those of its last two.
std::vector<DType> operand_types(Op op, DType type) {
  std::vector<DType> types;
  for (DType t : all_dtypes()) {
    if (exists_for(op, t) && result_of(op, t) == type) types.push_back(t);
  }
  return types;
}

}  // namespace

std::vector<DType> all_dtypes() {
  return {
#define LATHE_DTYPE(name, text, bits, kind, role) DType::name,
#include "support/dtypes.def"
#undef LATHE_DTYPE
  };
}

std::vector<DType> arithmetic_dtypes() {
  std::vector<DType> types = all_dtypes();
  std::erase_if(types, is_storage);
  return types;
}

// Floats half of the time, f32 above all.
DType random_dtype(Random& random) {
  if (random.chance(40)) return DType::f32;
  if (random.chance(20)) return DType::f64;
  return random.pick(arithmetic_dtypes());
}

DType random_input_dtype(Random& random) { return random.chance(15) ? random.pick(all_dtypes()) : random_dtype(random); }

Expr converted(DType type, const Expr& e) {
  if (e.type().dtype == type) return e;
  return make_cast(type, converts(e.type().dtype, type) ? e : make_cast(DType::f32, e));
}

Expr RandomValue::of(DType type, int depth) {
  if (is_storage(type)) return converted(type, of(arithmetic_type_of(type), depth));
  if (depth <= 0 || random_.chance(15)) return leaf(type);
  if (random_.chance(12)) {
    const DType from = random_dtype(random_);
    return make_cast(type, of(from, depth - 1));
  }
  return operation(type, depth);
}

Expr RandomValue::leaf(DType type) {
  if (random_.chance(65)) {
    if (Expr e = read(type); e.defined()) return e;
  }
  if (random_.chance(40) && !scope_.indices.empty()) {
    const Expr e = random_.chance(70) ? make_var(random_.pick(scope_.indices).name) : index();
    return type == DType::i64 ? e : make_cast(type, e);
  }
  if (random_.chance(40) && !scope_.scalars.empty()) {
    const Expr& e = random_.pick(scope_.scalars);
    return e.type().dtype == type ? e : make_cast(type, e);
  }
  return constant(type);
}

Expr RandomValue::constant(DType type, bool positive) {
  if (type == DType::boolean) return make_integer(type, random_.below(2));
  if (is_float(type)) {
    if (!positive && random_.chance(4)) {
      const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
      return make_float(type, random_.pick<double>({inf, -inf, nan, -0.0}));
    }
    const double value = random_.pick<double>({0, 0.5, 1, 2, 3, 0.1, 1e-6, 12345.678});
    return make_float(type, !positive && random_.chance(25) ? -value : positive && value == 0 ? 1 : value);
  }
  const int64_t value = random_.pick<int64_t>({0, 1, 2, 3, 5, 7, 100});
  if (positive) return make_integer(type, random_.between(1, 4));
  return make_integer(type, is_signed(type) && random_.chance(25) ? -value : value);
}

Expr RandomValue::operation(DType type, int depth) {
  for (int tries = 0; tries < 20; ++tries) {
    const Op op = all_ops[random_.below(static_cast<int64_t>(std::size(all_ops)))];
    const std::vector<DType> types = operand_types(op, type);
    if (types.empty()) continue;
    // Mathematical functions are many, and slow to interpret; arithmetic is what most operators do.
    const Pipe pipe = info_of(op).pipe;
    if ((pipe == Pipe::math || pipe == Pipe::divide || pipe == Pipe::none) && random_.chance(60)) continue;
    const DType operands = random_.pick(types);
    std::vector<Expr> args;
    if (op == Op::select) args.push_back(condition(depth - 1));
    while (args.size() < static_cast<size_t>(info_of(op).arity)) args.push_back(of(operands, depth - 1));
    const bool divides = op == Op::div || op == Op::mod, shifts = op == Op::shift_left || op == Op::shift_right;
    const auto is_constant = [](const Expr& e) { return e.kind() == ExprKind::constant; };
    if ((divides || shifts) && is_constant(args[1])) args[1] = constant(operands, true);
    if (is_signed(operands) && std::all_of(args.begin(), args.end(), is_constant)) {  // they may not overflow
      for (Expr& arg : args) arg = constant(operands, true);
    }
    return make_op(op, std::move(args));
  }
  return leaf(type);
}

Expr RandomValue::read(DType type) {
  const auto count = static_cast<int64_t>(scope_.inputs.size() + scope_.funcs.size());
  if (count == 0) return {};
  const bool last = !scope_.funcs.empty() && random_.chance(scope_.linked);
  const auto which = static_cast<size_t>(last ? count - 1 : random_.below(count));
  Expr e;
  if (which < scope_.inputs.size()) {
    e = read_input(scope_.inputs[which]);
  } else {
    const FuncContents& func = scope_.funcs[which - scope_.inputs.size()];
    e = read_func(func, static_cast<int>(random_.below(func.components())));
  }
  return converted(type, e);
}

Expr RandomValue::read_input(const InputDecl& input) {
  ExprNode node;
  node.name = input.name;
  node.type = {input.dtype, 1};
  const std::vector<Boundary> rules = {Boundary::constant, Boundary::constant, Boundary::edge, Boundary::edge,
                                       Boundary::mirror,   Boundary::wrap,     Boundary::none};
  node.boundary = random_.chance(45) ? Boundary::inside : random_.pick(rules);
  if (node.boundary == Boundary::none && !scope_.in_reduction) node.boundary = Boundary::edge;
  if (node.boundary == Boundary::constant) node.boundary_value = constant(input.dtype);
  if (reads_in_place(input.extents.size(), node.args)) return make_access(std::move(node));
  for (const Expr& extent : input.extents) {
    const bool inside = node.boundary == Boundary::inside;
    node.args.push_back(inside ? index_of(extent) : random_.chance(10) ? data_index() : index());
  }
  return make_access(std::move(node));
}

Expr RandomValue::beside(const InputDecl& input, const std::string& last) {
  const Expr e = read_input(input);
  ExprNode node;
  node.name = input.name;
  node.type = e.type();
  node.args = e.args();
  node.args.back() = make_var(last);
  node.boundary = e->boundary;
  node.boundary_value = e->boundary_value;
  return make_access(std::move(node));
}

Expr RandomValue::neighbour(const InputDecl& input) {
  std::vector<std::string> around, own;
  for (const RandomIndex& i : scope_.indices) (i.name == "r" || i.name == "s" ? around : own).push_back(i.name);
  ExprNode node;
  node.name = input.name;
  node.type = {input.dtype, 1};
  node.boundary = Boundary::none;
  for (size_t d = 0; d < input.extents.size(); ++d) {
    if (around.empty() || random_.chance(20)) {
      node.args.push_back(index());
      continue;
    }
    const Expr moved = make_var(around.back()) - number(random_.between(0, 2));
    around.pop_back();
    node.args.push_back(own.empty() ? moved : make_var(own[std::min(d, own.size() - 1)]) * number(random_.chance(75) ? 1 : 2) + moved);
  }
  return make_access(std::move(node));
}

Expr RandomValue::read_func(const FuncContents& func, int component) {
  ExprNode node;
  node.name = func.name;
  node.type = {func.dtype(component), 1};
  node.component = component;
  if (reads_in_place(func.vars.size(), node.args)) return make_access(std::move(node));
  for (size_t d = 0; d < func.vars.size(); ++d) node.args.push_back(index());
  return make_access(std::move(node));
}

// The indices of the definition as they stand, the last ones for a tensor of lower rank, one of them moved now and then.
bool RandomValue::reads_in_place(size_t rank, std::vector<Expr>& indices) {
  std::vector<std::string> names;
  for (const RandomIndex& i : scope_.indices) if (i.name != "r" && i.name != "s" && i.name != "t") names.push_back(i.name);
  if (!scope_.aligned || rank > names.size() || random_.chance(15)) return false;
  for (size_t d = names.size() - rank; d < names.size(); ++d) indices.push_back(make_var(names[d]));
  if (rank > 0 && random_.chance(20)) indices[static_cast<size_t>(random_.below(static_cast<int64_t>(rank)))] = index();
  return true;
}

// Mostly a variable that runs over just this extent.
Expr RandomValue::index_of(const Expr& extent) {
  std::vector<std::string> fitting;
  for (const RandomIndex& i : scope_.indices) {
    if (i.extent == extent) fitting.push_back(i.name);
  }
  if (!fitting.empty() && random_.chance(90)) {
    const Expr var = make_var(random_.pick(fitting));
    return random_.chance(12) ? extent - number(1) - var : var;
  }
  int64_t constant = 0;
  if (is_integer_constant(extent, &constant)) {
    if (random_.chance(50) && !scope_.indices.empty()) return index() % extent;
    return number(random_.below(std::max<int64_t>(constant, 1)));
  }
  return random_.chance(50) ? index() : min(max(index(), number(0)), extent - number(1));
}

Expr RandomValue::index() {
  if (scope_.indices.empty()) return number(random_.between(0, 2));
  const auto var = [&] { return make_var(random_.pick(scope_.indices).name); };
  const Expr offset = number(random_.between(1, 3)), factor = number(random_.between(2, 3));
  switch (random_.below(16)) {
    case 0: return var() + offset;
    case 1: return var() - offset;
    case 2: return var() * factor;
    case 3: return var() * factor + var();
    case 4: return var() / factor;
    case 5: return var() % factor;
    case 6: return var() + var();
    case 7: return random_.pick(scope_.indices).extent - number(1) - var();
    case 8: return (var() + offset) / factor - number(1);
    case 9: return number(random_.between(0, 2));
    case 10: return random_.chance(50) ? min(var(), offset) : max(var(), offset);
    case 11: return select(lt(var(), offset), var(), offset);
    default: return var();
  }
}

// An index that is data, where some input gives one.
Expr RandomValue::data_index() {
  std::vector<InputDecl> inputs;
  for (const InputDecl& input : scope_.inputs) {
    if (input.extents.size() <= 2) inputs.push_back(input);
  }
  if (inputs.empty()) return index();
  const InputDecl& input = random_.pick(inputs);
  ExprNode node;
  node.name = input.name;
  node.type = {input.dtype, 1};
  node.boundary = Boundary::edge;
  for (size_t d = 0; d < input.extents.size(); ++d) node.args.push_back(index());
  Expr e = make_access(std::move(node));
  if (is_float(input.dtype)) e = floor(converted(arithmetic_type_of(input.dtype), e));
  return converted(DType::i64, e);
}

}  // namespace lathe
