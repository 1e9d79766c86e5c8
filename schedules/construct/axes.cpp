#include "schedules/construct/axes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lathe::construct {

namespace {

// Points for lanes along this index: reads next to each other, a store next to each other, few reads apart.
double score_of(const NestFacts& nest, const std::string& v) {
  double score = 0;
  for (const Read& read : nest.reads) {
    switch (move_of(read, v)) {
      case Move::none: score += 0.5; break;
      case Move::contiguous: score += 1; break;
      case Move::strided: case Move::irregular: score -= 2; break;
    }
  }
  if (nest.is_term(v)) {
    score -= 0.75;                                          // lanes must be summed in the end
  } else {
    score += nest.is_last(v) ? 1 : -1.5;                      // what is stored
  }
  if (auto extent = nest.constant_extent(v)) score -= *extent < 4 ? 30 : *extent < nest.lanes() ? 2 : 0;
  return score;
}

constexpr double kWorseThanNone = -20;
const char* const kNone = "none";

std::string asked(const NestFacts& nest, const std::string& choice, const std::string& usual, std::vector<std::string> options) {
  options.push_back(kNone);
  const std::string taken = nest.decisions.word(nest.name(choice), usual.empty() ? kNone : usual, options);
  return taken == kNone ? "" : taken;
}

// The class of an index by what one step of it reuses: "j, spatial: a step moves B to the next element; A stays".
std::string reuse_of(const NestFacts& nest, const std::string& index) {
  std::map<Move, std::vector<std::string>> by_move;
  const auto add = [&](Move move, const std::string& name) {
    std::vector<std::string>& names = by_move[move];
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Read& read : nest.reads) add(move_of(read, index), read.tensor);
  if (!nest.is_term(index)) add(nest.is_last(index) ? Move::contiguous : Move::strided, "the result");
  const char* const kind = by_move.count(Move::irregular) ? "gathered"
                           : !nest.is_term(index)         ? by_move.count(Move::none) ? "spatial" : "batch"
                           : is_window(nest.reads, index, nest.func.vars) ? "window"
                                                                          : "reduction";
  std::vector<std::string> parts;
  const auto tell = [&](Move move, const char* what) {
    if (by_move.count(move)) parts.push_back(fmt::format("{}{}", fmt::join(by_move.at(move), ", "), what));
  };
  tell(Move::contiguous, " to the next element");
  tell(Move::strided, " a fixed distance");
  tell(Move::irregular, " by no rule");
  std::string text =
      fmt::format("{}: a step moves {}", kind, parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", ")));
  if (by_move.count(Move::none))
    text += fmt::format("; {} stays, to be used again", fmt::join(by_move.at(Move::none), ", "));
  return text;
}

std::string choose_vector(const NestFacts& nest, const std::set<std::string>& refused) {
  std::vector<std::string> candidates;
  for (const std::string& v : nest.func.vars) if (!nest.fixed(v) && !nest.narrow(v)) candidates.push_back(v);
  if (!nest.op.strict) for (const std::string& t : nest.terms()) candidates.push_back(t);
  double best = kWorseThanNone;
  std::string chosen;
  for (const std::string& v : candidates) {
    const double score = refused.count(v) ? kWorseThanNone - 1 : score_of(nest, v);
    if (score >= best) best = score, chosen = v;
  }
  std::erase_if(candidates, [&](const std::string& v) { return refused.count(v) != 0; });
  nest.because("vector", [&] {
    std::vector<std::string> scores;
    for (const std::string& v : candidates) scores.push_back(fmt::format("{} {}", v, score_of(nest, v)));
    for (const std::string& v : refused) scores.push_back(v + " is kept out of the lanes in this form");
    std::string text = chosen.empty() ? "no index runs in lanes" : fmt::format("lanes run along {}", chosen);
    if (nest.op.strict && !nest.func.rvars.empty()) text += "; terms are added in order (strict), so none of them does";
    if (scores.empty()) return text + ": every index runs one step at a time for the nest around it";
    return text + fmt::format(", by score (next elements +1, the same +0.5, others -2, and the store): {}",
                              fmt::join(scores, ", "));
  });
  return asked(nest, "vector", chosen, candidates);
}

// The index that leaves most vectors where they are: they are read once for several rows.
std::string choose_rows(const NestFacts& nest, const std::string& vector, const std::string& other) {
  int best = 0;
  std::string chosen;
  std::vector<std::string> options;
  for (const std::string& v : nest.func.vars) {
    if (v == vector || v == other || nest.fixed(v) || nest.constant_extent(v).value_or(2) < 2) continue;
    options.push_back(v);
    int reused = 0, moved = 0;
    for (const Read& read : nest.reads) {
      if (move_of(read, v) != Move::none) {
        ++moved;
      } else if (move_of(read, vector) != Move::none) {
        ++reused;
      }
    }
    if (reused > 0 && moved > 0 && reused >= best) best = reused, chosen = v;
  }
  if (!nest.func.is_reduction() || options.empty()) return chosen;
  nest.because(other.empty() ? "rows" : "more_rows", [&] {
    if (chosen.empty())
      return fmt::format("no {}index reads the vectors of another step again", other.empty() ? "" : "second ");
    return fmt::format("steps of {} read {} vector{} again, which serve{} several rows once loaded", chosen, best,
                       best == 1 ? "" : "s", best == 1 ? "s" : "");
  });
  return asked(nest, other.empty() ? "rows" : "more_rows", chosen, options);
}

}  // namespace

Axes choose_axes(const NestFacts& nest, const std::set<std::string>& refused) {
  for (const auto& list : {nest.func.vars, nest.terms()}) {
    for (const std::string& index : list) nest.because("index " + index, [&] { return reuse_of(nest, index); });
  }
  Axes axes;
  axes.vector = choose_vector(nest, refused);
  if (axes.vector.empty()) return axes;
  axes.rows = choose_rows(nest, axes.vector, "");
  if (!axes.rows.empty()) axes.more_rows = choose_rows(nest, axes.vector, axes.rows);
  return axes;
}

}  // namespace lathe::construct
