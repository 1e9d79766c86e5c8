#include "tests/fuzz/random_copies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace lathe {
namespace {

using K = DirectiveKind;

class Drawer {
 public:
  Drawer(const RandomNest& nest, Expr access, Random& random, const Taste& taste)
      : nest_(nest), access_(std::move(access)), loops_(nest.serial_loops()), random_(random), taste_(taste) {}

  std::vector<std::string> run(bool named) {
    const std::string first = place();
    const bool has_name = named && random_.chance(taste_.wants(K::parallel) ? 60 : 25);
    name_ = has_name ? access_->name + "copy" : access_->name;
    std::string line = fmt::format("{}.stage_at({}, {}{})", access_->name, nest_.func->name, loops_[at_], has_name ? ", " + name_ : "");
    if (taste_.chance(random_, K::layout, 60)) line += layout();
    if (!first.empty()) line += fmt::format(".with_first({})", first);
    lines_.push_back(line);
    form();
    if (has_name) loops();
    return std::move(lines_);
  }

 private:
  void add(const std::string& directive) { lines_.push_back(fmt::format("{}.{}", name_, directive)); }

  bool moves(const RandomLoop& l) const {
    return std::any_of(access_.args().begin(), access_.args().end(), [&](const Expr& e) { return uses_var(e, l.root); });
  }

  // One loop for each dimension of the copy, in any order.
  std::string layout() {
    std::vector<std::string> digits;
    for (const Expr& index : access_.args()) {
      std::vector<std::string> names;
      for (const RandomLoop& l : nest_.loops) if (uses_var(index, l.root)) names.push_back(l.name);
      if (!names.empty()) digits.push_back(random_.pick(names));
    }
    random_.shuffle(digits);
    return digits.empty() ? "" : fmt::format(".layout({})", fmt::join(digits, ", "));
  }

  // Chooses the loop that the copy is made in; returns one inside of it whose first iteration writes the copy, or "".
  std::string place() {
    at_ = static_cast<size_t>(random_.below(static_cast<int64_t>(loops_.size())));
    if (!taste_.chance(random_, K::with_first, 50)) return "";
    std::vector<std::string> names = nest_.around_accumulators();
    if (random_.chance(5)) names = loops_;
    std::vector<std::pair<size_t, size_t>> pairs;
    for (size_t at = 0; at < loops_.size(); ++at) {
      for (size_t first = at + 1; first < loops_.size(); ++first) {
        const RandomLoop& l = *std::find_if(nest_.loops.begin(), nest_.loops.end(),
                                            [&](const RandomLoop& loop) { return loop.name == loops_[first]; });
        const bool around = std::find(names.begin(), names.end(), l.name) != names.end();
        if (around && !l.reduction && !moves(l)) pairs.push_back({at, first});
      }
    }
    if (pairs.empty()) return "";
    const auto& [at, first] = random_.pick(pairs);
    at_ = at;
    return loops_[first];
  }

  // How it lies in memory.
  void form() {
    std::vector<std::string> names;
    for (const RandomLoop& l : nest_.loops) if (moves(l)) names.push_back(l.name);
    if (!names.empty() && taste_.chance(random_, K::pitch, 6)) add(fmt::format("pitch({}, {})", random_.pick(names), random_.pick<int64_t>({1, 3, 16})));
    if (taste_.chance(random_, K::align, 6)) add("align(128)");
    if (taste_.chance(random_, K::store_in, 4)) add("store_in(stack)");
  }

  // A directive on one of its loops.
  void loops() {
    for (const RandomLoop& l : nest_.loops) {
      if (!moves(l) || !random_.chance(50)) continue;
      if (l.constant) return add(fmt::format("{}({})", random_.chance(70) ? "vectorize" : "unroll", l.name));
      if (taste_.chance(random_, K::parallel, 10)) return add(fmt::format("parallel({})", l.name));
    }
  }

  const RandomNest& nest_;
  const Expr access_;
  const std::vector<std::string> loops_;                    // of the nest, outermost first
  Random& random_;
  const Taste& taste_;
  size_t at_ = 0;                                           // the loop that the copy is made in
  std::string name_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> RandomCopies::of(const RandomNest& nest, bool named) {
  const auto wants = [&](auto... kinds) { return (taste_.wants(kinds) || ...); };
  if (!random_.chance(wants(K::stage_at, K::layout, K::with_first) ? 90 : wants(K::pitch, K::align, K::store_in, K::parallel) ? 60 : 20)) return {};
  std::vector<Expr> candidates;
  for (const Expr& e : reads_of(*nest.func)) if (op_.find_input(e->name)) candidates.push_back(e);
  if (candidates.empty() || nest.serial_loops().empty()) return {};
  const Expr access = random_.pick(candidates);
  if (!staged_.insert(access->name).second) return {};
  return Drawer(nest, access, random_, taste_).run(named);
}

}  // namespace lathe
