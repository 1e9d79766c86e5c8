// before   acc[ramp(0, 1, 16)]  = fma(broadcast(A[k], 16), B[ramp(n, 1, 16)], ...)
//          acc[ramp(16, 1, 16)] = fma(broadcast(A[lda + k], 16), B[ramp(n, 1, 16)], ...)
// after    let shared.0 = B[ramp(n, 1, 16)] { acc[...] = fma(broadcast(A[k], 16), shared.0, ...); ... }
//
// In a run of stores and prefetches, an expression that occurs more than once gets a name before its first use. A store
// ends the life of reads of its buffer. Reads of register buffers are values already, and index arithmetic belongs to code
// generation: neither is named.
//
// Two neighbouring stores to registers that each name values name them all before the first of the two, where the registers
// hold one value more: cores deal instructions out in turns, and work of two kinds in strict turn keeps half of the units
// of each kind idle (docs/design/register-tiles.md).
//
// before   let shared.1 = a - b { acc[...] = fma(shared.1, shared.1, ...);  let shared.2 = a - c { acc[...] = ... } }
// after    let shared.1 = a - b { let shared.2 = a - c { acc[...] = fma(shared.1, shared.1, ...);  acc[...] = ... } }
//
// Why here: last, on straight-line code in its final form. Refuses nothing.
#include "jit/passes/share_values.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

// Names and their values, in the order of their definition.
using Lets = std::vector<std::pair<std::string, Expr>>;

// The named values that are needed later, as straight-line code is read from its end.
class Needed {
 public:
  explicit Needed(const std::map<std::string, int>& registers) : registers_(&registers) {}

  void use(const Expr& e) {
    visit(e, [&](const Expr& part) { if (part.kind() == ExprKind::var) use(part->name); });
  }

  void use(const ir::StmtNode& s) {
    for (const Expr& v : s.values) use(v);
    if (s.mask.defined()) use(s.mask);
  }

  void define(const Lets& lets) {
    for (auto let = lets.rbegin(); let != lets.rend(); ++let) {
      if (names_.erase(let->first)) held_ -= registers_->at(let->first);
      use(let->second);
    }
  }

  int most() const { return most_; }                        // registers that they took at a time
  void forget_most() { most_ = held_; }

 private:
  void use(const std::string& name) {
    auto known = registers_->find(name);
    if (known == registers_->end() || !names_.insert(name).second) return;
    held_ += known->second;
    most_ = std::max(most_, held_);
  }

  const std::map<std::string, int>* registers_;             // of each value
  std::set<std::string> names_;
  int held_ = 0, most_ = 0;
};

class Sharer {
 public:
  explicit Sharer(const Target& target) : target_(target) {}

  Stmt walk(const Stmt& s) {
    if (!s) return s;
    if (s->kind == StmtKind::alloc && s->space == ir::Space::registers) return accumulators(*s);
    if (s->kind == StmtKind::block) return block(*s);
    if (leaf(*s)) return run({s});
    return ir::with_changed_children(s, [&](const Stmt& child) { return walk(child); });
  }

 private:
  Stmt accumulators(const ir::StmtNode& s) {
    registers_.insert(s.name);
    int64_t elements = 1, extent = 1;
    for (const Expr& e : s.values) if (is_integer_constant(e, &extent)) elements *= extent;
    const int taken = registers_of(s.dtype, elements);
    taken_ += taken;
    ir::StmtNode node = s;
    node.body = {walk(s.body[0])};
    taken_ -= taken;
    return std::make_shared<const ir::StmtNode>(std::move(node));
  }

  int registers_of(DType dtype, int64_t elements) const {
    return static_cast<int>((elements * bytes_of(dtype) + target_.vector_bytes - 1) / target_.vector_bytes);
  }

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
    std::vector<Lets> lets(statements.size());
    std::vector<Stmt> rewritten;
    for (size_t i = 0; i < statements.size(); ++i) {
      rewritten.push_back(ir::with_changed_expressions(
          statements[i], [&](const Expr& e) { return named(e, seen, lets[i]); }));
    }
    name_in_pairs(rewritten, lets);
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

  bool names_for_registers(const Stmt& s, const Lets& lets) const {
    return s->kind == StmtKind::store && registers_.count(s->name) && !lets.empty();
  }

  // For each statement the first one of its pair; itself where there is none. Requests for lines may lie between.
  std::vector<size_t> pairs(const std::vector<Stmt>& statements, const std::vector<Lets>& lets) const {
    std::vector<size_t> first(statements.size());
    std::optional<size_t> open;
    for (size_t i = 0; i < statements.size(); ++i) {
      first[i] = i;
      if (statements[i]->kind == StmtKind::prefetch && lets[i].empty()) continue;
      if (!names_for_registers(statements[i], lets[i])) {
        open.reset();
      } else if (open) {
        first[i] = *std::exchange(open, {});
      } else {
        open = i;
      }
    }
    return first;
  }

  void name_in_pairs(const std::vector<Stmt>& statements, std::vector<Lets>& lets) const {
    std::map<std::string, int> registers;
    for (const Lets& some : lets) {
      for (const auto& [name, value] : some) registers[name] = registers_of(value.type().dtype, value.type().lanes);
    }
    if (registers.empty()) return;
    const std::vector<size_t> first = pairs(statements, lets);
    Needed needed(registers);
    for (size_t i = statements.size(); i-- > 0;) {
      if (first[i] < i) {
        Lets together = lets[first[i]];
        together.insert(together.end(), lets[i].begin(), lets[i].end());
        Needed before = needed;
        before.forget_most();
        for (size_t k = first[i]; k <= i; ++k) before.use(*statements[k]);
        before.define(together);
        if (taken_ + before.most() <= target_.vector_registers) {
          lets[first[i]] = std::move(together);
          lets[i].clear();
          needed = std::move(before);
          i = first[i];
          continue;
        }
      }
      needed.use(*statements[i]);
      needed.define(lets[i]);
    }
  }

  Expr named(const Expr& e, std::unordered_map<Expr, Seen>& seen, Lets& lets) {
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

  Expr rebuilt(const Expr& e, std::unordered_map<Expr, Seen>& seen, Lets& lets) {
    return with_changed_children(e, [&](const Expr& child) { return named(child, seen, lets); });
  }

  const Target& target_;
  std::set<std::string> registers_;
  int taken_ = 0;                                           // vector registers that the accumulators around take
  std::unordered_map<Expr, bool> reads_registers_;
  int count_ = 0;
};

}  // namespace

ir::Program share_values(const ir::Program& program, const Target& target) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Sharer(target).walk(f.body);
  return result;
}

}  // namespace lathe
