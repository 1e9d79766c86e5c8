#include "schedules/construct/rows.h"

#include <algorithm>
#include <cstdlib>

#include "analysis/simplify.h"

namespace lathe::construct {

namespace {

bool uses_any(const Expr& at, const std::vector<ReductionVar>& terms) {
  return std::any_of(terms.begin(), terms.end(), [&](const ReductionVar& r) { return uses_var(at, r.name); });
}

// By what one step of the variable moves the index; nothing where that is no number.
std::optional<int64_t> slope_in(const Expr& at, const std::string& var) {
  const auto linear = Polynomial::of(simplify(at)).linear_in(var);
  return linear ? linear->first.constant() : std::nullopt;
}

// How many values the index takes while the terms run; undefined where it is not linear in them.
Expr steps_over(const Expr& at, const std::vector<ReductionVar>& terms) {
  Expr steps(int64_t{1});
  for (const ReductionVar& t : terms) {
    if (!uses_var(at, t.name)) continue;
    const auto slope = slope_in(at, t.name);
    if (!slope) return {};
    steps = steps + Expr(std::abs(*slope)) * (t.extent - Expr(int64_t{1}));
  }
  return simplify(steps);
}

// Points, or sums of a window around each.
bool only_windows(const Operator& op, const Plan& plan, const FuncContents& f) {
  if (!f.updates.empty()) return false;
  const std::vector<Read> reads = reads_in(values_of_nest(op, plan, f));
  return std::all_of(f.rvars.begin(), f.rvars.end(), [&](const ReductionVar& t) { return is_window(reads, t.name, f.vars); });
}

// Whether some read is at another place in this dimension than the reader's own: neighbours share a part of it.
bool meets_neighbours(const FuncContents& f, const std::vector<Reader>& readers, size_t dimension) {
  for (const Reader& r : readers) {
    for (const Read& read : reads_in(r.values)) if (read.tensor == f.name && read.at[dimension].kind() != ExprKind::var) return true;
  }
  return false;
}

// Whether strips along this index would be computed for steps of another one that need the same.
bool made_again(const FuncContents& f, const std::vector<Reader>& readers, const FuncContents& host, const std::string& along) {
  for (const Reader& r : readers) {
    if (r.func->name != host.name) continue;
    for (const Read& read : reads_in(r.values)) {
      for (size_t v = 0; read.tensor == f.name && v + 1 < host.vars.size(); ++v) {
        if (host.vars[v] != along && move_of(read, host.vars[v]) == Move::none) return true;
      }
    }
  }
  return false;
}

// The dimension of `f` that every read moves through in steps as the host's index does, and no other dimension.
std::optional<size_t> rows_dimension(const Plan& plan, const FuncContents& f, const std::vector<Reader>& readers, const std::string& host,
                                     const std::string& along) {
  std::optional<size_t> found;
  for (const Reader& r : readers) {
    const std::string& own = r.func->name == host ? along : plan.nodes.at(r.func->name).row_dimension;
    for (const Read& read : reads_in(r.values)) {
      if (read.tensor != f.name) continue;
      bool moves = false;
      for (size_t d = 0; d < read.at.size(); ++d) {
        if (!uses_var(read.at[d], own)) continue;
        if (moves || slope_in(read.at[d], own).value_or(0) < 1 || (found && *found != d)) return std::nullopt;
        found = d, moves = true;
      }
      if (!moves) return std::nullopt;
    }
  }
  return found;
}

// The nest that all readers are, or make strips for; "": they differ.
std::string host_of_strips(const Plan& plan, const std::vector<Reader>& readers) {
  std::string host;
  for (const Reader& r : readers) {
    const Node& reader = plan.nodes.at(r.func->name);
    const bool in_strips = reader.place == Place::rows && !reader.rows_read.defined();
    if (reader.place != Place::root && !in_strips) return "";
    const std::string& of = in_strips ? reader.host : r.func->name;
    if (!host.empty() && of != host) return "";
    host = of;
  }
  return host;
}

}  // namespace

bool meets_borders(const Plan& plan, const FuncContents& f, const std::string& index) {
  bool bordered = false;
  visit(expanded(f.values[0], plan.inlined), [&](const Expr& e) {
    if (e.kind() != ExprKind::access || e->boundary == Boundary::inside) return;
    bordered = bordered || index.empty() || std::any_of(e.args().begin(), e.args().end(), [&](const Expr& at) {
      return uses_var(at, index) && at != make_var(index);
    });
  });
  return bordered;
}

bool keep_rows(const Plan& plan, const FuncContents& f, const std::vector<Reader>& readers, Node& node) {
  if (f.is_reduction() || readers.size() != 1) return false;
  const FuncContents& host = *readers[0].func;
  const Node& root = plan.nodes.at(host.name);
  if (!meets_borders(plan, f) || !host.is_reduction() || root.place != Place::root || root.hosts || !root.rows_along.empty()) return false;
  std::vector<std::string> moving;                          // indices that move the window, outermost first
  for (const std::string& v : host.vars) {
    for (const Read& read : reads_in(readers[0].values)) {
      const bool window = read.tensor == f.name && std::any_of(read.at.begin(), read.at.end(), [&](const Expr& at) {
        return uses_var(at, v) && uses_any(at, host.rvars);
      });
      if (window && (moving.empty() || moving.back() != v)) moving.push_back(v);
    }
  }
  if (moving.size() < 2) return false;
  const std::string& along = moving[moving.size() - 2];
  for (const Read& read : reads_in(readers[0].values)) {
    for (size_t d = 0; read.tensor == f.name && d < read.at.size(); ++d) {
      if (!uses_var(read.at[d], along)) continue;
      const Expr rows = steps_over(read.at[d], host.rvars);
      if (!rows.defined() || !node.row_dimension.empty()) return false;
      node.row_dimension = f.vars[d];
      node.rows_read = rows;
    }
  }
  node.rows_along = along;
  return true;
}

bool make_strips(const Operator& op, const Plan& plan, const FuncContents& f, const std::vector<Reader>& readers, Node& node) {
  if (f.vars.size() < 2 || !only_windows(op, plan, f)) return false;
  const std::string host = host_of_strips(plan, readers);
  if (host.empty()) return false;
  const FuncContents& whole = *op.find_func(host);
  const Node& root = plan.nodes.at(host);
  const bool keeps_rows = !root.rows_along.empty() && !root.strips;
  if (root.hosts || keeps_rows || whole.vars.size() < 2 || !only_windows(op, plan, whole)) return false;
  for (const std::string& along : whole.vars) {
    if (along == whole.vars.back() || (root.strips && along != root.rows_along)) continue;
    const std::optional<size_t> dimension = rows_dimension(plan, f, readers, host, along);
    if (!dimension || made_again(f, readers, whole, along)) continue;
    if (!root.strips && whole.vars.size() > 2 && !meets_neighbours(f, readers, *dimension)) continue;   // of several, that of windows
    node.host = host;
    node.rows_along = along;
    node.row_dimension = f.vars[*dimension];
    return true;
  }
  return false;
}

}  // namespace lathe::construct
