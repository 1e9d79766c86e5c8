#include "jit/lower/trace.h"

#include <fmt/format.h>

#include "jit/lower/check_directives.h"
#include "jit/lower/nest_emitter.h"

namespace lathe {

ir::Stmt traces_of(const Lowering& lowering, const FuncContents& func, const std::vector<Expr>& lowest,
                   const std::vector<Expr>& extent, const Facts& facts) {
  std::vector<ir::Stmt> traces;
  for (const Directive& d : lowering.directives) {
    if (d.kind != DirectiveKind::trace || d.func != func.name) continue;
    const auto storage = lowering.storage.find(func.name);
    if (storage == lowering.storage.end()) {
      refuse(ErrorCode::illegal_schedule, d,
             fmt::format("{} is stored nowhere: another Func completes it in registers", func.name),
             "a Func that is stored");
    }
    Expr inside = make_true();
    for (size_t i = 0; i < d.point.size(); ++i) {
      inside = inside & ge(d.point[i], lowest[i]) & lt(d.point[i], lowest[i] + extent[i]);
    }
    std::vector<ir::Stmt> values;
    for (int c = 0; c < func.components(); ++c) {
      const std::string& buffer = storage->second.buffers[static_cast<size_t>(c)];
      const Expr value = make_access(buffer, func.dtype(c), NestEmitter::place(storage->second, d.point, facts));
      values.push_back(ir::make_trace(func.components() == 1 ? func.name : component_name(func, c), value, d.point));
    }
    traces.push_back(ir::make_branch(simplify(inside, facts), ir::make_block(std::move(values))));
  }
  return ir::make_block(std::move(traces));
}

}  // namespace lathe
