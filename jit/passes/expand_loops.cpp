// before   for i in 0, 2 unroll { for j in 0, 8 vector { acc[i*8 + j] = acc[i*8 + j] + A[i*lda] * B[j] } }
// after    acc[ramp(0, 1, 8)] = acc[ramp(0, 1, 8)] + broadcast(A[0], 8) * B[ramp(0, 1, 8)]
//          acc[ramp(8, 1, 8)] = acc[ramp(8, 1, 8)] + broadcast(A[lda], 8) * B[ramp(0, 1, 8)]
//
// A vector loop becomes groups of the target's lanes for the widest element in its body, then smaller powers of two.
// Where lanes cannot run in lockstep (control flow that depends on the lane), the loop becomes straight scalar code
// instead. Loops over the same register buffers must agree on their groups: the most lanes that one of them would have
// serve all, and one that cannot be widened makes all of them scalar.
//
// Why here: after outlining, so that a shared body is expanded once. Refuses expansions beyond the code budget, in
// which a lane under a mask counts as the code that it becomes.
#include "jit/passes/expand_loops.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "analysis/simplify.h"
#include "jit/passes/rename.h"
#include "jit/passes/widen.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

constexpr size_t kMostNodes = 100'000;                      // IR nodes of a program: a few seconds of code generation

void check_budget(const std::string& what, size_t nodes) {
  if (nodes <= kMostNodes) return;
  throw Error(ErrorCode::over_budget, {"compile", what + " would expand beyond the code budget",
                                       std::to_string(nodes) + " IR nodes", "at most " + std::to_string(kMostNodes),
                                       {}, "unroll or vectorize fewer iterations"});
}

constexpr int64_t kWordBytes = 8;                           // of an index

// Bytes of the widest element that differs from lane to lane of a vector loop, or is stored. Index arithmetic does not count.
class WidestElement {
 public:
  explicit WidestElement(const ir::StmtNode& loop) : lanes_{loop.name} {
    ir::visit(loop.body[0], [&](const ir::StmtNode& s) {
      bool differs = false;
      for (const Expr& e : s.values) differs = look(e) || differs;
      if (s.mask.defined()) look(s.mask);
      if (s.kind == StmtKind::alloc || (s.kind == StmtKind::let && differs)) lanes_.insert(s.name);
      if (s.kind == StmtKind::store) count(s.values[0].type().dtype);
    });
  }

  int64_t bytes() const { return bytes_ > 0 ? bytes_ : kWordBytes; }

 private:
  // Whether the value differs from lane to lane.
  bool look(const Expr& e) {
    if (auto known = differs_.find(e.get()); known != differs_.end()) return known->second;
    bool differs = (e.kind() == ExprKind::var || e.kind() == ExprKind::access) && lanes_.count(e->name);
    for_each_child(e, [&](const Expr& child) { differs = look(child) || differs; });
    const bool index = e.type().dtype == DType::i64 && e.kind() != ExprKind::access;
    if (differs && !index && e.type().dtype != DType::boolean) count(e.type().dtype);
    return differs_[e.get()] = differs;
  }

  void count(DType dtype) { bytes_ = std::max(bytes_, bytes_of(dtype)); }

  std::set<std::string> lanes_;                             // what has a value for each lane
  std::unordered_map<const ExprNode*, bool> differs_;
  int64_t bytes_ = 0;                                       // 0: nothing was met
};

int64_t widest_element(const ir::StmtNode& loop) { return WidestElement(loop).bytes(); }

constexpr int64_t kShortest = 4;                            // lanes on one side of a change of indices

class Expander {
 public:
  explicit Expander(const Target& target) : target_(target) {}

  Stmt run(const Stmt& s) {
    if (!s) return s;
    if (s->kind == StmtKind::alloc && s->space == ir::Space::registers && registers_.empty()) return register_scope(s);
    Stmt inner = with_children(s);
    if (!inner) return inner;
    if (inner->kind == StmtKind::loop && inner->loop == ir::LoopKind::unroll) return unrolled(*inner);
    if (inner->kind == StmtKind::loop && inner->loop == ir::LoopKind::vector) return vectors(*inner);
    return inner->kind == StmtKind::block && inner->unit ? ir::make_unit(ir::make_block(inner->body)) : inner;
  }

 private:
  // The outermost allocation of registers, with all that happens to them inside.
  Stmt register_scope(const Stmt& s) {
    ir::visit(s, [&](const ir::StmtNode& node) {
      if (node.kind == StmtKind::alloc && node.space == ir::Space::registers) registers_.insert(node.name);
    });
    shared_lanes_ = 1;
    ir::visit(s, [&](const ir::StmtNode& node) {
      if (node.kind != StmtKind::loop || node.loop != ir::LoopKind::vector || !touches_registers(node.body[0])) return;
      shared_lanes_ = std::max(shared_lanes_, target_.vector_bytes / widest_element(node));
    });
    lockstep_ = true;
    Stmt result = with_children(s);
    if (!lockstep_) {
      shared_lanes_ = 1;
      result = with_children(s);
    }
    registers_.clear();
    return result;
  }

  Stmt with_children(const Stmt& s) {
    return ir::with_changed_children(s, [&](const Stmt& child) { return run(child); });
  }

