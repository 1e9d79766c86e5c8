// Compiles a Func to a flat program: one pass over its expressions, children first, with a table of the values that are
// already in a register.
//
// Three things go before the rest of a reduction's body. Reads that may be absent (Boundary::none), because one
// outside drops the whole term, whatever else the term holds. Arithmetic that does not use the reduction variables: it moves to the head, which
// runs once for each point. And the extents and the identity, which belong to the head by their nature.
#include "lang/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace lathe {
namespace {

class Compiler {
 public:
  Compiler(const Operator& op, const FuncContents& func, const std::map<std::string, Scalar>& constants)
      : op_(op), func_(func), constants_(constants) {}

  Program run() {
    Program& p = program_;
    p.vars = static_cast<int>(func_.vars.size());
    p.rvars = static_cast<int>(func_.rvars.size());
    check_count(func_.name, func_.rvars.size(), func_.where);
    for (const std::string& var : func_.vars) vars_[var] = new_register();
    for (const ReductionVar& rvar : func_.rvars) vars_[rvar.name] = new_register();
    for (const Expr& value : func_.values) p.dtypes.push_back(value.type().dtype);
    if (func_.is_reduction()) {
      compile_reduction();
    } else {
      for (const ReductionVar& rvar : func_.rvars) p.extents.push_back(emit(rvar.extent));   // of an update
      p.body = static_cast<int>(p.steps.size());
      for (const Expr& value : func_.values) emit_dropping_reads(value);
      p.results.resize(func_.values.size());
      p.ready.resize(func_.values.size());
      for (size_t i = func_.values.size(); i-- > 0;) {
        p.results[i] = emit(func_.values[i]);
        p.ready[i] = static_cast<int>(p.steps.size());
      }
    }
    return std::move(program_);
  }

 private:
  int new_register() { return program_.registers++; }

  static void check_count(const std::string& name, size_t indices, const SourceLocation& where) {
    if (indices <= max_interpreted_rank) return;
    throw Error(ErrorCode::wrong_rank, {.step = "interpret",
                                        .what = name + " has too many indices for the interpreter",
                                        .got = std::to_string(indices),
                                        .need = fmt::format("at most {}", max_interpreted_rank),
                                        .where = where});
  }

  void compile_reduction() {
    Program& p = program_;
    const Combiner& combiner = *func_.combiner;
    for (const ReductionVar& rvar : func_.rvars) p.extents.push_back(emit(rvar.extent));
    for (const Expr& identity : combiner.identity) p.identity.push_back(emit(identity));
    for (const Expr& value : func_.values) hoist(value);
    p.body = static_cast<int>(p.steps.size());
    for (const Expr& value : func_.values) emit_dropping_reads(value);
    for (const Expr& value : func_.values) p.terms.push_back(emit(value));
    known_.clear();                                         // the combiner's names may be those of indices
    for (size_t i = 0; i < func_.values.size(); ++i) {
      p.left.push_back(vars_[combiner.left[i]] = new_register());
      vars_[combiner.right[i]] = p.terms[i];
    }
    for (size_t i = 0; i < func_.values.size(); ++i) {
      p.combined.push_back(emit(combiner.combined[i]));
      p.plain.push_back(plain_of(combiner, i));
    }
    p.results = p.left;
  }

  static bool computes_floats(const Expr& e) {
    bool computes = false;
    visit(e, [&](const Expr& node) {
      const bool chooses = node.is_op(Op::select) || node.is_op(Op::min) || node.is_op(Op::max) || node.is_op(Op::min_number) || node.is_op(Op::max_number);
      computes = computes || (node.kind() == ExprKind::op && is_float(node.type().dtype) && !chooses);
    });
    return computes;
  }

  static Plain plain_of(const Combiner& combiner, size_t i) {
    const Expr& e = combiner.combined[i];
    if (!is_float(e.type().dtype) || !computes_floats(e)) return Plain::other;
    if (!e.is_op(Op::add) && !e.is_op(Op::mul)) return Plain::formula;
    const auto is_var = [&](size_t arg, const std::string& name) {
      return e.arg(arg).kind() == ExprKind::var && e.arg(arg)->name == name;
    };
    const bool both = (is_var(0, combiner.left[i]) && is_var(1, combiner.right[i])) ||
                      (is_var(1, combiner.left[i]) && is_var(0, combiner.right[i]));
    return !both ? Plain::formula : e.is_op(Op::add) ? Plain::sum : Plain::product;
  }

