#include "tests/fuzz/random_algorithm.h"

#include <fmt/format.h>

#include "analysis/read_conditions.h"
#include "tests/fuzz/random_value.h"

namespace lathe {
namespace {

Expr number(int64_t value) { return make_integer(DType::i64, value); }

using Components = std::vector<DType>;

// Combiners that a language without names for them would be asked for: associative and commutative over the reals.
std::shared_ptr<const Combiner> user_combiner(const Components& types, Random& random) {
  auto combiner = std::make_shared<Combiner>();
  const DType t = types[0];
  const auto operand = [&](const char* name, DType type) { return make_var(name, {type, 1}); };
  if (types.size() == 2 && types[1] == DType::i64 && t != DType::boolean && random.chance(50)) {
    const Expr a = operand("a", t), b = operand("b", t), p = operand("p", DType::i64), q = operand("q", DType::i64);
    const Expr second = gt(b, a) | (eq(b, a) & lt(q, p));
    const Expr lowest = builtin_combiner("max", {t})->identity[0], last = builtin_combiner("min", {DType::i64})->identity[0];
    *combiner = {"argmax", {"a", "p"}, {"b", "q"}, {lowest, last}, {select(gt(b, a), b, a), select(second, q, p)}};
    return combiner;
  }
  if (types.size() == 2 && types[1] == t && is_float(t) && random.chance(50)) {
    const Expr a = operand("a", t), b = operand("b", t), c = operand("c", t), d = operand("d", t);
    *combiner = {"complex_product", {"a", "b"}, {"c", "d"}, {make_float(t, 1), make_float(t, 0)}, {a * c - b * d, a * d + b * c}};
    return combiner;
  }
  combiner->name = random.chance(50) ? "f" : "folded";
  for (size_t c = 0; c < types.size(); ++c) {
    const DType type = types[c];
    const std::string left = fmt::format("x{}", c), right = fmt::format("y{}", c);
    const Expr x = operand(left.c_str(), type), y = operand(right.c_str(), type);
    combiner->left.push_back(left);
    combiner->right.push_back(right);
    if (!is_float(type) && random.chance(60)) {
      const bool all = random.chance(30);
      combiner->identity.push_back(all ? ~make_integer(type, 0) : make_integer(type, 0));
      combiner->combined.push_back(all ? x & y : random.chance(50) ? x ^ y : x | y);
    } else if (type == DType::boolean) {
      combiner->identity.push_back(make_integer(type, 0));
      combiner->combined.push_back(x | y);
    } else {
      combiner->identity.push_back(make_constant(type, 0));
      combiner->combined.push_back(x + y);
    }
  }
  return combiner;
}

class Drawer {
 public:
  Drawer(Random& random, const AlgorithmOptions& options) : random_(random), options_(options) {}

  Operator run() {
    op_.name = "random";
    op_.strict = random_.chance(8);
    dots_ = random_.chance(options_.dots), windows_ = random_.chance(options_.windows);
    sizes();
    if (random_.chance(options_.aligned)) {
      for (int64_t d = random_.pick<int64_t>({1, 2, 2, 3, 3, 4}); d > 0; --d) shape_.push_back(extent());
    }
    params();
    inputs();
    const int64_t funcs = random_.between(options_.least_funcs, options_.most_funcs);
    for (int64_t f = 0; f < funcs; ++f) op_.funcs.push_back(func(fmt::format("F{}", f)));
    if (random_.chance(options_.chained) && op_.funcs.back().components() == 1) {
      const FuncContents made_of = op_.funcs.back();
      last_ = random_.chance(30) ? 2 : 1;
      for (size_t n = 0; n < last_; ++n) op_.funcs.push_back(reader_of(made_of, n == 0 ? "chained" : "beside"));
    }
    outputs();
    return checked(std::move(op_));
  }

 private:
  void sizes() {
    static const std::vector<std::string> names = {"M", "N", "K"};
    const int64_t count = random_.between(1, 3);
    for (int64_t s = 0; s < count; ++s) {
      SizeDecl size{names[static_cast<size_t>(s)]};
      if (random_.chance(40)) size.lowest = random_.between(1, 3);
      if (random_.chance(40)) size.highest = random_.pick<int64_t>({64, 1000, 1 << 20});
      if (random_.chance(10)) size.multiple_of = random_.pick<int64_t>({2, 4, 8});
      op_.sizes.push_back(size);
    }
  }

  void params() {
    if (options_.static_params && random_.chance(20)) {
      op_.params.push_back({.name = "step", .default_value = static_cast<double>(random_.between(1, 3))});
    }
    if (random_.chance(20)) {
      const DType type = random_.pick<DType>({DType::f32, DType::f64, DType::i32, DType::u8});
      op_.params.push_back({.name = "alpha", .is_static = false, .dtype = type, .default_value = is_float(type) ? 1.5 : 3});
    }
  }

