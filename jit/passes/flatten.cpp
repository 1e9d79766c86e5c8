// before   C[i, j] = A[i, k] * B[k, j]
// after    C[i*ldc + j] = A[i*lda + k] * B[k*ldb + j]
//
// Why here: everything after it (collapsing, outlining, vectors) works on offsets. Strides of arguments are parameters or,
// where the variant's condition fixes them, expressions; storage of our own is dense but where its allocation says how far apart rows are. Refuses nothing.
#include "jit/passes/flatten.h"

#include <map>

#include "analysis/simplify.h"

namespace lathe {

namespace {

struct Strides {
  std::map<std::string, std::vector<Expr>> of;              // by buffer
  Facts nothing = Facts::remembering();                     // the same index stands in many places
};

std::vector<Expr> dense(const std::vector<Expr>& extents) {
  std::vector<Expr> strides(extents.size());
  Expr step = make_integer(DType::i64, 1);
  for (size_t d = extents.size(); d-- > 0;) {
    strides[d] = step;
    step = simplify(step * extents[d]);
  }
  return strides;
}

Expr offset(const Strides& strides, const std::string& buffer, const Expr* first, size_t count) {
  const std::vector<Expr>& by = strides.of.at(buffer);
  if (by.size() != count) internal_error("flatten", "rank of " + buffer);
  Expr sum = make_integer(DType::i64, 0), step;
  int lanes = 1;
  for (size_t d = 0; d < count; ++d) {
    const bool group = first[d].kind() == ExprKind::ramp;   // neighbours that an instruction takes together
    if (group) step = simplify(first[d].arg(1) * by[d], strides.nothing), lanes = first[d].type().lanes;
    sum = sum + (group ? first[d].arg(0) : first[d]) * by[d];
  }
  sum = simplify(sum, strides.nothing);
  return step.defined() ? make_ramp(sum, step, lanes) : sum;
}

// As many elements as all its rows take, the last one's padding too.
ir::Stmt without_strides(const ir::StmtNode& alloc) {
  ir::StmtNode flat = alloc;
  flat.values = {simplify(alloc.values[0] * alloc.strides[0])};
  flat.strides.clear();
  return std::make_shared<const ir::StmtNode>(std::move(flat));
}

Expr flat_expr(const Expr& e, const Strides& strides) {
  return transform(e, [&](const Expr& node) {
    if (node.kind() != ExprKind::access) return node;
    ExprNode flat = *node;
    flat.args = {offset(strides, node->name, node.args().data(), node.args().size())};
    return make_access(std::move(flat));
  });
}

}  // namespace

ir::Program flatten(const ir::Program& program) {
  ir::Program result = program;
  for (ir::Function& f : result.functions) {
    Strides strides;
    for (ir::Buffer& b : f.buffers) {
      strides.of[b.name] = b.strides;
      b.strides.clear();
    }
    ir::visit(f.body, [&](const ir::StmtNode& s) {
      if (s.kind == ir::StmtKind::alloc) strides.of[s.name] = s.strides.empty() ? dense(s.values) : s.strides;
    });
    f.body = ir::transform(
        f.body,
        [&](const ir::Stmt& s) {
          if (s->kind == ir::StmtKind::alloc && !s->strides.empty()) return without_strides(*s);
          bool store = s->kind == ir::StmtKind::store, prefetch = s->kind == ir::StmtKind::prefetch;
          if (!store && !prefetch) return s;
          ir::StmtNode flat = *s;
          size_t first = store ? 1 : 0;
          Expr at = offset(strides, s->name, s->values.data() + first, s->values.size() - first);
          flat.values.resize(first);
          flat.values.push_back(at);
          return std::make_shared<const ir::StmtNode>(std::move(flat));
        },
        [&](const Expr& e) { return flat_expr(e, strides); });
  }
  return result;
}

}  // namespace lathe