  void hoist(const Expr& e) {
    if (!hoisted_.insert(e.get()).second) return;
    bool fixed = true, arithmetic = e.kind() == ExprKind::op || e.kind() == ExprKind::cast;
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::access) arithmetic = false;
      if (node.kind() != ExprKind::var) return;
      for (const ReductionVar& rvar : func_.rvars) fixed = fixed && node->name != rvar.name;
    });
    if (fixed && arithmetic) {
      emit(e);
    } else {
      for (const Expr& child : children_of(e)) hoist(child);
    }
  }

  void emit_dropping_reads(const Expr& value) {
    visit(value, [&](const Expr& node) {
      if (may_drop(node)) emit(node);
    });
  }

  // A read that may be absent: with Boundary::none, or of a pure Func that hands such a read on.
  bool may_drop(const Expr& read) {
    if (read.kind() != ExprKind::access) return false;
    if (read->boundary == Boundary::none) return true;
    const FuncContents* from = op_.find_func(read->name);
    if (!from || from->is_reduction()) return false;
    if (const auto known = drops_.find(from); known != drops_.end()) return known->second;
    std::vector<Expr> reads;
    for (const Expr& value : from->values) {
      visit(value, [&](const Expr& node) { if (node.kind() == ExprKind::access) reads.push_back(node); });
    }
    const bool found = std::any_of(reads.begin(), reads.end(), [&](const Expr& node) { return may_drop(node); });
    drops_.emplace(from, found);
    return found;
  }

  int emit(const Expr& e) {
    if (const auto known = known_.find(e); known != known_.end()) return known->second;
    const int result = emit_new(e);
    if (e.kind() != ExprKind::var) known_.emplace(e, result);
    return result;
  }

  int emit_new(const Expr& e) {
    const DType type = e.type().dtype;
    switch (e.kind()) {
      case ExprKind::constant: return preset(type, is_float(type) ? Scalar{f64, 0, e->float_value}
                                                                  : Scalar{type, e->integer_value, 0});
      case ExprKind::var: return emit_var(e);
      case ExprKind::op: return e.is_op(Op::select) && guards_reads(e) ? emit_branch(e) : emit_op(e);
      case ExprKind::cast: {
        Step step{.kind = Step::Kind::cast, .from = e.arg(0).type().dtype, .to = type};
        step.a = emit(e.arg(0));
        step.function = cell_conversion(step.to, step.from);
        return add(step);
      }
      case ExprKind::access: return emit_read(e);
      default: internal_error("interpret", "an expression of the loop IR in " + func_.name);
    }
  }

  int preset(DType type, const Scalar& value) {
    const Scalar rounded = convert(type, value);
    Cell cell;
    if (is_float(type)) {
      cell.f = rounded.floating;
    } else {
      cell.i = rounded.integer;
    }
    program_.presets.emplace_back(new_register(), cell);
    return program_.presets.back().first;
  }

  int emit_var(const Expr& e) {
    if (const auto var = vars_.find(e->name); var != vars_.end()) return var->second;
    const auto constant = constants_.find(e->name);
    if (constant == constants_.end()) {
      throw Error(ErrorCode::unknown_name, {.step = "interpret",
                                            .what = fmt::format("{} uses a name without a value", func_.name),
                                            .got = e->name,
                                            .need = "a value for every size and parameter",
                                            .where = e->where});
    }
    return vars_[e->name] = preset(e.type().dtype, constant->second);
  }

  int emit_op(const Expr& e) {
    const size_t typed = e.is_op(Op::select) ? 1 : 0;
    Step step{.kind = Step::Kind::apply, .op = e->op, .from = e.arg(typed).type().dtype, .to = e.type().dtype};
    int* operands[] = {&step.a, &step.b, &step.c};
    for (size_t i = 0; i < e.args().size(); ++i) *operands[i] = emit(e.arg(i));
    step.function = cell_function(step.op, step.from);
    if (!step.function) internal_error("interpret", fmt::format("{} of {}", info_of(e->op).name, name_of(step.from)));
    return add(step);
  }

  // A choice that holds a read which has to be inside, or a Func that may hold one.
  bool guards_reads(const Expr& select) const {
    bool found = false;
    for (size_t choice : {1, 2}) {
      visit(select.arg(choice), [&](const Expr& node) {
        found = found || (node.kind() == ExprKind::access &&
                          (node->boundary == Boundary::inside || op_.find_func(node->name) != nullptr));
      });
    }
    return found;
  }

  int emit_branch(const Expr& e) {
    const int condition = emit(e.arg(0)), result = new_register();
    const size_t to_no = push({.kind = Step::Kind::jump_if_not, .a = condition});
    emit_choice(e.arg(1), condition, result);
    const size_t to_end = push({.kind = Step::Kind::jump});
    program_.steps[to_no].b = static_cast<int>(program_.steps.size());
    emit_choice(e.arg(2), condition, result);
    program_.steps[to_end].a = static_cast<int>(program_.steps.size());
    return result;
  }

  // What is computed inside one choice is not there after it.
  void emit_choice(const Expr& choice, int condition, int result) {
    const auto outside = known_;
    const int value = emit(choice);
    const DType type = choice.type().dtype;
    push({.kind = Step::Kind::move, .from = type, .to = type, .result = result, .a = value, .b = condition});
    known_ = outside;
  }

  int emit_read(const Expr& e) {
    Read read;
    read.component = e->component;
    read.boundary = e->boundary;
    read.where = e->where;
    const auto is_it = [&](const auto& declared) { return declared.name == e->name; };
    const auto func = std::find_if(op_.funcs.begin(), op_.funcs.end(), is_it);
    const auto input = std::find_if(op_.inputs.begin(), op_.inputs.end(), is_it);
    read.of_func = func != op_.funcs.end();
    if (!read.of_func && input == op_.inputs.end()) internal_error("interpret", "no tensor is named " + e->name);
    read.tensor = static_cast<int>(read.of_func ? func - op_.funcs.begin() : input - op_.inputs.begin());
    check_count(e->name, e.args().size(), e->where);
    for (const Expr& index : e.args()) read.indices.push_back(emit(index));
    if (e->boundary_value.defined()) read.boundary_value = emit(e->boundary_value);
    const DType type = e.type().dtype;
    program_.reads.push_back(std::move(read));
    const int number = static_cast<int>(program_.reads.size()) - 1;
    return add({.kind = Step::Kind::read, .from = type, .to = type, .a = number});
  }

  int add(Step step) {
    step.result = new_register();
    push(step);
    return step.result;
  }

  size_t push(const Step& step) {
    program_.steps.push_back(step);
    return program_.steps.size() - 1;
  }

  const Operator& op_;
  const FuncContents& func_;
  const std::map<std::string, Scalar>& constants_;
  Program program_;
  std::map<std::string, int> vars_;
  std::unordered_map<Expr, int> known_;                     // the register of each value computed so far
  std::unordered_set<const ExprNode*> hoisted_;             // looked at by hoist()
  std::unordered_map<const FuncContents*, bool> drops_;    // whether reads of these may drop
};

}  // namespace

std::map<std::string, Scalar> constants_of(const Operator& op, const Bindings& bindings) {
  std::map<std::string, Scalar> constants;
  for (const auto& [name, value] : bindings.sizes) constants[name] = {DType::i64, value, 0};
  for (const ParamDecl& param : op.params) {
    if (param.is_static && constants.contains(param.name)) continue;
    const auto given = bindings.params.find(param.name);
    const double value = given == bindings.params.end() ? param.default_value : given->second;
    constants[param.name] = convert(param.dtype, {DType::f64, 0, value});
  }
  return constants;
}

Program compile_func(const Operator& op, const FuncContents& func, const std::map<std::string, Scalar>& constants) {
  return Compiler(op, func, constants).run();
}

}  // namespace lathe
