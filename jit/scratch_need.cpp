#include "jit/scratch_need.h"

#include <map>

#include "analysis/simplify.h"
#include "jit/size_formulas.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

Expr count(int64_t value) { return make_integer(DType::i64, value); }

// In bytes; undefined: none.
struct Need {
  Expr outside, inside;  // of parallel loops; inside: of one thread
};

Expr larger(const Expr& a, const Expr& b) { return !a.defined() ? b : !b.defined() || a == b ? a : max(a, b); }
Expr sum(const Expr& a, const Expr& b) { return !a.defined() ? b : !b.defined() ? a : a + b; }
Need larger(const Need& a, const Need& b) { return {larger(a.outside, b.outside), larger(a.inside, b.inside)}; }

Need map_parts(const Need& need, const std::function<Expr(const Expr&)>& change) {
  return {need.outside.defined() ? change(need.outside) : Expr(), need.inside.defined() ? change(need.inside) : Expr()};
}

class Counter {
 public:
  explicit Counter(const ir::Program& program) : program_(program) {
    for (const ir::Param& param : program.entry().params) names_.push_back(param.name);
  }

  ScratchNeed run() {
    for (const ir::Function& f : program_.functions) {
      is_entry_ = f.kind == ir::FunctionKind::entry;
      of_function_[f.name] = of(f.body);
    }
    const Need& need = of_function_.at(program_.entry().name);
    return {formula(need.outside), formula(need.inside)};
  }

 private:
  Need of(const Stmt& s) {
    if (!s) return {};
    switch (s->kind) {
      case StmtKind::block: {
        Need need;
        for (const Stmt& child : s->body) need = larger(need, of(child));
        return need;
      }
      case StmtKind::let:
        return map_parts(of(s->body[0]), [&](const Expr& e) { return substitute(e, {{s->name, s->value(0)}}); });
      case StmtKind::loop:
        return of_loop(*s);
      case StmtKind::branch:
        return of_branch(*s);
      case StmtKind::alloc:
        return of_alloc(*s);
      case StmtKind::call:
        return of_call(*s);
      case StmtKind::store:
      case StmtKind::prefetch:
      case StmtKind::trace:
        return {};
    }
    internal_error("scratch", "a statement of no kind");
  }

  Need of_loop(const ir::StmtNode& s) {
    Need need = of(s.body[0]);
    if (s.loop == ir::LoopKind::parallel) need = {{}, sum(need.outside, need.inside)};
    const VarRanges range = {{s.name, {s.value(0), s.value(0) + s.value(1) - count(1)}}};
    return map_parts(need, [&](const Expr& e) {
      const std::optional<Range> values = interval_of(e, range);
      if (!values || !values->highest.defined()) return e;  // formula() refuses it
      return values->highest;
    });
  }

  Need of_branch(const ir::StmtNode& s) {
    const Need yes = of(s.body[0]), no = s.body.size() > 1 ? of(s.body[1]) : Need{};
    // Only the entry's conditions are over its own scalars, of which sizes and parameters are known.
    if (!is_entry_ || !size_formula(s.value(0), known_names())) return larger(yes, no);
    const auto either = [&](const Expr& a, const Expr& b) {
      if (a.defined() == b.defined() && (!a.defined() || a == b)) return a;
      return select(s.value(0), a.defined() ? a : count(0), b.defined() ? b : count(0));
    };
    return {either(yes.outside, no.outside), either(yes.inside, no.inside)};
  }

  Need of_alloc(const ir::StmtNode& s) {
    Need need = of(s.body[0]);
    if (s.space != ir::Space::heap) return need;
    Expr bytes = count(bytes_of(s.dtype));
    for (const Expr& extent : s.values) bytes = bytes * extent;
    if (s.align_bytes > 64) bytes = bytes + count(s.align_bytes - 64);
    need.outside = sum((bytes + count(63)) / count(64) * count(64), need.outside);
    return need;
  }

  Need of_call(const ir::StmtNode& s) {
    const ir::Function& callee = *program_.find(s.name);
    Substitution arguments;
    for (size_t i = 0; i < callee.params.size(); ++i) arguments.emplace_back(callee.params[i].name, s.value(i));
    return map_parts(of_function_.at(s.name), [&](const Expr& e) { return substitute(e, arguments); });
  }

  // Strides and addresses are not known where scratch is asked for.
  std::vector<std::string> known_names() const {
    std::vector<std::string> names = names_;
    for (std::string& name : names) {
      if (name.find(".stride.") != std::string::npos || name.ends_with(".misalignment")) name.clear();
    }
    return names;
  }

  SizeFormula formula(const Expr& need) const {
    if (!need.defined()) return {};
    const Expr simple = simplify(need);
    if (std::optional<SizeFormula> f = size_formula(simple, known_names())) return *f;
    return {{{SizeFormula::Code::constant, -1}}, "not known"};
  }

  const ir::Program& program_;
  std::vector<std::string> names_;
  std::map<std::string, Need> of_function_;
  bool is_entry_ = false;
};

}  // namespace

ScratchNeed scratch_need(const ir::Program& program) { return Counter(program).run(); }

}  // namespace lathe
