// A Func with several reads that nothing places is computed once for each of them when it is inlined, and so is all that it
// inlines: through a chain of such Funcs the work, and the program, would grow by a factor at each. It is computed whole where
// the repeated part passes a limit, and where its reads tell which region that takes. So it is where its formula, with all that it
// inlines, has more levels than walks through it should recurse.
#include "jit/lower/inline_funcs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "analysis/written_out.h"
#include "jit/lower/check_directives.h"
#include "schedules/text.h"

namespace lathe {
namespace {

using K = DirectiveKind;

constexpr double most_repeated = 1'000;                     // nodes of expressions
constexpr double most_in_little_code = 70;  // as much as the loops, the storage and the region of a Func take
constexpr int most_levels = 1'000;

// Says where the Func that it stands on is computed.
bool is_place(K kind) {
  return kind == K::compute_inline || kind == K::compute_root || kind == K::compute_at || kind == K::epilogue_of;
}

class Chooser {
 public:
  Chooser(const Operator& op, const std::vector<Directive>& directives, double most)
      : op_(op), directives_(directives), most_repeated_(most) {
    for (const FuncContents& f : op.funcs) for_each_value(f, [&](const Expr& v) { look_at_reads(v); });
  }

  std::vector<std::string> run() {
    std::vector<std::string> names;
    for (const FuncContents& f : op_.funcs) {
      const Extent extent = extent_of(f);
      if (!inlined(f, extent)) continue;
      names.push_back(f.name);
      inlined_[f.name] = extent;
    }
    return names;
  }

 private:
  struct Extent {
    double size = 0;                                        // nodes, those of shared parts each time
    int levels = 0;
  };

  bool inlined(const FuncContents& f, const Extent& extent) const {
    const Directive *place = nullptr, *other = nullptr;
    for (const Directive& d : directives_) {
      if (d.func != f.name) continue;
      if (!is_place(d.kind)) {
        if (!other) other = &d;
        continue;
      }
      if (place) refuse(ErrorCode::bad_directive, d, fmt::format("{} before it", print(*place)), "one place of each Func");
      place = &d;
    }
    const bool asked = place && place->kind == K::compute_inline;
    const bool stored = op_.find_output(f.name) || f.is_reduction() || !f.updates.empty();
    if (asked && !op_.find_output(f.name) && f.is_reduction() && !other && written_out(f)) return true;
    if (asked && stored) {
      refuse(ErrorCode::illegal_schedule, *place,
             f.is_reduction() ? "a reduction that is no short formula" : op_.find_output(f.name) ? "an output" : "a Func with updates",
             "a pure intermediate Func, or a reduction of at most 64 terms, their number known");
    }
    if (asked && other) {
      refuse(ErrorCode::bad_directive, *other, fmt::format("{} is inlined", f.name), "a Func that has loops",
             fmt::format("leave out {}", print(*place)));
    }
    if (asked && extent.levels > most_levels) {
      refuse(ErrorCode::over_budget, *place, fmt::format("a formula of {} levels, with what {} inlines", extent.levels, f.name),
             fmt::format("at most {}", most_levels), "leave it out: what is deeper is computed whole");
    }
    return !stored && (asked || (!place && !other && extent.levels <= most_levels && !repeats_much(f, extent.size)));
  }

  bool repeats_much(const FuncContents& f, double size) const {
    const auto reads = reads_.find(f.name);
    return reads != reads_.end() && reads->second.plain && size * (reads->second.count - 1) > most_repeated_;
  }

  void look_at_reads(const Expr& value) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access) return;
      Reads& reads = reads_[e->name];
      ++reads.count;
      for (const Expr& index : e.args()) reads.plain = reads.plain && is_plain(index);
    });
  }

  // Sums, products with numbers, quotients by numbers, smaller and larger ones: what is read is a region of known bounds.
  static bool is_plain(const Expr& e) {
    if (e.kind() == ExprKind::constant || e.kind() == ExprKind::var) return true;
    if (e.kind() != ExprKind::op) return false;
    const bool by_number = e.is_op(Op::div) || e.is_op(Op::mod) || e.is_op(Op::mul);
    if (!by_number && !e.is_op(Op::add) && !e.is_op(Op::sub) && !e.is_op(Op::min) && !e.is_op(Op::max)) return false;
    if (by_number && e.arg(1).kind() != ExprKind::constant && !(e.is_op(Op::mul) && e.arg(0).kind() == ExprKind::constant)) return false;
    return std::all_of(e.args().begin(), e.args().end(), is_plain);
  }

  Extent extent_of(const FuncContents& f) {
    Extent all;
    for_each_value(f, [&](const Expr& v) {
      const Extent one = extent_of(v);
      all = {all.size + one.size, std::max(all.levels, one.levels)};
    });
    return all;
  }

  Extent extent_of(const Expr& e) {
    if (auto known = seen_.find(e.get()); known != seen_.end()) return known->second;
    Extent all{1, 0};
    const auto add = [&](const Extent& part) { all = {all.size + part.size, std::max(all.levels, part.levels)}; };
    for_each_child(e, [&](const Expr& child) { add(extent_of(child)); });
    if (e.kind() == ExprKind::access) {
      if (auto known = inlined_.find(e->name); known != inlined_.end()) add(known->second);
    }
    ++all.levels;
    return seen_[e.get()] = all;
  }

  struct Reads {
    double count = 0;
    bool plain = true;                                      // no index is data, or a product of variables
  };
  const Operator& op_;
  const std::vector<Directive>& directives_;
  double most_repeated_;
  std::map<std::string, Reads> reads_;
  std::map<std::string, Extent> inlined_;                   // what replaces a read of these
  std::unordered_map<const ExprNode*, Extent> seen_;
};

}  // namespace

std::vector<std::string> funcs_to_inline(const Operator& op, const std::vector<Directive>& directives,
                                         bool in_little_code) {
  return Chooser(op, directives, in_little_code ? most_in_little_code : most_repeated).run();
}

Operator inline_funcs(const Operator& op, const std::vector<std::string>& names) {
  Operator result = op;
  result.funcs.clear();
  auto inlined = [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  std::map<std::string, FuncContents> definitions;          // with their own inlined Funcs replaced
  auto replace = [&](const Expr& e) {
    return transform(e, [&](const Expr& node) {
      if (node.kind() != ExprKind::access || !definitions.count(node->name)) return node;
      const FuncContents& f = definitions.at(node->name);
      Substitution indices;
      for (size_t d = 0; d < f.vars.size(); ++d) indices.push_back({f.vars[d], node.arg(d)});
      return substitute(f.values[node->component], indices);
    });
  };
  for (FuncContents f : op.funcs) {
    for (Expr& v : f.values) v = replace(v);
    for (Update& u : f.updates) {
      for (Expr& index : u.indices) index = replace(index);
      for (Expr& v : u.values) v = replace(v);
    }
    if (inlined(f.name)) {
      if (f.is_reduction()) f = *written_out(f);
      definitions[f.name] = std::move(f);
    } else {
      result.funcs.push_back(std::move(f));
    }
  }
  return result;
}

}  // namespace lathe
