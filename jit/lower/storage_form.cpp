#include "jit/lower/storage_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/check_directives.h"
#include "jit/lower/lets.h"
#include "schedules/text.h"

namespace lathe {
namespace {

constexpr int64_t kMostStackBytes = 1 << 16;  // what one buffer may take of a thread's stack

// The outermost digit of the dimension: its neighbours are what lies a row apart.
size_t row_of(const Layout& digits, size_t dimension) {
  const auto digit =
      std::find_if(digits.begin(), digits.end(), [&](const LayoutDigit& d) { return d.dimension == dimension; });
  return static_cast<size_t>(digit - digits.begin());
}

// From the contiguous dimension outwards; empty: dense.
std::vector<Expr> strides_of(const StorageForm& form, const Layout& digits, const std::vector<Expr>& extents,
                             Lets& lets, const std::string& name,
                             const std::function<size_t(const Directive&)>& dimension_of) {
  if (form.pitches.empty()) return {};
  std::vector<const Directive*> pitch(extents.size());
  for (const Directive& d : form.pitches) {
    const size_t row = row_of(digits, dimension_of(d));
    if (row + 1 >= extents.size()) {
      refuse(ErrorCode::illegal_schedule, d, fmt::format("neighbours along {} lie side by side", d.loops.at(0)),
             "a dimension outside of the contiguous one");
    }
    if (pitch[row])
      refuse(ErrorCode::bad_directive, d, fmt::format("{} before it", print(*pitch[row])), "one pitch of a dimension");
    pitch[row] = &d;
  }
  std::vector<Expr> strides(extents.size());
  Expr step = integer(1);
  for (size_t d = extents.size(); d-- > 0;) {
    if (pitch[d]) {
      const Expr more = pitch[d]->last.defined() ? pitch[d]->last : integer(0);
      const Expr whole = max(ceil_div(step - more, pitch[d]->value), integer(0)) * pitch[d]->value;
      step = lets.named(name + ".pitch", whole + more);
    }
    strides[d] = step;
    step = simplify(step * extents[d], lets.facts());
  }
  return strides;
}

ir::Space space_of(const StorageForm& form, const std::vector<Expr>& extents, const std::vector<Expr>& strides,
                   DType dtype, const Facts& facts) {
  if (!form.space || form.space->space != "stack") return ir::Space::heap;
  int64_t bytes = bytes_of(dtype);
  for (const Expr& e : strides.empty() ? extents : std::vector<Expr>{strides[0] * extents[0]}) {
    int64_t extent = 0;
    if (!is_integer_constant(simplify(e, facts), &extent)) {
      refuse(ErrorCode::unproved, *form.space, fmt::format("an extent of {}", print(spelled_out(e, facts))),
             "constant extents on the stack", "compute it in a loop further in, or leave it on the heap");
    }
    bytes = std::min(bytes * std::max<int64_t>(extent, 1), 2 * kMostStackBytes);
  }
  if (bytes > kMostStackBytes) {
    refuse(ErrorCode::over_budget, *form.space, "storage of more bytes",
           fmt::format("at most {} bytes on the stack", kMostStackBytes));
  }
  return ir::Space::stack;
}

}  // namespace

ir::Stmt allocated(Lowering& lowering, const StorageForm& form, const Storage& storage,
                   const std::vector<DType>& dtypes, std::vector<Expr> extents, const Facts& facts,
                   const std::function<size_t(const Directive&)>& dimension_of, ir::Stmt body) {
  Lets lets(lowering, facts);
  const std::vector<Expr> strides =
      strides_of(form, storage.digits, extents, lets, storage.buffers.at(0), dimension_of);
  if (extents.empty()) extents.push_back(integer(1));
  for (size_t c = 0; c < dtypes.size(); ++c) {
    const ir::Space space = space_of(form, extents, strides, dtypes[c], lets.facts());
    for (Expr& e : extents) if (space == ir::Space::stack) e = simplify(e, lets.facts());
    ir::StmtNode node = *ir::make_alloc(storage.buffers[c], dtypes[c], space, extents, body);
    node.strides = strides;
    if (form.align) is_integer_constant(form.align->value, &node.align_bytes);
    body = std::make_shared<const ir::StmtNode>(std::move(node));
  }
  return lets.wrap(body);
}

}  // namespace lathe