  bool touches_registers(const Stmt& body) const {
    bool found = false;
    ir::visit(
        body, [&](const ir::StmtNode& s) { found = found || (s.kind == StmtKind::store && registers_.count(s.name)); },
        [&](const Expr& whole) {
          visit(whole, [&](const Expr& e) {
            found = found || (e.kind() == ExprKind::access && registers_.count(e->name));
          });
        });
    return found;
  }

  static int64_t constant(const Expr& e) {
    int64_t value = 0;
    if (!is_integer_constant(e, &value)) internal_error("expand_loops", "an extent that is not constant");
    return value;
  }

  static size_t nodes_of(const ir::StmtNode& loop, int64_t copies) {
    return ir::count_nodes(loop.body[0]) * static_cast<size_t>(std::max<int64_t>(copies, 1));
  }

  Expr at(const ir::StmtNode& loop, int64_t i) const {
    return simplify(loop.values[0] + make_integer(DType::i64, i));
  }

  Stmt unrolled(const ir::StmtNode& loop) {
    int64_t count = constant(loop.values[1]);
    check_budget("loop " + loop.name, nodes_of(loop, count));
    std::vector<Stmt> copies;
    for (int64_t i = 0; i < count; ++i) copies.push_back(renamer_.copy(loop.body[0], {{loop.name, at(loop, i)}}));
    return ir::make_block(std::move(copies));
  }

  // Iterations of a loop from which on an index is another one, if they leave vectors on both sides: no group goes across.
  static std::set<int64_t> changes_within(const ir::StmtNode& loop) {
    std::set<int64_t> changes;
    const auto of_index = [&](const Expr& e) {
      const bool chooses = e.kind() == ExprKind::op && e->op == Op::select && e.type() == Type{DType::i64, 1};
      if (!chooses || e.arg(0)->op != Op::lt || e.arg(0).arg(0) != make_var(loop.name)) return;
      int64_t first = 0, change = 0;
      const bool known = is_integer_constant(loop.values[0], &first) && is_integer_constant(e.arg(0).arg(1), &change);
      if (known && (change - first) % kShortest == 0) changes.insert(change - first);
    };
    ir::visit(loop.body[0], [](const ir::StmtNode&) {}, [&](const Expr& whole) { visit(whole, of_index); });
    return changes;
  }

  Stmt vectors(const ir::StmtNode& loop) {
    int64_t count = constant(loop.values[1]);
    bool shared = !registers_.empty() && touches_registers(loop.body[0]);
    int64_t lanes = shared ? shared_lanes_ : target_.vector_bytes / widest_element(loop);
    check_budget("loop " + loop.name, nodes_of(loop, count / lanes + 1));
    const std::set<int64_t> changes = shared ? std::set<int64_t>() : changes_within(loop);
    std::vector<Stmt> groups;
    for (int64_t i = 0; i < count;) {
      int64_t width = lanes;
      const auto change = changes.upper_bound(i);
      while (width > (change == changes.end() ? count : std::min(count, *change)) - i) width /= 2;
      Stmt copy = renamer_.copy(loop.body[0], {});
      if (width == 1) {
        groups.push_back(ir::substitute(copy, {{loop.name, at(loop, i)}}));
      } else if (auto wide = Widener(loop.name, at(loop, i), static_cast<int>(width)).widen(copy)) {
        groups.push_back(*wide);
      } else {
        lockstep_ = lockstep_ && !shared;
        return unrolled(loop);
      }
      i += width;
    }
    return ir::make_block(std::move(groups));
  }

  const Target& target_;
  Renamer renamer_;
  std::set<std::string> registers_;                         // of the outermost allocation around this place
  int64_t shared_lanes_ = 1;                                // of loops over them
  bool lockstep_ = true;                                    // no such loop was found to be scalar
};

constexpr size_t kNodesOfALane = 8;  // a branch around the access, and what stands in it

bool is_strided(const Expr& last_index) {
  return last_index.type().lanes > 1 &&
         !(last_index.kind() == ExprKind::ramp && last_index.arg(1) == make_integer(DType::i64, 1));
}

// What masks add where the machine has none for lanes that are no neighbours: each lane is code of its own.
size_t nodes_of_masked_lanes(const Stmt& body) {
  size_t lanes = 0;
  const auto count = [&](const Expr& mask, const Expr& last_index) {
    if (mask.defined() && is_strided(last_index)) lanes += static_cast<size_t>(last_index.type().lanes);
  };
  ir::visit(
      body,
      [&](const ir::StmtNode& s) {
        if (s.kind == StmtKind::store && s.values.size() > 1) count(s.mask, s.values.back());
      },
      [&](const Expr& whole) {
        visit(whole, [&](const Expr& e) {
          if (e.kind() == ExprKind::access && !e.args().empty()) count(e->mask, e.args().back());
        });
      });
  return lanes * kNodesOfALane;
}

}  // namespace

ir::Program expand_loops(const ir::Program& program, const Target& target) {
  ir::Program result = program;
  size_t nodes = 0;
  for (ir::Function& f : result.functions) {
    f.body = Expander(target).run(f.body);
    nodes += ir::count_nodes(f.body) + (target.mask_registers ? 0 : nodes_of_masked_lanes(f.body));
    check_budget(result.name, nodes);
  }
  return result;
}

}  // namespace lathe
