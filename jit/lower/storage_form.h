// How storage of our own lies in memory, beyond the order of its digits: in which space, from where, rows how far
// apart.
//
//   Bp.pitch(k, 16, 8).align(4096)      alloc Bp: f32[K, 33] heap align 4096 strides[40, 1]
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "jit/ir/ir.h"
#include "jit/lower/scope.h"
#include "schedules/schedule.h"

namespace lathe {

struct Lowering;

// The directives of one Func or copy that say so.
struct StorageForm {
  std::optional<Directive> space, align;
  std::vector<Directive> pitches;
};

// A buffer for each component around `body`, with these extents of the buffer's dimensions. `dimension_of`: of the
// tensor, that a pitch directive names. Refuses a pitch of neighbours that lie side by side, and stack storage that is
// not small.
ir::Stmt allocated(Lowering& lowering, const StorageForm& form, const Storage& storage,
                   const std::vector<DType>& dtypes, std::vector<Expr> extents, const Facts& facts,
                   const std::function<size_t(const Directive&)>& dimension_of, ir::Stmt body);

}  // namespace lathe
