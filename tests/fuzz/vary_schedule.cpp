#include "tests/fuzz/vary_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/text.h"

namespace lathe {
namespace {

class Variation {
 public:
  Variation(const Schedule& schedule, Random& random) : schedule_(schedule), random_(random) {}

  RandomSchedule run() {
    RandomSchedule result;
    for (const ScheduleParam& p : schedule_.params) result.params.push_back(fmt::format("param {} = target.L1/2048 in 1..64", p.name));
    result.lines = varied(schedule_.directives);
    if (schedule_.specializations.empty() || random_.chance(25)) return result;
    const Specialization& variant = random_.pick(schedule_.specializations);
    result.variant = varied(variant.directives);
    if (!result.variant.empty()) result.condition = condition();
    return result;
  }

 private:
  std::vector<std::string> varied(const std::vector<Directive>& directives) {
    std::vector<std::string> lines;
    for (Directive d : directives) {
      if (may_go(d.kind) && random_.chance(12)) continue;
      if (random_.chance(60)) change(d);
      lines.push_back(print(d));
    }
    return lines;
  }

  static bool may_go(DirectiveKind kind) {
    using K = DirectiveKind;
    return kind == K::unroll || kind == K::parallel || kind == K::tail || kind == K::store_in || kind == K::fold_storage ||
           kind == K::prefetch || kind == K::stream || kind == K::epilogue_of || kind == K::with_first ||
           kind == K::layout || kind == K::store_at || kind == K::reorder;
  }

  void change(Directive& d) {
    switch (d.kind) {
      case DirectiveKind::split:
        if (is_integer_constant(d.value)) d.value = Expr(factor(d.loops[2]));
        if (random_.chance(20)) d.even = !d.even;
        break;
      case DirectiveKind::tile: change_tile(d); break;
      case DirectiveKind::tail: change_tail(d); break;
      case DirectiveKind::fold_storage: d.value = Expr(random_.pick<int64_t>({2, 3, 4, 5, 8})); break;
      case DirectiveKind::prefetch: d.value = Expr(random_.between(1, 4)); break;
      case DirectiveKind::stream: d.value = {}; break;
      case DirectiveKind::reorder:
        if (random_.chance(40)) swap_neighbours(d.loops);
        break;
      case DirectiveKind::layout: random_.shuffle(d.digits); break;
      case DirectiveKind::parallel: elsewhere(d, d.func); break;
      case DirectiveKind::store_in: if (random_.chance(30)) elsewhere(d, d.func); break;
      case DirectiveKind::compute_at:
      case DirectiveKind::store_at:
      case DirectiveKind::stage_at: if (random_.chance(50)) elsewhere(d, d.target); break;
      default: break;
    }
  }

  // Vectors are of a few lanes, other loops of anything.
  int64_t factor(const std::string& inner) {
    const bool lanes = std::any_of(schedule_.directives.begin(), schedule_.directives.end(), [&](const Directive& d) {
      return d.kind == DirectiveKind::vectorize && d.loops.at(0) == inner;
    });
    if (lanes) return random_.pick<int64_t>({4, 8, 8, 16, 16, 24, 32, 5});
    return random_.pick<int64_t>({1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 24, 32, 33, 48, 64});
  }

  void change_tile(Directive& d) {
    for (TileClass& row : d.classes) {
      if (random_.chance(50)) row.rows = random_.between(1, 9);
    }
    while (d.classes.size() > 1 && random_.chance(40)) d.classes.erase(d.classes.begin() + random_.below(static_cast<int64_t>(d.classes.size())));
    if (random_.chance(20)) d.even = !d.even;
  }

  void change_tail(Directive& d) {
    static const std::vector<std::vector<RowCount>> rows = {{}, {{1, 1}}, {{1, 1}, {1, 2}}, {{1, 1}, {2, 3}, {1, 3}}, {{1, 1}, {3, 4}, {1, 4}}};
    static const std::vector<Tail> how = {Tail::automatic, Tail::clamp, Tail::mask, Tail::guard};
    if (!d.rows.empty()) d.rows = random_.pick(rows);
    d.tail = random_.pick(how);
  }

  void swap_neighbours(std::vector<std::string>& loops) {
    size_t at = static_cast<size_t>(random_.below(static_cast<int64_t>(loops.size()) - 1));
    std::swap(loops[at], loops[at + 1]);
  }

  // Another loop of this Func's order.
  void elsewhere(Directive& d, const std::string& func) {
    for (const Directive& other : schedule_.directives) {
      if (other.kind == DirectiveKind::reorder && other.func == func) d.loops.at(0) = random_.pick(other.loops);
    }
  }

  std::string condition() {
    return random_.pick<std::string>({"1 == 1", fmt::format("{} >= 5", size()), fmt::format("{} % 4 == 0", size()),
                                      fmt::format("{} > 16 or {} < 4", size(), size())});
  }

  // A size that the author's condition names.
  std::string size() {
    std::vector<std::string> names;
    for (const Specialization& s : schedule_.specializations) {
      visit(s.condition, [&](const Expr& e) {
        if (e.kind() == ExprKind::var && e->name.find('.') == std::string::npos) names.push_back(e->name);
      });
    }
    return names.empty() ? "1" : random_.pick(names);
  }

  const Schedule& schedule_;
  Random& random_;
};

}  // namespace

RandomSchedule vary(const Schedule& schedule, Random& random) { return Variation(schedule, random).run(); }

}  // namespace lathe
