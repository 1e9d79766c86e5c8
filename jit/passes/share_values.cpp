// before   acc[ramp(0, 1, 16)]  = fma(broadcast(A[k], 16), B[ramp(n, 1, 16)], ...)
//          acc[ramp(16, 1, 16)] = fma(broadcast(A[lda + k], 16), B[ramp(n, 1, 16)], ...)
// after    let shared.0 = B[ramp(n, 1, 16)] { acc[...] = fma(broadcast(A[k], 16), shared.0, ...); ... }
//
// In a run of stores and prefetches, an expression that occurs more than once gets a name before its first use. A store
// ends the life of reads of its buffer. Reads of register buffers are values already, and index arithmetic belongs to code
// generation: neither is named.
//
// Why here: last, on straight-line code in its final form. Refuses nothing.
#include "jit/passes/share_values.h"

#include <map>
#include <set>
#include <unordered_map>

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

class Sharer {
 public:
  Stmt walk(const Stmt& s) {
    if (!s) return s;
    if (s->kind == StmtKind::alloc && s->space == ir::Space::registers) registers_.insert(s->name);
    if (s->kind == StmtKind::block) return block(*s);
    if (leaf(*s)) return run({s});
    return ir::with_changed_children(s, [&](const Stmt& child) { return walk(child); });
  }

 private:
  static bool leaf(const ir::StmtNode& s) { return s.kind == StmtKind::store || s.kind == StmtKind::prefetch; }

  // Nested blocks are read as one sequence: copies of unrolled bodies share across their seams.
  static void append(const Stmt& s, std::vector<Stmt>& sequence) {
    if (s && s->kind == StmtKind::block) {
      for (const Stmt& child : s->body) append(child, sequence);
    } else if (s) {
      sequence.push_back(s);
    }
  }

  Stmt block(const ir::StmtNode& s) {
    std::vector<Stmt> sequence, parts, straight;
    for (const Stmt& child : s.body) append(child, sequence);
    for (const Stmt& child : sequence) {
      if (leaf(*child)) {
        straight.push_back(child);
        continue;
      }
      if (!straight.empty()) parts.push_back(run(straight));
      straight.clear();
      parts.push_back(walk(child));
    }
    if (!straight.empty()) parts.push_back(run(straight));
    return ir::make_block(std::move(parts));
  }

  struct Seen {
    int uses = 0;
    std::string name;
  };

  // Expressions worth a name: reads and arithmetic on values, without register buffers inside.
  bool shareable(const Expr& e) {
    if (e.kind() == ExprKind::var || e.kind() == ExprKind::constant || e.kind() == ExprKind::ramp) return false;
    if (e.type() == Type{DType::i64, 1} && e.kind() != ExprKind::access) return false;
    if (e.kind() == ExprKind::broadcast && e.arg(0).kind() != ExprKind::access) return false;
    return !reads_registers(e);
  }

  bool reads_registers(const Expr& e) {
    if (e.kind() == ExprKind::var || e.kind() == ExprKind::constant) return false;
    if (e.kind() == ExprKind::access && registers_.count(e->name)) return true;
    if (auto known = reads_registers_.find(e); known != reads_registers_.end()) return known->second;
    bool found = false;
    for_each_child(e, [&](const Expr& child) { found = found || reads_registers(child); });
    return reads_registers_[e] = found;
  }

  void count(const Expr& e, std::unordered_map<Expr, Seen>& seen) {
    if (shareable(e)) {
      if (seen[e].uses++ > 0) return;
    }
    for_each_child(e, [&](const Expr& child) { count(child, seen); });
  }

  Stmt run(const std::vector<Stmt>& statements) {
    // Pieces between stores to buffers that the run also reads.
    std::vector<Stmt> parts;
    size_t from = 0;
    std::set<std::string> read;
    for (size_t i = 0; i < statements.size(); ++i) {
      const ir::StmtNode& s = *statements[i];
      for (const Expr& v : s.values) collect_reads(v, read);
      if (s.kind != StmtKind::store || registers_.count(s.name) || !read.count(s.name)) continue;
      parts.push_back(piece({statements.begin() + from, statements.begin() + i + 1}));
      from = i + 1;
      read.clear();
    }
    parts.push_back(piece({statements.begin() + from, statements.end()}));
    return ir::make_block(std::move(parts));
  }

  static void collect_reads(const Expr& e, std::set<std::string>& read) {
    visit(e, [&](const Expr& node) { if (node.kind() == ExprKind::access) read.insert(node->name); });
  }

  Stmt piece(const std::vector<Stmt>& statements) {
    std::unordered_map<Expr, Seen> seen;
    for (size_t i = 0; i < statements.size(); ++i) {
      for (const Expr& v : statements[i]->values) count(v, seen);
      if (statements[i]->mask.defined()) count(statements[i]->mask, seen);
    }
    std::vector<std::vector<std::pair<std::string, Expr>>> lets(statements.size());
    std::vector<Stmt> rewritten;
    for (size_t i = 0; i < statements.size(); ++i) {
      rewritten.push_back(ir::with_changed_expressions(
          statements[i], [&](const Expr& e) { return named(e, seen, lets[i]); }));
    }
    std::vector<Stmt> tail;                                 // statements after the lets being wrapped, in reverse
    Stmt rest;
    for (size_t i = statements.size(); i-- > 0;) {
      tail.push_back(rewritten[i]);
      if (lets[i].empty()) continue;
      std::vector<Stmt> body(tail.rbegin(), tail.rend());
      body.push_back(rest);
      rest = ir::make_block(std::move(body));
      tail.clear();
      for (auto let = lets[i].rbegin(); let != lets[i].rend(); ++let) rest = ir::make_let(let->first, let->second, rest);
    }
    std::vector<Stmt> body(tail.rbegin(), tail.rend());
    body.push_back(rest);
    return ir::make_block(std::move(body));
  }

  Expr named(const Expr& e, std::unordered_map<Expr, Seen>& seen, std::vector<std::pair<std::string, Expr>>& lets) {
    auto it = shareable(e) ? seen.find(e) : seen.end();
    if (it != seen.end() && it->second.uses > 1) {
      if (it->second.name.empty()) {
        Expr value = rebuilt(e, seen, lets);
        it->second.name = "shared." + std::to_string(count_++);
        lets.push_back({it->second.name, value});
      }
      return make_var(it->second.name, e.type());
    }
    return rebuilt(e, seen, lets);
  }

  Expr rebuilt(const Expr& e, std::unordered_map<Expr, Seen>& seen, std::vector<std::pair<std::string, Expr>>& lets) {
    return with_changed_children(e, [&](const Expr& child) { return named(child, seen, lets); });
  }

  std::set<std::string> registers_;
  std::unordered_map<Expr, bool> reads_registers_;
  int count_ = 0;
};

}  // namespace

ir::Program share_values(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Sharer().walk(f.body);
  return result;
}

}  // namespace lathe
