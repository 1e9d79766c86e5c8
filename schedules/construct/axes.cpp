#include "schedules/construct/axes.h"

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
  return asked(nest, other.empty() ? "rows" : "more_rows", chosen, options);
}

}  // namespace

Axes choose_axes(const NestFacts& nest, const std::set<std::string>& refused) {
  Axes axes;
  axes.vector = choose_vector(nest, refused);
  if (axes.vector.empty()) return axes;
  axes.rows = choose_rows(nest, axes.vector, "");
  if (!axes.rows.empty()) axes.more_rows = choose_rows(nest, axes.vector, axes.rows);
  return axes;
}

}  // namespace lathe::construct