  // The first inputs have the sizes as they are, so that a call tells them.
  void inputs() {
    const int64_t count = random_.between(1, 3);
    std::vector<Expr> missing;
    for (const SizeDecl& s : op_.sizes) missing.push_back(make_var(s.name));
    for (int64_t n = 0; n < count; ++n) {
      InputDecl input{fmt::format("X{}", n), random_input_dtype(random_), {}, {}};
      const int64_t rank = random_rank();
      if (!shape_.empty()) input.extents.assign(shape_.end() - std::min<int64_t>(rank, static_cast<int64_t>(shape_.size())), shape_.end());
      for (const Expr& e : input.extents) std::erase(missing, e);
      if (n + 1 == count) {
        for (const Expr& e : missing) input.extents.push_back(e);
        missing.clear();
      }
      while (static_cast<int64_t>(input.extents.size()) < rank) {
        input.extents.push_back(extent());
        std::erase(missing, input.extents.back());
      }
      if (shape_.empty()) random_.shuffle(input.extents);
      op_.inputs.push_back(std::move(input));
    }
    if (dots_) factors();
  }

  // What sums of products read: small integers, those of one result side by side.
  void factors() {
    const bool words = random_.chance(60);
    const Expr terms = extent();
    for (const char* name : {"P", "Q"}) {
      const DType bytes = std::string_view(name) == "P" ? DType::u8 : DType::i8;
      InputDecl input{name, words ? DType::i16 : bytes, {}, {}};
      for (int64_t d = random_.between(0, 2); d > 0; --d) input.extents.push_back(extent());
      input.extents.push_back(terms);
      op_.inputs.push_back(std::move(input));
    }
  }

  int64_t random_rank() {
    if (!shape_.empty() && random_.chance(75)) return static_cast<int64_t>(shape_.size());
    return std::min<int64_t>(options_.most_rank, random_.pick<int64_t>({0, 1, 1, 2, 2, 2, 3, 4}));
  }

  Expr extent() {
    const Expr size = make_var(random_.pick(op_.sizes).name);
    switch (random_.below(12)) {
      case 0: return number(random_.between(1, 5));
      case 1: return size + number(random_.between(1, 3));
      case 2: return (size + number(1)) / number(2);
      case 3: return op_.params.empty() || !op_.params[0].is_static ? size * number(2) : size * make_var(op_.params[0].name);
      default: return size;
    }
  }

  ValueScope scope_of(const std::vector<RandomIndex>& indices, bool in_reduction) const {
    ValueScope scope{indices, {}, op_.inputs, op_.funcs, in_reduction, !shape_.empty(), options_.linked};
    for (const SizeDecl& s : op_.sizes) scope.scalars.push_back(make_var(s.name));
    for (const ParamDecl& p : op_.params) scope.scalars.push_back(make_var(p.name, {p.dtype, 1}));
    return scope;
  }

  std::vector<RandomIndex> drawn(const std::vector<std::string>& names, int64_t count) {
    std::vector<RandomIndex> indices;
    for (int64_t d = 0; d < count; ++d) indices.push_back({names[static_cast<size_t>(d)], extent()});
    return indices;
  }

  FuncContents func(const std::string& name) {
    FuncContents f;
    f.name = name;
    extents_.push_back(drawn({"i", "j", "x", "c"}, random_rank()));
    for (size_t d = extents_.back().size(), s = shape_.size(); d > 0 && s > 0;) extents_.back()[--d].extent = shape_[--s];
    std::vector<RandomIndex> indices = extents_.back();
    for (const RandomIndex& i : indices) f.vars.push_back(i.name);
    Components types{dots_ && random_.chance(50) ? DType::i32 : random_dtype(random_)};
    if (random_.chance(20)) types.push_back(random_.chance(40) ? types[0] : random_.chance(50) ? DType::i64 : random_dtype(random_));
    if (dots_ && random_.chance(60)) {
      if (random_.chance(30)) f.values = {factor_of_a_func(indices)};
      else dot(f, indices);
    } else if (random_.chance(windows_ ? 70 : options_.reductions)) {
      reduction(f, indices, types);
    } else {
      const ValueScope scope = scope_of(indices, false);
      if (random_.chance(6)) types[0] = random_.chance(50) ? DType::f16 : DType::bf16;
      for (DType t : types) f.values.push_back(value(scope, t));
      if (!is_storage(types[0]) && random_.chance(25)) update(f, indices);
    }
    return f;
  }

