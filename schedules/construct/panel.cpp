#include "schedules/construct/panel.h"

#include <algorithm>

#include "lang/func.h"

namespace lathe::construct {

namespace {

constexpr int64_t kPage = 4096;                             // rows so far apart meet in one set of the cache
constexpr int64_t kTilesThatPay = 8;                        // rows of tiles that a copy must serve
constexpr int64_t kTilesThatReadAgain = 2;                  // rows of tiles beyond which an operand had better stay in a cache

// The one input whose neighbouring elements a vector reads, other rows of it for other innermost terms, the same for other rows
// of the tile. Each of its indices belongs to one loop alone.
const Read* shared_operand(const NestFacts& nest, const Axes& axes) {
  if (nest.op.strict || axes.rows.empty() || nest.func.rvars.empty()) return nullptr;
  const Read* found = nullptr;
  for (const Read& read : nest.reads) {
    if (!nest.op.find_input(read.tensor) || move_of(read, axes.vector) != Move::contiguous) continue;
    if (move_of(read, axes.rows) != Move::none || move_of(read, nest.func.rvars.back().name) != Move::strided) continue;
    if (found) return nullptr;
    found = &read;
  }
  if (!found) return nullptr;
  const auto alone = [&](const std::string& index) {
    return std::all_of(found->at.begin(), found->at.end(), [&](const Expr& at) { return !uses_var(at, index) || at == make_var(index); });
  };
  if (!alone(axes.vector)) return nullptr;
  for (const std::string& term : nest.terms()) if (!alone(term)) return nullptr;
  const auto uses = std::count_if(nest.reads.begin(), nest.reads.end(), [&](const Read& r) { return r.tensor == found->tensor; });
  return uses == 1 ? found : nullptr;
}

// The same of an operand whose rows are the vector's steps.
const Read* shared_across(const NestFacts& nest, const Axes& axes) {
  const Read* const found = operand_across(nest);
  return found && nest.is_last(axes.vector) && !axes.rows.empty() && move_of(*found, axes.rows) == Move::none ? found : nullptr;
}

}  // namespace

Expr half_of_second_cache() { return make_var("target.L2") / Expr(int64_t{2}); }

Expr bytes_read(const NestFacts& nest, const Axes& axes, const Read& read) {
  const InputDecl& input = *nest.op.find_input(read.tensor);
  Expr bytes(bytes_of(input.dtype));
  for (size_t d = 0; d < read.at.size(); ++d) {
    const auto uses = [&](const std::string& index) { return uses_var(read.at[d], index); };
    const std::vector<std::string> terms = nest.terms();
    if (uses(axes.vector) || std::any_of(terms.begin(), terms.end(), uses)) bytes = bytes * input.extents[d];
  }
  return bytes;
}

std::optional<Panel> panel_of(const NestFacts& nest, const Axes& axes, int64_t rows) {
  if (nest.func.rvars.size() != 1) return std::nullopt;
  const Read* const beside = shared_operand(nest, axes);
  const Read* const found = beside ? beside : shared_across(nest, axes);
  const Expr tile_rows = nest.extent(axes.rows);
  if (!found || !tile_rows.defined()) return std::nullopt;
  const InputDecl& input = *nest.op.find_input(found->tensor);
  const std::string& term = nest.func.rvars[0].name;
  Panel panel{found->tensor, {}, bytes_of(input.dtype), !beside};
  Expr apart;
  for (size_t d = 0; d < found->at.size(); ++d) {
    const Expr stride = make_var(input.name + ".stride." + std::to_string(d));
    if (uses_var(found->at[d], term)) apart = eq(stride % Expr(kPage / panel.element_bytes), Expr(int64_t{0}));
  }
  panel.worth = ge(tile_rows, Expr(rows * kTilesThatPay)) & (gt(bytes_read(nest, axes, *found), half_of_second_cache()) | apart);
  return panel;
}

const Read* operand_across(const NestFacts& nest) {
  if (nest.op.strict || nest.func.rvars.empty() || nest.func.vars.empty()) return nullptr;
  const std::string &last = nest.func.vars.back(), &term = nest.func.rvars.back().name;
  const Read* found = nullptr;
  for (const Read& read : nest.reads) {
    const Move move = move_of(read, last);
    if (read.tensor == nest.func.name || move == Move::none || move == Move::contiguous) continue;
    if (found) return nullptr;
    found = &read;
  }
  if (!found || found->at.size() < 2 || found->at.back() != make_var(term)) return nullptr;
  const InputDecl* const input = nest.op.find_input(found->tensor);
  if (!input || bits_of(input->dtype) < 8) return nullptr;
  std::set<std::string> names;                              // each dimension is an index or a term
  for (const Expr& at : found->at) if (at.kind() != ExprKind::var || !names.insert(at->name).second) return nullptr;
  const auto uses = std::count_if(nest.reads.begin(), nest.reads.end(), [&](const Read& r) { return r.tensor == found->tensor; });
  return uses == 1 && names.count(last) ? found : nullptr;
}

std::string rows_of_across(const NestFacts& nest, const Read& operand) {
  for (size_t i = nest.func.vars.size(); i-- > 0;) {
    const std::string& v = nest.func.vars[i];
    const bool moves = std::any_of(nest.reads.begin(), nest.reads.end(), [&](const Read& r) { return move_of(r, v) != Move::none; });
    if (!nest.fixed(v) && moves && move_of(operand, v) == Move::none && nest.extent(v).defined()) return v;
  }
  return "";
}

std::optional<LargeOperand> large_operand_of(const NestFacts& nest, const Axes& axes, int64_t rows) {
  const Read* const found = shared_operand(nest, axes);
  if (!found) return std::nullopt;
  LargeOperand operand{found->tensor, {}, {}, {}, bytes_of(nest.op.find_input(found->tensor)->dtype)};
  Expr again;                                               // so many points read the same
  for (const std::string& v : nest.func.vars) {
    if (move_of(*found, v) != Move::none) continue;
    const Expr steps = nest.extent(v);
    if (!steps.defined()) return std::nullopt;
    operand.readers.push_back(v);
    again = again.defined() ? again * steps : steps;
  }
  if (operand.readers.size() < 2) return std::nullopt;
  const Expr bytes = bytes_read(nest, axes, *found), few(rows * kTilesThatReadAgain);
  operand.pays = gt(bytes, half_of_second_cache()) & gt(again, few);
  operand.does_not = le(bytes, half_of_second_cache()) | le(again, few);
  return operand;
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
