// Register tiles for calls that want loops of their own: few rows, few terms, operands that leave the caches.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lang/text.h"
#include "schedules/construct/shaper.h"

namespace lathe::construct {

namespace {

constexpr int64_t kSide = 4;                                // results side by side, of two indices each
constexpr int64_t kStreams = 16;                            // rows of terms that are read side by side, each from end to end
constexpr int64_t kStreamBytes = 8192;                      // ... for so long: two pages of each
constexpr int64_t kFewTerms = 16;                           // cost no more than writing what they give
constexpr int64_t kBlockRow = 1024;                         // bytes of a row of terms in a block of a large operand

}  // namespace

// Rows of one tile or two: what the vectors read serves them alone and comes from memory, so it is read in the order in which it
// lies, some rows of terms side by side and pages at a time, and the sums wait in the second cache. Groups of terms, if any, are
// copied from these rows. Bodies for two thirds, a third and one row: what is computed in vain counts where every vector is read once.
void Shaper::streamed_tile(const TileClass& tile, const std::optional<Groups>& groups) {
  const std::string v = axes_.vector, r = axes_.rows;
  const std::string jp = fresh(v + "p"), jj = fresh(v + v), jo = fresh(v + "o"), ji = fresh(v + "i");
  const std::string io = fresh(r + "o"), ii = fresh(r + "i");
  std::vector<std::string> terms = facts_.terms();
  if (groups) std::swap(*std::find(terms.begin(), terms.end(), groups->term), terms.back());
  const std::string ko = fresh(terms.back() + "o"), ki = fresh(terms.back() + "i");
  const int64_t streams = number("streams", kStreams, 1, 64);
  facts_.because("streams", [&] {
    return fmt::format(
        "rows of a tile or two are all that share what the vectors read, so that is read once, in the order in which "
        "it lies, {} rows of {} side by side, while sums wait in the second cache",
        streams, terms.back());
  });
  const int64_t columns = number("streams.columns", kStreamBytes / facts_.narrowest_bytes(), facts_.lanes(), 16384);
  stage().split(terms.back(), ko, ki, Expr(streams), !groups && !divided(terms.back())).split(v, jp, jj, Expr(columns), true);
  stage().tile(jj, r, jo, io, ji, ii, {tile}, true);
  terms.back() = ko;
  loops_[v] = jp;
  loops_[r] = io;
  width_ = tile.width;
  std::vector<std::string> all;
  if (facts_.node.hosts) {                                  // what is attached is made for a tile of rows
    all = loops_around_vector();
    stand_outside(without(v));
    append(all, terms);
  } else {
    all = without(v, r);
    stand_outside(all);
    all.push_back(jp);
    append(all, terms);
    all.push_back(io);
  }
  stand_outside({v}, columns / 2);                         // panels are even
  std::string element;
  all.push_back(jo);
  if (groups) {
    const auto [group, one] = cut_into_groups(ki, *groups);
    element = one;
    append(all, {group, ii, ji, element});
  } else {
    append(all, {ki, ii, ji});
  }
  stage().reorder(all).vectorize(ji).unroll(ii);
  std::vector<RowCount> bodies{{1, 1}};
  if (tile.rows > 3) bodies.insert(bodies.end(), {{2, 3}, {1, 3}});
  if (tile.rows > 1) bodies.push_back({1, tile.rows});
  stage().tail(io, Tail::automatic, bodies);
  decide_tail(ji, Tail::automatic);
  stage().store_in("registers", jo);
  if (groups) sum_groups(*groups, element, jo);
}

// Whether reads find their place by dividing the term, as scales of blocks do: blocks of terms then end where theirs do.
bool Shaper::divided(const std::string& term) const {
  const auto divides = [&](const Expr& at) {
    bool found = false;
    visit(at, [&](const Expr& e) { found = found || ((e.is_op(Op::div) || e.is_op(Op::mod)) && uses_var(e, term)); });
    return found;
  };
  return std::any_of(facts_.reads.begin(), facts_.reads.end(), [&](const Read& read) { return std::any_of(read.at.begin(), read.at.end(), divides); });
}

// Lanes that are a small problem each: a few rows and columns of all of them at a time, which share what a step loads. The filter
// is copied with its problems side by side, whole; rows of producers are stored so from the beginning.
void Shaper::tile_of_batch(const std::string& filter) {
  const std::string v = axes_.vector;
  const std::string vo = fresh(v + "o"), vi = fresh(v + "i");
  const std::vector<std::string> outer = blocks_of_rows();
  nest_.condition = {};                                     // terms do not join
  std::vector<std::string> all, inside;
  for (const std::string& loop : outer) if (loop != axes_.more_rows) all.push_back(loop);
  std::erase_if(outside_, [&](const Outside& o) { return o.index == axes_.more_rows; });
  const std::string first = all.empty() ? vo : all.front();
  width_ = facts_.lanes();
  stage().split(v, vo, vi, Expr(width_));
  loops_[v] = vo;
  all.push_back(vo);
  stand_outside({v}, width_);
  int64_t steps = number("rows.steps", kSide, 1, 8);
  for (const std::string& rows : {axes_.more_rows, axes_.rows}) {
    if (rows.empty()) continue;
    const std::string block = fresh(rows + "o");
    inside.push_back(fresh(rows + "i"));
    stage().split(rows, block, inside.back(), Expr(steps));
    loops_[rows] = block;
    all.push_back(block);
    stand_outside({rows}, steps);
    steps = number("more_rows.steps", facts_.target.vector_registers >= 32 ? kSide : kSide / 2, 1, 8);
  }
  const std::string at = all.back();
  append(all, facts_.terms());
  append(all, inside);
  all.push_back(vi);
  stage().reorder(all).vectorize(vi).store_in("registers", at);
  for (const std::string& copy : inside) stage().unroll(copy);
  std::vector<Digit> digits;
  for (const Read& read : facts_.reads) {
    if (read.tensor != filter) continue;
    for (const Expr& e : read.at) if (e->name != v) digits.push_back(e->name);
  }
  digits.push_back(v);
  stage_of_(filter).stage_at(facts_.func.name, first).layout(digits);
  facts_.because("tile", [&] {
    return fmt::format("each lane is a step of {}, which moves all that is read: {} of it at a time, with {} side by side, share what they load; {} is copied with its steps of {} side by side, whole",
                       v, width_, fmt::join(inside, " and "), filter, v);
  });
}

// Where few terms of a panel are for a large result, whose size is known.
void Shaper::expect_few_terms() {
  Expr bytes(facts_.element_bytes());
  for (const std::string& v : facts_.func.vars) {
    if (!facts_.extent(v).defined()) return;
    bytes = bytes * facts_.extent(v);
  }
  const Expr terms = facts_.extent(facts_.terms()[0]), few(kFewTerms), cache = half_of_second_cache();   // a panel is of one index
  nest_.specials[Special::few_terms] = {le(terms, few) & gt(bytes, cache), gt(terms, few) | le(bytes, cache)};
}

// Few terms for a large result: writing it is most of the work, so it is written row after row, and what the columns read stays in the caches.
void Shaper::tile_of_few_terms(const TileClass& tile) {
  const std::string v = axes_.vector, r = axes_.rows;
  const std::string jo = fresh(v + "o"), io = fresh(r + "o"), ji = fresh(v + "i"), ii = fresh(r + "i");
  facts_.because("order", [&] {
    return fmt::format("at most {} terms for a large result: writing is most of the work, so rows of {} are finished one after another", kFewTerms, facts_.func.name);
  });
  stage().tile(v, r, jo, io, ji, ii, {tile}, true);
  width_ = tile.width;
  loops_[v] = jo;
  loops_[r] = io;
  std::vector<std::string> all = without(v, r);
  stand_outside(all);
  append(all, {io, jo});
  append(all, facts_.terms());
  append(all, {ii, ji});
  stage().reorder(all).vectorize(ji).unroll(ii);
  decide_tail(ji, Tail::automatic);
  stage().store_in("registers", jo);
  stand_outside({r}, tile.rows);
}

// A tile over blocks of an operand that leaves the caches before it is read again: all that reads a block again stands inside
// of it, while sums wait in memory. A block is a quarter of the second cache, in rows long enough to keep pages few.
void Shaper::blocked_tile(const TileClass& tile, const LargeOperand& operand) {
  const std::string v = axes_.vector, r = axes_.rows;
  const auto reads_again = [&](const std::string& index) {
    return std::find(operand.readers.begin(), operand.readers.end(), index) != operand.readers.end();
  };
  std::vector<std::string> terms = facts_.terms(), inside;
  const std::string ko = fresh(terms.back() + "o"), ki = fresh(terms.back() + "i");
  const std::string jp = fresh(v + "p"), jj = fresh(v + v), jo = fresh(v + "o"), ji = fresh(v + "i");
  const std::string io = fresh(r + "o"), ii = fresh(r + "i");
  std::vector<std::string> all = blocks_of_rows();
  nest_.condition = {};                                     // blocks of terms do not join
  if (!step_.empty()) {
    all.pop_back();
    inside.push_back(step_);
    step_.clear();                                          // rows are kept for a whole block
  } else {
    outside_.clear();
    const auto middle = std::stable_partition(all.begin(), all.end(), [&](const std::string& index) { return !reads_again(index); });
    inside.assign(middle, all.end());
    all.erase(middle, all.end());
    stand_outside(all);
  }
  const int64_t columns = number("block.columns", kBlockRow / operand.element_bytes, facts_.lanes(), 8192);
  const Expr block = make_var("target.L2") / Expr(4 * kBlockRow);
  stage().split(terms.back(), ko, ki, make_var(declare_(fresh(terms.back() + "c"), block, 16, 4096)), true);
  stage().split(v, jp, jj, Expr(columns)).tile(jj, r, jo, io, ji, ii, {tile}, true);
  terms.back() = ko;
  append(all, terms);
  all.push_back(jp);
  append(all, inside);
  append(all, {io, jo, ki, ii, ji});
  stage().reorder(all).vectorize(ji).unroll(ii);
  finish_tile(io, ji, jo);
  if (const int64_t ahead = number("block.ahead", kTermsAhead, 0, 64); ahead > 0) stage_of_(operand.tensor).prefetch(facts_.func.name, ki, Expr(ahead));
  width_ = tile.width;
  loops_[v] = jp;
  loops_[r] = io;
  stand_outside({v}, columns);
  facts_.because("blocks", [&] {
    return fmt::format("{} is read again by every step of {}, and leaves the caches before: {} rows of {} and {} columns of "
                       "it at a time, while sums wait in memory",
                       operand.tensor, fmt::join(operand.readers, " and of "), print(block), terms.back(), columns);
  });
}

}  // namespace lathe::construct
