// before   for i in 0, 2 unroll { for j in 0, 32 vector { acc[i * 32 + j] = acc[i * 32 + j] + A[i * lda] * B[j] } }
// after    acc[ramp(0, 1, 16)] = acc[ramp(0, 1, 16)] + broadcast(A[0], 16) * B[ramp(0, 1, 16)]     (and three more)
//
// A vector loop becomes groups of the target's lanes for the widest element in its body, then smaller powers of two. Where
// lanes cannot run in lockstep (control flow that depends on the lane), the loop becomes straight scalar code instead.
//
// Why here: after outlining, so that a shared body is expanded once. Refuses expansions beyond the code budget.
#include "jit/passes/expand_loops.h"

#include <algorithm>

#include "analysis/simplify.h"
#include "jit/passes/rename.h"
#include "jit/passes/widen.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

constexpr size_t kMostNodes = 400'000;                      // IR nodes of one expanded loop: some seconds of code generation

int64_t widest_element(const Stmt& body) {
  int64_t bytes = 1;
  bool only_bytes = true;
  ir::visit(
      body, [](const ir::StmtNode&) {},
      [&](const Expr& whole) {
        visit(whole, [&](const Expr& e) {
          bool index = e.type().dtype == DType::i64 && e.kind() != ExprKind::access;
          if (index || e.type().dtype == DType::boolean) return;
          bytes = std::max(bytes, bytes_of(e.type().dtype));
          only_bytes = false;
        });
      });
  return only_bytes ? 8 : bytes;
}

class Expander {
 public:
  explicit Expander(const Target& target) : target_(target) {}

  Stmt run(const Stmt& s) {
    return ir::transform(s, [&](const Stmt& node) {
      if (node->kind != StmtKind::loop) return node;
      if (node->loop == ir::LoopKind::unroll) return unrolled(*node);
      if (node->loop == ir::LoopKind::vector) return vectors(*node);
      return node;
    });
  }

 private:
  static int64_t constant(const Expr& e) {
    int64_t value = 0;
    if (!is_integer_constant(e, &value)) internal_error("expand_loops", "an extent that is not constant");
    return value;
  }

  static void check_budget(const ir::StmtNode& loop, int64_t copies) {
    size_t nodes = ir::count_nodes(loop.body[0]) * static_cast<size_t>(std::max<int64_t>(copies, 1));
    if (nodes <= kMostNodes) return;
    throw Error(ErrorCode::over_budget, {"compile", "loop " + loop.name + " would expand beyond the code budget",
                                         std::to_string(nodes) + " IR nodes", "at most " + std::to_string(kMostNodes),
                                         {}, "unroll or vectorize fewer iterations"});
  }

  Expr at(const ir::StmtNode& loop, int64_t i) const {
    return simplify(loop.values[0] + make_integer(DType::i64, i));
  }

  Stmt unrolled(const ir::StmtNode& loop) {
    int64_t count = constant(loop.values[1]);
    check_budget(loop, count);
    std::vector<Stmt> copies;
    for (int64_t i = 0; i < count; ++i) copies.push_back(renamer_.copy(loop.body[0], {{loop.name, at(loop, i)}}));
    return ir::make_block(std::move(copies));
  }

  Stmt vectors(const ir::StmtNode& loop) {
    int64_t count = constant(loop.values[1]);
    int64_t lanes = target_.vector_bytes / widest_element(loop.body[0]);
    check_budget(loop, count / lanes + 1);
    std::vector<Stmt> groups;
    for (int64_t i = 0; i < count;) {
      int64_t width = lanes;
      while (width > count - i) width /= 2;
      Stmt copy = renamer_.copy(loop.body[0], {});
      if (width == 1) {
        groups.push_back(ir::substitute(copy, {{loop.name, at(loop, i)}}));
      } else if (auto wide = Widener(loop.name, at(loop, i), static_cast<int>(width)).widen(copy)) {
        groups.push_back(*wide);
      } else {
        return unrolled(loop);
      }
      i += width;
    }
    return ir::make_block(std::move(groups));
  }

  const Target& target_;
  Renamer renamer_;
};

}  // namespace

ir::Program expand_loops(const ir::Program& program, const Target& target) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) f.body = Expander(target).run(f.body);
  return result;
}

}  // namespace lathe
