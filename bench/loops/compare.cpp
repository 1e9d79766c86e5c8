#include "bench/loops/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/loops/instruction.h"
#include "bench/loops/loop_counts.h"

namespace lathe::loops {

namespace {

// Edges and calls come and go: so much more code in all is no loss.
constexpr double kMoreCode = 1.1;
constexpr int kFewInstructions = 50;

using Shapes = std::map<std::string, int>;  // how often each occurs

Shapes shapes_of(const AsmLoop& loop) {
  Shapes shapes;
  for (const std::string& i : loop.instructions) ++shapes[shape_of(i)];
  return shapes;
}

// 0: the same instructions, 1: none in common.
double distance(const Shapes& a, const Shapes& b) {
  double common = 0, all = 0;
  for (const auto& [shape, times] : a) {
    const auto there = b.find(shape);
    common += 2 * std::min(times, there == b.end() ? 0 : there->second);
    all += times;
  }
  for (const auto& [shape, times] : b) all += times;
  return 1 - common / all;
}

struct Pair {
  const HotLoop *before, *now;  // null: none
};

// The alignment of two sequences with the least distance, where a loop that is left out costs half of a pair that has
// nothing in common.
std::vector<Pair> aligned(const std::vector<const HotLoop*>& before, const std::vector<const HotLoop*>& now) {
  const size_t rows = before.size(), columns = now.size();
  std::vector<std::vector<double>> cost(rows + 1, std::vector<double>(columns + 1, 0)), match = cost;
  constexpr double kLeftOut = 0.5;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) match[i][j] = distance(shapes_of(before[i]->loop), shapes_of(now[j]->loop));
  }
  for (size_t i = rows + 1; i-- > 0;) {
    for (size_t j = columns + 1; j-- > 0;) {
      if (i == rows || j == columns)
        cost[i][j] = kLeftOut * static_cast<double>(rows - i + columns - j);
      else
        cost[i][j] = std::min({match[i][j] + cost[i + 1][j + 1], kLeftOut + cost[i + 1][j], kLeftOut + cost[i][j + 1]});
    }
  }
  std::vector<Pair> pairs;
  for (size_t i = 0, j = 0; i < rows || j < columns;) {
    if (i < rows && j < columns && cost[i][j] == match[i][j] + cost[i + 1][j + 1])
      pairs.push_back({before[i++], now[j++]});
    else if (i < rows && cost[i][j] == kLeftOut + cost[i + 1][j])
      pairs.push_back({before[i++], nullptr});
    else
      pairs.push_back({nullptr, now[j++]});
  }
  return pairs;
}

// How much more an iteration does now. Loops that move the same bytes do the same, and so do loops whose arithmetic
// differs by little: what one of them needs more is no work.
double more_work(const LoopCounts& before, const LoopCounts& now) {
  if (before.bytes == now.bytes) return 1;
  const bool computes = before.operations > 0 && now.operations > 0;
  const double ratio = computes ? now.operations / before.operations : now.bytes / before.bytes;
  return !std::isfinite(ratio) || ratio == 0 || (ratio > 0.8 && ratio < 1.25) ? 1 : ratio;
}

std::vector<std::string> reasons(const LoopCounts& before, const LoopCounts& now) {
  std::vector<std::string> result;
  const double more = more_work(before, now);
  for (const CountInfo& info : count_infos()) {
    const double is = now.*info.value, was = before.*info.value, expected = info.per_work ? was * more : was;
    const bool worse = info.more_is_better ? is < expected * 0.999 : is > expected * 1.001;
    if (!worse) continue;
    const std::string scaled = more == 1 || !info.per_work ? "" : fmt::format(", for {:.3g} times the work", more);
    result.push_back(fmt::format("{}: {:.4g} -> {:.4g}{}", info.name, was, is, scaled));
  }
  return result;
}

std::vector<std::string> reasons_of_new(const LoopCounts& now) {
  std::vector<std::string> result;
  for (const CountInfo& info : count_infos()) {
    const bool is_bad =
        info.value == &LoopCounts::spills || info.value == &LoopCounts::divisions || info.value == &LoopCounts::scalars;
    if (is_bad && now.*info.value > 0)
      result.push_back(fmt::format("{}: {:.4g} in a loop that was not there", info.name, now.*info.value));
  }
  return result;
}

std::vector<const HotLoop*> not_in(const std::vector<HotLoop>& loops, const std::vector<HotLoop>& others) {
  std::vector<const HotLoop*> rest;
  for (const HotLoop& hot : loops) {
    const bool there = std::any_of(others.begin(), others.end(),
                                   [&](const HotLoop& o) { return shape_of(o.loop) == shape_of(hot.loop); });
    if (!there) rest.push_back(&hot);
  }
  return rest;
}

}  // namespace

std::string Worse::text() const {
  std::string all = fmt::format("{}: {}\n", where, fmt::join(reasons, "; "));
  if (!before.empty()) all += "before:\n" + before;
  if (!after.empty()) all += "now:\n" + after;
  return all;
}

std::vector<Worse> what_got_worse(const CaseLoops& before, const CaseLoops& now, const Target& target) {
  std::vector<Worse> found;
  for (const Pair& pair : aligned(not_in(before.loops, now.loops), not_in(now.loops, before.loops))) {
    if (!pair.now) continue;
    const LoopCounts counts = counts_of(pair.now->loop, target);
    std::vector<std::string> why =
        pair.before ? reasons(counts_of(pair.before->loop, target), counts) : reasons_of_new(counts);
    if (why.empty()) continue;
    found.push_back(
        {pair.now->loop.function, std::move(why), pair.before ? pair.before->loop.text() : "", pair.now->loop.text()});
  }
  if (now.instructions > before.instructions * kMoreCode + kFewInstructions) {
    found.push_back(
        {now.name, {fmt::format("instructions in all: {} -> {}", before.instructions, now.instructions)}, "", ""});
  }
  return found;
}

}  // namespace lathe::loops
