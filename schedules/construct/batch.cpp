#include "schedules/construct/batch.h"

#include <algorithm>

#include "lang/func.h"

namespace lathe::construct {

namespace {

constexpr int64_t kRowsThatPay = 12;                        // for the copy of the filter

// What a term reads; an epilogue reads once for each result.
std::vector<Read> reads_of_terms(const NestFacts& nest) {
  std::vector<Read> reads;
  for (const Read& read : nest.reads) {
    const std::vector<std::string> terms = nest.terms();
    if (std::any_of(terms.begin(), terms.end(), [&](const std::string& t) { return move_of(read, t) != Move::none; })) reads.push_back(read);
  }
  return reads;
}

// The one input that is read, once; null where there is another one, or a Func that has its own storage.
const Read* filter_of(const NestFacts& nest, const std::vector<Read>& reads) {
  const Read* found = nullptr;
  for (const Read& read : reads) {
    if (nest.makes_rows_of(read.tensor)) continue;
    if (found || !nest.op.find_input(read.tensor)) return nullptr;
    found = &read;
  }
  return found;
}

bool counts_alone(const Read& read, const std::string& index) {
  return std::count_if(read.at.begin(), read.at.end(), [&](const Expr& at) { return uses_var(at, index); }) == 1 &&
         std::find(read.at.begin(), read.at.end(), make_var(index)) != read.at.end();
}

}  // namespace

std::optional<Batch> batch_of(const NestFacts& nest) {
  if (!nest.func.is_reduction() || nest.node.place != Place::root || nest.node.hosts) return std::nullopt;
  if (nest.func.vars.size() < 2 || nest.func.rvars.empty()) return std::nullopt;
  const std::vector<Read> reads = reads_of_terms(nest);
  const Read* const filter = reads.size() < 2 ? nullptr : filter_of(nest, reads);
  const std::string& last = nest.func.vars.back();
  const Expr columns = nest.extent(last);
  if (!filter || !columns.defined() || nest.constant_extent(last)) return std::nullopt;
  if (!std::all_of(filter->at.begin(), filter->at.end(), [](const Expr& at) { return at.kind() == ExprKind::var; })) return std::nullopt;
  Batch batch{"", filter->tensor, {}};
  Expr rows;
  for (const std::string& v : nest.func.vars) {
    const Expr steps = nest.extent(v);
    if (!steps.defined()) return std::nullopt;
    if (move_of(*filter, v) == Move::none) rows = rows.defined() ? rows * steps : steps;
    if (v != last && std::all_of(reads.begin(), reads.end(), [&](const Read& read) { return counts_alone(read, v); })) batch.index = v;
  }
  if (batch.index.empty() || !rows.defined()) return std::nullopt;
  // Half of a vector still beats lanes of terms that are no more.
  const Expr lanes(nest.lanes()), half(std::max<int64_t>(nest.lanes() / 2, 2)), few(kRowsThatPay);
  const Expr problems = nest.extent(batch.index), terms = nest.extent(nest.terms().back());
  batch.pays = lt(columns, lanes) & (ge(problems, lanes) | (ge(problems, half) & lt(terms, lanes))) & gt(rows, few);
  return batch;
}

}  // namespace lathe::construct
