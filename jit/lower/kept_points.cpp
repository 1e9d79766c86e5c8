#include "jit/lower/kept_points.h"

#include <algorithm>
#include <optional>

namespace lathe {

namespace {

constexpr size_t kMostBoxes = 2;

// A dimension through which a variable of the update's domain runs, one step at a time.
struct Walk {
  size_t dimension = 0, variable = 0;
  Expr first, steps;                                        // the first place that is written, and how many there are
};

// The walks of an update in the order of its domain; nothing where a variable writes a place twice, or skips one.
std::optional<std::vector<Walk>> walks_of(const FuncContents& f, const Update& update) {
  std::vector<Walk> walks;
  for (size_t d = 0; d < f.vars.size(); ++d) {
    if (update.indices[d] == make_var(f.vars[d])) continue;
    const Polynomial at = Polynomial::of(simplify(update.indices[d]));
    const size_t before = walks.size();
    for (size_t r = 0; r < update.rvars.size(); ++r) {
      const auto linear = at.linear_in(update.rvars[r].name);
      if (linear && linear->first.constant() == 1) walks.push_back({d, r, linear->second.expr(), update.rvars[r].extent});
    }
    if (walks.size() != before + 1) return std::nullopt;    // one place of it, or places that are data
  }
  std::sort(walks.begin(), walks.end(), [](const Walk& a, const Walk& b) { return a.variable < b.variable; });
  if (walks.empty() || walks.size() != update.rvars.size()) return std::nullopt;
  for (size_t r = 0; r < walks.size(); ++r) {
    const auto moves = [&](const std::string& name) { return uses_var(walks[r].first, name) || uses_var(walks[r].steps, name); };
    if (walks[r].variable != r || std::any_of(f.vars.begin(), f.vars.end(), moves)) return std::nullopt;
    for (const ReductionVar& other : update.rvars) if (moves(other.name)) return std::nullopt;
    for (size_t q = 0; q < r; ++q) if (walks[q].dimension == walks[r].dimension) return std::nullopt;
  }
  return walks;
}

// Whether a read of the Func is of a point that lies before the one that is written.
bool reads_before(const Expr& read, const Update& update, const std::vector<Walk>& walks) {
  for (const Walk& walk : walks) {
    const auto apart = Polynomial::of(simplify(read.arg(walk.dimension) - update.indices[walk.dimension])).constant();
    if (!apart) return false;
    if (*apart != 0) return *apart < 0;
  }
  return false;
}

bool reads_only_before(const FuncContents& f, const Update& update, const std::vector<Walk>& walks) {
  bool all = true;
  const auto look = [&](const Expr& e) {
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::access && node->name == f.name) all = all && reads_before(node, update, walks);
    });
  };
  for (const Expr& value : update.values) look(value);
  for (const Expr& index : update.indices) look(index);
  return all;
}

}  // namespace

std::vector<Piece> kept_points(Piece whole, const Facts& facts) {
  if (whole.func.updates.empty()) return {std::move(whole)};
  const Update& update = whole.func.updates.front();
  const auto walks = walks_of(whole.func, update);
  if (!walks || !reads_only_before(whole.func, update, *walks)) return {std::move(whole)};
  std::vector<Piece> kept;
  Piece rest = whole;                                       // not yet known to be kept
  for (const Walk& walk : *walks) {
    const Expr low = rest.lowest[walk.dimension], end = low + rest.extent[walk.dimension];
    const auto inside = [&](const Expr& at) { return simplify(max(low, min(at, end)), facts); };
    const Expr first = inside(walk.first), behind = inside(max(walk.first, walk.first + walk.steps));
    const auto cut = [&](const Expr& from, const Expr& to) {
      Piece piece = rest;
      piece.lowest[walk.dimension] = from;
      piece.extent[walk.dimension] = simplify(to - from, facts);
      return piece;
    };
    const auto keep = [&](Piece piece) {
      if (!facts.at_most(piece.extent[walk.dimension], make_integer(DType::i64, 0))) kept.push_back(std::move(piece));
    };
    keep(cut(low, first));
    if (!facts.at_most(end, walk.first) && !facts.at_most(end, walk.first + walk.steps)) keep(cut(behind, end));
    rest = cut(first, behind);
  }
  if (kept.size() > kMostBoxes) return {std::move(whole)};
  return kept;
}

}  // namespace lathe
