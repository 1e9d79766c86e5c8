// Register tiles of which each lane sums groups of terms by a machine instruction.
#include <fmt/format.h>

#include <algorithm>

#include "lang/func.h"
#include "schedules/construct/shaper.h"

namespace lathe::construct {

// The instruction whose meaning the terms have, if lanes and rows of a tile can give it groups of them.
std::optional<Groups> Shaper::decided_groups() {
  if (facts_.node.hosts || facts_.node.place != Place::root || only_windows()) return std::nullopt;
  std::optional<Groups> groups = groups_of(facts_, axes_);
  if (!groups || !facts_.may_lay_out() || !decide("instruction", true)) return std::nullopt;
  facts_.because("instruction", [&] {
    return fmt::format("the terms are what {} means: it sums {} of {} in each lane, and {} is copied with so many side by side",
                       groups->instruction, groups->terms, groups->term, groups->copied.tensor);
  });
  nest_.short_lanes = facts_.lanes() / (2 * groups->terms) + 1;   // of fewer steps lanes of terms sum as many at a time
  return groups;
}

// A tile of which each lane sums groups of terms by an instruction. What lanes read is copied, a group side by side: panel by
// panel for all that reads it again, one reduction variable in blocks as for other panels; where rows of a producer are kept
// outside of the panels, all of it at once.
void Shaper::grouped_tile(const std::vector<TileClass>& classes, const Groups& groups) {
  const std::string v = axes_.vector, r = axes_.rows;
  const TileClass& tile = classes.front();
  std::vector<std::string> terms = facts_.terms(), all = blocks_of_rows(), inside;
  nest_.condition = {};                                     // groups of terms do not join
  const std::string jo = fresh(v + "o"), io = fresh(r + "o"), ji = fresh(v + "i"), ii = fresh(r + "i");
  loops_[v] = jo;
  loops_[r] = io;
  width_ = tile.width;
  std::string parent = groups.term, copied_at = all.empty() ? "" : all.front();
  if (step_.empty()) {
    const auto moves = [&](const std::string& index) { return move_of(groups.copied, index) != Move::none; };
    const auto middle = std::stable_partition(all.begin(), all.end(), moves);
    inside.assign(middle, all.end());
    all.erase(middle, all.end());
    outside_.clear();
    stand_outside(all);
    if (terms.size() == 1) parent = block_of_terms(groups, tile, all);
    copied_at = jo;
  }
  stand_outside({v}, tile.width);
  if (step_.empty()) stand_outside(inside);
  stand_outside({r}, tile.rows);
  const auto [group, element] = cut_into_groups(parent, groups);
  stage().tile(v, r, jo, io, ji, ii, classes, true);
  std::erase(terms, groups.term);
  all.push_back(jo);
  append(all, inside);
  all.push_back(io);
  append(all, terms);
  append(all, {group, ii, ji, element});
  stage().reorder(all).vectorize(ji).unroll(ii);
  finish_tile(io, ji, io);
  sum_groups(groups, element, copied_at);
}

// Blocks of the one reduction variable, of whole groups, for which a panel of the copy lies in the second cache and a tile's rows
// in the first. Appends the loop over them; gives that over the steps of one.
std::string Shaper::block_of_terms(const Groups& groups, const TileClass& tile, std::vector<std::string>& loops) {
  const std::string outer = fresh(groups.term + "o"), inner = fresh(groups.term + "i");
  const auto cache = [](const char* name) { return make_var(std::string("target.") + name); };
  const Expr whole(groups.terms);
  const Expr block = min(cache("L1") / Expr(groups.element_bytes * tile.rows),
                         cache("L2") / Expr(int64_t{4}) / Expr(groups.element_bytes * tile.width)) / whole * whole;
  stage().split(groups.term, outer, inner, make_var(declare_(fresh(groups.term + "c"), block, 16, 4096)));
  loops.push_back(outer);
  return inner;
}

// Cuts a loop over steps of the group's variable; gives the loop over groups and that over the terms of one.
std::pair<std::string, std::string> Shaper::cut_into_groups(const std::string& parent, const Groups& groups) {
  const std::string group = fresh(groups.term + "g"), element = fresh(groups.term + "e");
  stage().split(parent, group, element, Expr(groups.terms)).unroll(element);
  return {group, element};
}

// The instruction, and the copy that it reads, made at the top of a loop's body.
void Shaper::sum_groups(const Groups& groups, const std::string& element, const std::string& copied_at) {
  std::vector<Digit> digits;
  for (const Expr& at : groups.copied.at) {
    if (at->name != groups.term && facts_.is_term(at->name)) digits.push_back(at->name);
  }
  digits.insert(digits.end(), {Digit(groups.term, groups.terms), axes_.vector, Digit(groups.term, 1, groups.terms)});
  stage().tensorize(element, groups.instruction);
  stage_of_(groups.copied.tensor).stage_at(facts_.func.name, copied_at).layout(digits);
}

}  // namespace lathe::construct