  // Made of the values with the same indices and of other tensors.
  FuncContents reader_of(const FuncContents& made_of, const std::string& name) {
    FuncContents f;
    f.name = name;
    f.vars = made_of.vars;
    extents_.push_back(extents_.back());
    ExprNode node;
    node.name = made_of.name;
    node.type = {made_of.dtype(0), 1};
    for (const std::string& v : f.vars) node.args.push_back(make_var(v));
    ValueScope scope = scope_of(extents_.back(), false);
    while (scope.funcs.back().name != made_of.name) scope.funcs.pop_back();
    scope.funcs.pop_back();
    const Expr read = make_access(std::move(node));
    f.values = {is_storage(made_of.dtype(0))
                    ? read
                    : joined(read, RandomValue(scope, random_).of(made_of.dtype(0), options_.depth))};
    return f;
  }

  // A pure value, now and then with a reduction inside.
  Expr value(const ValueScope& scope, DType type) {
    RandomValue draw(scope, random_);
    Expr e = draw.of(type, options_.depth);
    if (!random_.chance(dots_ ? 50 : 12) || type == DType::boolean) return e;
    if (dots_ && type == DType::i32) {
      const RandomIndex r{"r", op_.inputs.back().extents.back()};
      ValueScope terms = scope;
      terms.indices.push_back(r);
      terms.in_reduction = true;
      return e + make_reduce({{r.name, r.extent}}, builtin_combiner("sum", {type}), {product(terms)});
    }
    const RandomIndex t{"t", extent()};
    ValueScope inner = scope;
    inner.indices.push_back(t);
    inner.in_reduction = true;
    const auto combiner = builtin_combiner(random_.pick<std::string>({"sum", "max", "min_number"}), {type});
    return e + make_reduce({{t.name, t.extent}}, combiner, {RandomValue(inner, random_).of(type, 1)});
  }

  void reduction(FuncContents& f, std::vector<RandomIndex> indices, const Components& types) {
    const std::vector<RandomIndex> domain = drawn({"r", "s"}, random_.between(1, 2));
    for (const RandomIndex& r : domain) f.rvars.push_back({r.name, r.extent});
    indices.insert(indices.end(), domain.begin(), domain.end());
    bool truth = false;
    for (DType t : types) truth = truth || t == DType::boolean;
    f.combiner = truth || random_.chance(35)
                     ? user_combiner(types, random_)
                     : builtin_combiner(random_.pick<std::string>({"sum", "sum", "sum", "prod", "min", "max", "min_number", "max_number"}), types);
    const ValueScope scope = scope_of(indices, true);
    for (DType t : types) {
      const int depth = random_.chance(50) ? 1 : options_.depth;
      f.values.push_back(windows_ ? window(scope, t) : RandomValue(scope, random_).of(t, depth));
    }
  }

  // A neighbour, by itself or beside another value.
  Expr window(const ValueScope& scope, DType type) {
    RandomValue draw(scope, random_);
    const Expr e = draw.neighbour(random_.pick(op_.inputs));
    const DType from = e.type().dtype;
    const Expr value = from == type ? e : make_cast(type, converts(from, type) ? e : make_cast(DType::f32, e));
    return type == DType::boolean || random_.chance(40) ? value : value * draw.of(type, 1);
  }

  // Terms that some machine has an instruction for.
  void dot(FuncContents& f, std::vector<RandomIndex> indices) {
    if (random_.chance(30)) f.rvars.push_back({"s", extent()});
    f.rvars.push_back({"r", op_.inputs.back().extents.back()});
    for (const ReductionVar& r : f.rvars) indices.push_back({r.name, r.extent});
    f.combiner = builtin_combiner("sum", {DType::i32});
    const ValueScope scope = scope_of(indices, true);
    f.values = {product(scope)};
  }

  Expr product(const ValueScope& scope) {
    Expr first = RandomValue(scope, random_).beside(input("P"), "r"), second = RandomValue(scope, random_).beside(input("Q"), "r");
    for (const FuncContents& f : op_.funcs) {               // one that holds such factors itself
      if (f.values.size() != 1 || f.vars.empty() || f.dtype(0) != first.type().dtype || !random_.chance(60)) continue;
      ExprNode read;
      read.name = f.name;
      read.type = first.type();
      for (size_t d = 0; d + 1 < f.vars.size(); ++d) read.args.push_back(RandomValue(scope, random_).index());
      read.args.push_back(make_var("r"));
      first = make_access(std::move(read));
    }
    return make_cast(DType::i32, first) * make_cast(DType::i32, second);
  }

