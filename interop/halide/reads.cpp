#include "interop/halide/reads.h"

#include <algorithm>

namespace lathe {
namespace {

Expr integer(int64_t value) { return make_integer(DType::i64, value); }

class Needs {
 public:
  explicit Needs(const Operator& op) : op_(op) {
    for (const SizeDecl& s : op.sizes) facts_.bound(s.name, integer(s.lowest), integer(s.highest));
  }

  NeededRanges run() {
    for (const OutputDecl& out : op_.outputs) {
      for (const Expr& e : out.extents) needs_[out.func].push_back(Range{integer(0), e - integer(1)});
    }
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      std::vector<FuncPart> parts = parts_of(*f);
      std::reverse(parts.begin(), parts.end());  // updates read the Func as well
      for (const FuncPart& part : parts) read_by(*f, part);
    }
    return std::move(needs_);
  }

 private:
  void read_by(const FuncContents& f, const FuncPart& part) {
    const auto& own = needs_[f.name];
    VarRanges ranges;  // a variable without a range: what it indexes is not known
    for (size_t d = 0; d < own.size(); ++d) {
      if (own[d]) ranges[f.vars[d]] = *own[d];
    }
    for (const ReductionVar& r : part.loops.rvars) ranges[r.name] = {integer(0), r.extent - integer(1)};
    for (const Expr& value : part.loops.values) {
      visit(value, [&](const Expr& read) {
        if (read.kind() == ExprKind::access && op_.find_func(read->name) && !part.reads_what_it_writes(f, read))
          add(read, f, ranges);
      });
    }
  }

  void add(const Expr& read, const FuncContents& reader, const VarRanges& ranges) {
    auto& needs = needs_[read->name];
    const bool first = needs.empty();
    needs.resize(read.args().size());
    for (size_t d = 0; d < needs.size(); ++d) {
      std::optional<Range> range;
      if (is_known(read.arg(d), reader, ranges)) range = interval_of(read.arg(d), ranges, facts_);
      if (first)
        needs[d] = range;
      else if (!range)
        needs[d].reset();
      else if (needs[d])
        needs[d] = Range{simplify(min(needs[d]->lowest, range->lowest), facts_),
                         simplify(max(needs[d]->highest, range->highest), facts_)};
    }
  }

  static bool is_known(const Expr& index, const FuncContents& reader, const VarRanges& ranges) {
    if (holds_data(index)) return false;
    return std::all_of(reader.vars.begin(), reader.vars.end(),
                       [&](const std::string& v) { return ranges.contains(v) || !uses_var(index, v); });
  }

  const Operator& op_;
  Facts facts_;
  NeededRanges needs_;
};

}  // namespace

bool holds_data(const Expr& e) {
  bool found = false;
  visit(e, [&](const Expr& node) { found = found || node.kind() == ExprKind::access; });
  return found;
}

void for_each_read(const Operator& op, const std::string& func,
                   const std::function<void(const FuncContents&, const Expr&)>& action) {
  for (const FuncContents& f : op.funcs) {
    for_each_value(f, [&](const Expr& value) {
      visit(value, [&](const Expr& node) {
        if (node.kind() == ExprKind::access && node->name == func) action(f, node);
      });
    });
  }
}

NeededRanges needed_ranges(const Operator& op) { return Needs(op).run(); }

}  // namespace lathe
