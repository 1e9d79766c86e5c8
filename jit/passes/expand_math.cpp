// Writes mathematical functions as the arithmetic that computes them (math_formulas.h), for all lanes at once.
//
// before   Y[i] = sigmoid(X[i])                     on f64
// after    let math.0 = X[i]
//          let math.1 = exp(-abs(math.0))
//          Y[i] = select(math.0 < 0, math.1, 1) / (math.1 + 1)
//
// A part of a formula that is used more than once gets a name in front of the statement, or of the run of stores that it
// stands in, so that neighbouring stores stay neighbours.
//
// Why here: last. The formulas are final: their products and sums must not be contracted again, and earlier passes see
// one node for a function instead of thirty. A value that straight code computes twice has a name already.
// Refuses f64 functions but rsqrt, reciprocal and sigmoid: they stay, and become calls of the C library for each lane.
#include "jit/passes/expand_math.h"

#include <set>
#include <unordered_map>

#include "jit/passes/math_formulas.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

class Expander {
 public:
  explicit Expander(const Target& target) : target_(target) {}

  Stmt walk(const Stmt& s) {
    if (!s) return s;
    if (is_leaf(*s)) return expanded_run({s});
    ir::StmtNode node = *s;
    if (s->kind == StmtKind::block) {
      node.body = walk_sequence(s->body);
      return std::make_shared<const ir::StmtNode>(std::move(node));
    }
    Lets lets;
    expand_values(node, lets);
    if (s->kind != StmtKind::let) known_.clear();           // a loop inside may change what they were made of
    for (Stmt& child : node.body) child = walk(child);
    known_.clear();
    return around(lets, std::make_shared<const ir::StmtNode>(std::move(node)));
  }

 private:
  using Lets = std::vector<std::pair<std::string, Expr>>;

  static bool is_leaf(const ir::StmtNode& s) { return s.kind == StmtKind::store || s.kind == StmtKind::prefetch; }

  static Stmt around(const Lets& lets, Stmt body) {
    for (auto let = lets.rbegin(); let != lets.rend(); ++let) body = ir::make_let(let->first, let->second, body);
    return body;
  }

  // Runs of stores that do not read what one of them writes.
  std::vector<Stmt> walk_sequence(const std::vector<Stmt>& sequence) {
    std::vector<Stmt> result, run;
    std::set<std::string> written;
    const auto end_run = [&] {
      if (!run.empty()) result.push_back(expanded_run(run));
      run.clear();
      written.clear();
    };
    for (const Stmt& s : sequence) {
      if (!s || !is_leaf(*s)) {
        end_run();
        result.push_back(walk(s));
        continue;
      }
      if (reads_any(*s, written)) end_run();
      run.push_back(s);
      if (s->kind == StmtKind::store) written.insert(s->name);
    }
    end_run();
    return result;
  }

  static bool reads_any(const ir::StmtNode& s, const std::set<std::string>& buffers) {
    bool found = false;
    for (const Expr& value : s.values) {
      visit(value, [&](const Expr& e) { found = found || (e.kind() == ExprKind::access && buffers.count(e->name)); });
    }
    return found;
  }

  Stmt expanded_run(const std::vector<Stmt>& run) {
    Lets lets;
    std::vector<Stmt> body;
    for (const Stmt& s : run) {
      ir::StmtNode node = *s;
      expand_values(node, lets);
      body.push_back(std::make_shared<const ir::StmtNode>(std::move(node)));
    }
    known_.clear();
    return around(lets, ir::make_block(std::move(body)));
  }

  void expand_values(ir::StmtNode& s, Lets& lets) {
    for (Expr& value : s.values) {
      if (has_math(value)) value = expanded(value, lets);
    }
  }

  static bool has_math(const Expr& e) {
    bool found = false;
    visit(e, [&](const Expr& node) { found = found || is_math(node); });
    return found;
  }
  static bool is_math(const Expr& e) {
    if (e.kind() != ExprKind::op) return false;
    return info_of(e->op).pipe == Pipe::math || e->op == Op::rsqrt || e->op == Op::reciprocal;
  }

  Expr expanded(const Expr& e, Lets& lets) {
    std::vector<Expr> children = children_of(e);
    for (Expr& child : children) child = expanded(child, lets);
    Expr rebuilt = children.empty() ? e : with_children(e, children);
    if (!is_math(e)) return rebuilt;
    for (Expr& child : children) child = named(child, lets);
    const Expr formula = math_formula(with_children(e, children), target_);
    if (!formula.defined()) return rebuilt;
    Formula parts;
    count_uses(formula, parts.uses);
    return with_names(formula, parts, lets);
  }

  struct Formula {
    std::unordered_map<Expr, int> uses;
    std::unordered_map<Expr, Expr> rewritten;
  };

  static bool is_cheap(const Expr& e) {
    return e.kind() == ExprKind::var || e.kind() == ExprKind::constant ||
           (e.kind() == ExprKind::broadcast && is_cheap(e.arg(0)));
  }

  Expr named(const Expr& e, Lets& lets) {
    if (is_cheap(e)) return e;
    auto [known, fresh] = known_.try_emplace(e, "");
    if (fresh) {
      known->second = "math." + std::to_string(count_++);
      lets.emplace_back(known->second, e);
    }
    return make_var(known->second, e.type());
  }

  static void count_uses(const Expr& e, std::unordered_map<Expr, int>& uses) {
    if (is_cheap(e) || uses[e]++ > 0) return;
    for (const Expr& arg : e.args()) count_uses(arg, uses);
  }

  Expr with_names(const Expr& e, Formula& formula, Lets& lets) {
    if (is_cheap(e)) return e;
    if (auto done = formula.rewritten.find(e); done != formula.rewritten.end()) return done->second;
    std::vector<Expr> args = e.args();
    for (Expr& arg : args) arg = with_names(arg, formula, lets);
    Expr result = with_children(e, args);
    if (formula.uses.at(e) > 1) result = named(result, lets);
    return formula.rewritten[e] = result;
  }

  const Target& target_;
  int count_ = 0;
  std::unordered_map<Expr, std::string> known_;             // values with a name in front of the current run, or right around it
};

}  // namespace

ir::Program expand_math(const ir::Program& program, const Target& target) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Expander(target).walk(f.body);
  return result;
}

}  // namespace lathe
