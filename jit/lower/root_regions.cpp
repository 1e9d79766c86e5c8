#include "jit/lower/root_regions.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/lower/lets.h"
#include "lang/text.h"

namespace lathe {
namespace {

class Finder {
 public:
  Finder(const Operator& op, const Facts& facts) : op_(op), facts_(facts) {}

  // Consumers first.
  RootRegions run() {
    for (const OutputDecl& out : op_.outputs) {
      RootRegion& root = found_[out.func];
      root.needed_when = make_true();
      root.region.read = true;
      for (const Expr& e : out.extents) {
        root.region.lowest.push_back(integer(0));
        root.region.highest.push_back(simplify(e - integer(1), facts_));
      }
      root.region.whole = root.region.highest;
    }
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      if (!found_.count(f->name)) continue;
      const std::vector<FuncPart> stages = parts_of(*f);
      for (size_t s = stages.size(); s-- > 0;) need_of(*f, stages[s]);  // updates first: they read the Func as well
    }
    return std::move(found_);
  }

 private:
  void need_of(const FuncContents& f, const FuncPart& stage) {
    const FuncContents& part = stage.loops;
    const Region mine = found_.at(f.name).region;
    VarRanges ranges;
    for (size_t d = 0; d < f.vars.size(); ++d) {
      if (std::find(part.vars.begin(), part.vars.end(), f.vars[d]) == part.vars.end()) continue;
      ranges[f.vars[d]] = {mine.lowest[d], mine.highest[d]};
    }
    for (const ReductionVar& r : part.rvars) ranges[r.name] = {integer(0), r.extent - integer(1)};
    Expr has_points = found_.at(f.name).needed_when;
    for (const auto& [name, range] : ranges) {
      has_points = simplify(has_points & le(range.lowest, range.highest), facts_);
    }
    for (const Expr& v : part.values) {
      visit(v, [&](const Expr& e) {
        if (e.kind() != ExprKind::access || !op_.find_func(e->name) || stage.reads_what_it_writes(f, e)) return;
        if (e->name != f.name) note_reader(e->name, has_points);
        need(part, e, ranges);
      });
    }
  }

  void note_reader(const std::string& func, const Expr& has_points) {
    auto [known, first] = found_.try_emplace(func, RootRegion{{}, has_points});
    Expr& when = known->second.needed_when;
    if (!first && !(when == has_points)) when = simplify(when | has_points, facts_);
  }

  void need(const FuncContents& consumer, const Expr& e, const VarRanges& ranges) {
    Region& r = found_.at(e->name).region;
    const bool fresh = !r.read;
    r.read = true;
    for (size_t d = 0; d < e.args().size(); ++d) {
      auto range = interval_of(e.arg(d), ranges, facts_);
      if (!range) {
        throw Error(
            ErrorCode::unproved,
            {"lower", fmt::format("{} reads {} at an index that is not known beforehand", consumer.name, e->name),
             print(e.arg(d)), "an index with known bounds", consumer.where});
      }
      Expr low = simplify(range->lowest, facts_), high = simplify(range->highest, facts_);
      if (fresh) {
        r.lowest.push_back(low);
        r.highest.push_back(high);
      } else if (op_.find_output(e->name)) {
        if (facts_.at_most(r.lowest[d], low) && facts_.at_most(high, r.highest[d])) continue;
        throw Error(ErrorCode::unproved,
                    {"lower", fmt::format("{} reads the output {} outside of its extents", consumer.name, e->name),
                     fmt::format("index {} in [{}, {}]", d, print(low), print(high)),
                     fmt::format("at most {}", print(r.highest[d])), consumer.where,
                     "give the intermediate result a Func of its own"});
      } else {
        r.lowest[d] = simplify(min(r.lowest[d], low), facts_);
        r.highest[d] = simplify(max(r.highest[d], high), facts_);
      }
    }
    r.whole = r.highest;
  }

  const Operator& op_;
  const Facts& facts_;
  RootRegions found_;
};

}  // namespace

RootRegions root_regions(const Operator& op, const Facts& facts) { return Finder(op, facts).run(); }

}  // namespace lathe
