#include "schedules/construct/panel.h"

#include <algorithm>

#include "lang/func.h"

namespace lathe::construct {

namespace {

constexpr int64_t kPage = 4096;                             // rows so far apart meet in one set of the cache
constexpr int64_t kTilesThatPay = 8;                        // rows of tiles that a copy must serve

}  // namespace

std::optional<Panel> panel_of(const NestFacts& nest, const Axes& axes, int64_t rows) {
  if (nest.op.strict || nest.func.rvars.size() != 1 || axes.rows.empty()) return std::nullopt;
  const std::string& term = nest.func.rvars[0].name;
  const Expr tile_rows = nest.extent(axes.rows);
  const Read* found = nullptr;
  for (const Read& read : nest.reads) {
    if (!nest.op.find_input(read.tensor) || move_of(read, axes.vector) != Move::contiguous) continue;
    if (move_of(read, axes.rows) != Move::none || move_of(read, term) != Move::strided) continue;
    if (found) return std::nullopt;
    found = &read;
  }
  if (!found || !tile_rows.defined()) return std::nullopt;
  const InputDecl& input = *nest.op.find_input(found->tensor);
  Panel panel{found->tensor, {}, bytes_of(input.dtype)};
  Expr bytes(panel.element_bytes), apart;
  for (size_t d = 0; d < found->at.size(); ++d) {
    const bool by_vector = uses_var(found->at[d], axes.vector), by_term = uses_var(found->at[d], term);
    if (by_vector || by_term) bytes = bytes * input.extents[d];
    const Expr stride = make_var(input.name + ".stride." + std::to_string(d));
    if (by_term) apart = eq(stride % Expr(kPage / panel.element_bytes), Expr(int64_t{0}));
    if (by_term && (by_vector || !(found->at[d] == make_var(term)))) return std::nullopt;
    if (by_vector && !(found->at[d] == make_var(axes.vector))) return std::nullopt;
  }
  int uses = 0;
  for (const Read& read : nest.reads) uses += read.tensor == found->tensor;
  if (uses != 1) return std::nullopt;
  panel.worth = ge(tile_rows, Expr(rows * kTilesThatPay)) & (gt(bytes, make_var("target.L2") / Expr(int64_t{2})) | apart);
  return panel;
}

bool reads_once_but_for_rows(const NestFacts& nest, const Axes& axes) {
  if (nest.op.strict || axes.rows.empty() || nest.func.rvars.empty() || !nest.extent(axes.rows).defined()) return false;
  return std::any_of(nest.reads.begin(), nest.reads.end(), [&](const Read& read) {
    if (!nest.op.find_input(read.tensor) || move_of(read, axes.vector) != Move::contiguous) return false;
    if (move_of(read, axes.rows) != Move::none || move_of(read, nest.func.rvars.back().name) != Move::strided) return false;
    return std::all_of(nest.func.vars.begin(), nest.func.vars.end(), [&](const std::string& v) {
      return v == axes.rows || move_of(read, v) != Move::none;
    });
  });
}

}  // namespace lathe::construct
