// Sums: lanes that add up terms of their own, and lanes that are a result each.
#include <fmt/format.h>

#include <algorithm>

#include "lang/text.h"
#include "schedules/construct/shaper.h"

namespace lathe::construct {

namespace {

constexpr int kAccumulators = 8;                            // vectors summed side by side hide the latency of an addition
constexpr int64_t kResults = 4;                             // sums side by side
constexpr int64_t kRowsAcross = 12;                         // so many do not pay for a copy with rows and terms exchanged

}  // namespace

// An index whose steps share nothing, but are sums that do not wait for each other: several short ones at a time hide what one
// ends with. Few of them are better summed one by one.
std::string Shaper::other_results() {
  if (facts_.node.place != Place::root || order_.empty()) return "";
  const std::string& index = order_.back();
  const Expr extent = facts_.extent(index);
  if (!extent.defined() || facts_.constant_extent(index).value_or(kResults) < kResults) return "";
  nest_.specials[Special::few_rows] = {le(extent, Expr(kResults - 1)), gt(extent, Expr(kResults - 1))};
  return is(Special::few_rows) ? "" : index;
}

// Each lane sums its own terms. Results that read the same vectors are summed together: up to two indices of them. Where one of
// these is short, eight steps of the other stand side by side instead: code for a rest of few steps would cost more than it gains.
void Shaper::sums_of_lanes() {
  if (const Read* const operand = facts_.node.hosts ? nullptr : operand_across(facts_)) {
    const std::string last = facts_.func.vars.back(), rows = rows_of_across(facts_, *operand);
    const Expr columns = facts_.extent(last);
    if (!rows.empty() && columns.defined() && facts_.may_lay_out()) {
      const Expr many = facts_.extent(rows), lanes(facts_.lanes());
      nest_.specials[Special::across] = {gt(many, Expr(kRowsAcross)) & ge(columns, lanes), le(many, Expr(kRowsAcross)) | lt(columns, lanes)};
    }
  }
  std::vector<std::pair<std::string, int64_t>> unrolled;
  const std::string few = short_result();
  if (!few.empty()) {
    if (axes_.rows == few) axes_.rows = axes_.more_rows;
    axes_.more_rows.clear();
    if (!axes_.rows.empty()) unrolled.push_back({axes_.rows, number("rows.steps", kAccumulators, 1, 12)});
  } else if (!facts_.node.hosts) {
    if (axes_.rows.empty()) axes_.rows = other_results();
    if (!axes_.rows.empty()) unrolled.push_back({axes_.rows, number("rows.steps", kResults, 1, 8)});
    if (!axes_.more_rows.empty()) {
      unrolled.push_back({axes_.more_rows, number("more_rows.steps", facts_.target.vector_registers >= 32 ? 4 : 2, 1, 8)});
    }
  } else {
    axes_.rows.clear();
  }
  int64_t sums = facts_.func.components();
  for (const auto& [index, count] : unrolled) sums *= count;
  int64_t width = facts_.lanes() * number("vectors", std::max<int64_t>(1, kAccumulators / sums), 1, 16);
  if (auto extent = facts_.constant_extent(axes_.vector)) while (width / 2 >= *extent && width > 1) width /= 2;
  facts_.because("nest", [&] {
    return fmt::format("each lane adds up terms of its own, {} at a time, {} result{} side by side: about {} additions then hide the latency of one; lanes are joined in the end",
                       width, sums, sums == 1 ? "" : "s", kAccumulators);
  });
  const std::string outer = fresh(axes_.vector + "o"), inner = fresh(axes_.vector + "i");
  stage().split(axes_.vector, outer, inner, Expr(width));
  std::vector<std::string> copies;
  for (const auto& [index, count] : unrolled) {
    const std::string block = fresh(index + "o");
    copies.push_back(fresh(index + "i"));
    stage().split(index, block, copies.back(), Expr(count));
    loops_[index] = block;
  }
  if (few.empty()) {
    arrange({});
    stand_outside(order_);
  } else {
    surround_short(few);
  }
  std::vector<std::string> all;
  for (const Outside& o : outside_) all.push_back(o.loop);
  const std::string at = all.empty() ? "" : all.back();
  for (const std::string& t : facts_.terms()) if (t != axes_.vector) all.push_back(t);
  all.push_back(outer);
  append(all, copies);
  all.push_back(inner);
  stage().reorder(all).vectorize(inner);
  for (const std::string& copy : copies) stage().unroll(copy);
  if (!at.empty()) stage().store_in("registers", at);
  if (!few.empty()) copy_terms(few);
}

// The index of results that the form knows to be short, where the nest stands alone.
std::string Shaper::short_result() const {
  if (form_.short_size.empty() || facts_.node.hosts) return "";
  for (const std::string& v : facts_.func.vars) if (facts_.extent_name(v) == form_.short_size) return v;
  return "";
}

// The loops outside: that over the short index and that over blocks of rows stand inside of all others.
void Shaper::surround_short(const std::string& few) {
  const std::string rows = axes_.rows;
  std::erase_if(order_, [&](const std::string& v) { return v == few || v == rows; });
  blocks_of_rows();
  nest_.condition = {};                                     // blocks of terms do not join
  if (!block_.empty()) outside_.push_back({step_, facts_.node.rows_along});
  stand_outside({few});
  if (!rows.empty()) stand_outside({rows});
}

// What lanes of terms read apart, and all rows alike, is copied with the terms side by side: once for all that its loops stand
// around.
void Shaper::copy_terms(const std::string& few) {
  for (const Read& read : facts_.reads) {
    if (!facts_.op.find_input(read.tensor) || move_of(read, axes_.vector) != Move::strided) continue;
    if (axes_.rows.empty() || move_of(read, axes_.rows) != Move::none) continue;
    const auto plain = [](const Expr& e) { return e.kind() == ExprKind::var; };
    const auto reads = std::count_if(facts_.reads.begin(), facts_.reads.end(), [&](const Read& r) { return r.tensor == read.tensor; });
    if (reads != 1 || !std::all_of(read.at.begin(), read.at.end(), plain) || !facts_.may_lay_out()) continue;
    size_t at = 0;                                          // the innermost loop that the copy is not the same for
    for (size_t i = 0; i < outside_.size(); ++i) {
      if (outside_[i].index != few && move_of(read, outside_[i].index) != Move::none) at = i;
    }
    std::vector<Digit> digits;
    const auto moves = [&](const Expr& e) {
      return std::none_of(outside_.begin(), outside_.begin() + static_cast<long>(at) + 1, [&](const Outside& o) { return o.index == e->name; });
    };
    for (const Expr& e : read.at) if (e->name != axes_.vector && moves(e)) digits.push_back(e->name);
    digits.push_back(axes_.vector);
    facts_.because("copy", [&] { return fmt::format("{} is copied with its terms side by side, once inside of {}: lanes would read it apart", read.tensor, outside_[at].loop); });
    stage_of_(read.tensor).stage_at(facts_.func.name, outside_[at].loop).layout(digits);
  }
}

// Each lane is a result: as many vectors side by side as hide the latency.
void Shaper::lanes_of_results() {
  const std::string outer = fresh(axes_.vector + "o"), inner = fresh(axes_.vector + "i");
  const int64_t vectors = number("vectors", 4, 1, 16);
  width_ = within_host(facts_.lanes() * vectors);
  stage().split(axes_.vector, outer, inner, Expr(width_));
  loops_[axes_.vector] = outer;
  facts_.because("nest", [&] { return fmt::format("each lane is a result of its own, {} of them in registers at a time: sums that do not wait for each other", width_); });
  arrange({axes_.vector});
  cut_rows();
  std::vector<std::string> all = loops_around_vector();
  step_through(all);
  stand_outside(without(axes_.vector));
  stand_outside({axes_.vector}, width_);
  const std::string at = all.back();
  append(all, facts_.terms());
  all.push_back(inner);
  stage().reorder(all).vectorize(inner).store_in("registers", at);
  unroll_windows(vectors);
}

}  // namespace lathe::construct