  // A Func of our own between an input and the sum.
  Expr factor_of_a_func(const std::vector<RandomIndex>& indices) {
    const ValueScope scope = scope_of(indices, false);
    const DType type = input("P").dtype;
    return indices.empty() ? RandomValue(scope, random_).of(type, 1) : RandomValue(scope, random_).beside(input("P"), indices.back().name);
  }

  const InputDecl& input(const char* name) const { return *op_.find_input(name); }

  // Each index of the left side is free, a variable of the domain (moved a little, or divided), or data.
  void update(FuncContents& f, const std::vector<RandomIndex>& indices) {
    const std::vector<RandomIndex> domain = drawn({"r", "s"}, random_.between(1, 2));
    std::vector<RandomIndex> inside = domain;
    Update u;
    for (const RandomIndex& r : domain) u.rvars.push_back({r.name, r.extent});
    std::vector<bool> free;
    for (const RandomIndex& i : indices) {
      free.push_back(random_.chance(40));
      if (free.back()) inside.push_back(i);
    }
    const ValueScope over_domain = scope_of(domain, false), everything = scope_of(inside, false);
    for (size_t d = 0; d < indices.size(); ++d) {
      if (free[d]) u.indices.push_back(make_var(indices[d].name));
      else if (random_.chance(35))
        u.indices.push_back(cast(DType::i64, data_index(over_domain)));
      else u.indices.push_back(RandomValue(over_domain, random_).index());
    }
    for (int c = 0; c < f.components(); ++c) {
      Expr v = RandomValue(everything, random_).of(f.dtype(c), 2);
      if (random_.chance(75)) v = joined(own_read(f, u, over_domain, c, free), v);
      u.values.push_back(v);
    }
    f.updates.push_back(std::move(u));
  }

  // Data that says which place is written; of i32 a bounded range: a place for each of its values would be too many.
  Expr data_index(const ValueScope& scope) {
    const auto type = random_.pick<DType>({DType::u8, DType::i16, DType::i32, DType::i64});
    const Expr e = RandomValue(scope, random_).of(type, 1);
    if (type != DType::i32) return e;
    const Expr most = make_integer(type, random_.between(1, 9));
    return random_.chance(50) ? e % most : min(max(e, make_integer(type, 0)), most);
  }

  static Expr joined(const Expr& a, const Expr& b) { return a.type().dtype == DType::boolean ? a | b : a + b; }

  // The Func at the point that is written, or at a neighbour that the domain gives.
  Expr own_read(const FuncContents& f, const Update& u, const ValueScope& domain, int component, const std::vector<bool>& free) {
    ExprNode node;
    node.name = f.name;
    node.type = {f.dtype(component), 1};
    node.component = component;
    node.args = u.indices;
    if (random_.chance(40)) {
      for (size_t d = 0; d < free.size(); ++d) {
        if (!free[d]) node.args[d] = RandomValue(domain, random_).index();
      }
    }
    return make_access(std::move(node));
  }

  // Its values are added to those of an input, which it replaces.
  void in_place(FuncContents& f, OutputDecl& out) {
    if (f.is_reduction() || f.components() > 1 || is_storage(f.dtype(0))) return;
    std::vector<Expr> own;
    for (const std::string& v : f.vars) own.push_back(make_var(v));
    out.in = "S" + f.name;
    op_.inputs.push_back({out.in, f.dtype(0), out.extents, {}});
    f.values[0] = joined(make_access(out.in, f.dtype(0), std::move(own)), f.values[0]);
  }

  // The last Funcs, and now and then another.
  void outputs() {
    for (size_t f = 0; f < op_.funcs.size(); ++f) {
      if (f + last_ < op_.funcs.size() && !random_.chance(15)) continue;
      OutputDecl out{op_.funcs[f].name, {}};
      for (const RandomIndex& i : extents_[f]) out.extents.push_back(i.extent);
      if (random_.chance(10)) in_place(op_.funcs[f], out);
      op_.outputs.push_back(std::move(out));
    }
  }

  Random& random_;
  const AlgorithmOptions& options_;
  Operator op_;
  bool dots_ = false, windows_ = false;
  size_t last_ = 1;                                         // Funcs that are outputs whatever else is
  std::vector<Expr> shape_;                                 // of most tensors, where they are aligned
  std::vector<std::vector<RandomIndex>> extents_;           // of each Func, should it be an output
};

}  // namespace

Operator random_algorithm(Random& random, const AlgorithmOptions& options) { return Drawer(random, options).run(); }

Operator legal_random_algorithm(Random& random, const AlgorithmOptions& options) {
  while (true) {
    try {
      Operator op = random_algorithm(random, options);
      read_conditions(with_static_params(op, {}));
      return op;
    } catch (const Error& error) {
      if (kind_of(error.code()) != ErrorKind::user) throw;
    }
  }
}

}  // namespace lathe
