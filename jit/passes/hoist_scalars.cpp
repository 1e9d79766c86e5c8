// before   for i in 0, M serial { C[i] = A[i]*(B[0] + B[1]) }
// after    if 0 < M {
//            let fixed.0 = B[0] + B[1]
//            for i in 0, M serial { C[i] = A[i]*fixed.0 }
//          }
//
// The backend may not: it does not know that a loop runs at all, and a value that nobody asks for may read past an argument.
// A mere element stays, since it costs no more from the first-level cache than from a register that another value needs; but
// not one that vectors are divided by, of which the backend then takes the reciprocal once.
//
// Why here: code is shared already, so that what differs in names only still compares equal; vector loops are loops, so that a
// value is one scalar. Refuses what stands in a branch or in a loop that may not run, and what reads memory written inside.
#include "jit/passes/hoist_scalars.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace lathe {

namespace {

using ir::LoopKind;
using ir::Stmt;
using ir::StmtKind;

// What a statement defines and may write.
struct Effects {
  std::set<std::string> names;
  std::set<std::string> buffers;
};

Effects effects_of(const ir::Program& program, const Stmt& s) {
  Effects effects;
  ir::visit(s, [&](const ir::StmtNode& node) {
    switch (node.kind) {
      case StmtKind::let:
      case StmtKind::loop: effects.names.insert(node.name); break;
      case StmtKind::alloc:
      case StmtKind::store: effects.buffers.insert(node.name); break;
      case StmtKind::call: {
        const ir::Function* callee = program.find(node.name);
        for (size_t i = 0; i < node.buffers.size(); ++i) {
          if (!callee->buffers[i].read_only) effects.buffers.insert(node.buffers[i].name);
        }
        break;
      }
      default: break;
    }
  });
  return effects;
}

// The values of one loop: which of them it does not change, and what they are called before it.
class FixedValues {
 public:
  FixedValues(const ir::Function& function, const Effects& inside, int& count) : function_(function), inside_(inside), count_(count) {}

  // The expression with a name for each such value; those with the most in them first. What runs `always` runs in every
  // iteration; else only divisors that can be read at any time have one.
  Expr named(const Expr& e, bool always) {
    if (e.type().lanes > 1) return e;
    auto& done = named_[always];
    if (const auto at = done.find(e.get()); at != done.end()) return at->second;
    const Kind kind = kind_of(e);
    Expr result = e;
    if (always && kind.fixed && kind.of_data && (e.kind() == ExprKind::op || e.kind() == ExprKind::cast)) {
      result = name_of(e);
    } else if (e.is_op(Op::div) && is_float(e.type().dtype) && is_element(e.arg(1)) && (always || is_own(e.arg(1)))) {
      result = make_op(Op::div, {named(e.arg(0), always), name_of(e.arg(1))});
    } else if (kind.of_data) {
      result = with_changed_children(e, [&](const Expr& child) { return named(child, always); });
    }
    return done[e.get()] = result;
  }

  const std::map<Expr, std::string>& names() const { return names_; }

 private:
  Expr name_of(const Expr& e) {
    auto [it, fresh] = names_.try_emplace(e, "");
    if (fresh) it->second = "fixed." + std::to_string(count_++);
    return make_var(it->second, e.type());
  }

  bool is_element(const Expr& e) {
    return e.kind() == ExprKind::access && !e->mask.defined() && kind_of(e).fixed;
  }

  // Of storage of the function's own, at a known place.
  bool is_own(const Expr& e) const {
    const auto& buffers = function_.buffers;
    const bool given = std::any_of(buffers.begin(), buffers.end(), [&](const auto& b) { return b.name == e->name; });
    return !given && std::all_of(e.args().begin(), e.args().end(), [](const Expr& at) { return is_integer_constant(at); });
  }

  struct Kind {
    bool fixed = true;                                      // the same in all iterations
    bool of_data = false;                                   // memory is read for it
  };

  Kind kind_of(const Expr& e) {
    if (auto known = kinds_.find(e.get()); known != kinds_.end()) return known->second;
    Kind kind{.of_data = e.kind() == ExprKind::access};
    if (e.kind() == ExprKind::access) kind.fixed = !inside_.buffers.count(e->name);
    if (e.kind() == ExprKind::var) kind.fixed = !inside_.names.count(e->name);
    for_each_child(e, [&](const Expr& child) {
      const Kind part = kind_of(child);
      kind.fixed = kind.fixed && part.fixed;
      kind.of_data = kind.of_data || part.of_data;
    });
    return kinds_[e.get()] = kind;
  }

  const ir::Function& function_;
  const Effects& inside_;
  int& count_;
  std::map<Expr, std::string> names_;
  std::unordered_map<const ExprNode*, Kind> kinds_;         // of expressions that the loop holds
  std::unordered_map<const ExprNode*, Expr> named_[2];
};

class Hoister {
 public:
  Hoister(const ir::Program& program, const ir::Function& function) : program_(program), function_(function) {}

  // Outer loops first: what leaves one of them needs not leave those inside of it.
  Stmt walk(const Stmt& s) {
    if (!s) return s;
    const bool moves = s->kind == StmtKind::loop && (s->loop == LoopKind::serial || s->loop == LoopKind::parallel);
    if (moves) return loop(s);
    return ir::with_changed_children(s, [&](const Stmt& child) { return walk(child); });
  }

 private:
  Stmt loop(const Stmt& s) {
    const Effects inside = effects_of(program_, s);
    FixedValues values(function_, inside, count_);
    Stmt result = ir::with_changed_children(s, [&](const Stmt& body) { return walk(named(body, values, true)); });
    if (values.names().empty()) return result;
    for (const auto& [value, name] : values.names()) result = ir::make_let(name, value, result);
    return runs(s) ? result : ir::make_branch(make_op(Op::lt, {make_integer(DType::i64, 0), s->value(1)}), result);
  }

  // Whether its body runs at least once.
  static bool runs(const Stmt& loop) {
    int64_t extent = 0;
    return is_integer_constant(loop->value(1), &extent) && extent > 0;
  }

  // The body of a branch, or of a loop that may be empty, does not run in every iteration.
  static Stmt named(const Stmt& s, FixedValues& values, bool always) {
    if (!s) return s;
    const Stmt changed = ir::with_changed_expressions(s, [&](const Expr& e) { return values.named(e, always); });
    const bool all = always && s->kind != StmtKind::branch && (s->kind != StmtKind::loop || runs(s));
    return ir::with_changed_children(changed, [&](const Stmt& child) { return named(child, values, all); });
  }

  const ir::Program& program_;
  const ir::Function& function_;
  int count_ = 0;
};

}  // namespace

ir::Program hoist_scalars(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Hoister(program, f).walk(f.body);
  return result;
}

}  // namespace lathe
