#include "jit/lower/factor_reduction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "analysis/simplify.h"
#include "jit/lower/lets.h"
#include "jit/lower/nest.h"
#include "schedules/text.h"

namespace lathe {
namespace {

Expr integer(int64_t value) { return make_integer(DType::i64, value); }

class Factor {
 public:
  Factor(View& view, std::vector<Directive>& directives, size_t at)
      : view_(view), directives_(directives), at_(at), directive_(directives[at]), loop_(directive_.loops.at(0)) {}

  size_t run() {
    check();
    FuncContents& whole = *std::find_if(view_.op.funcs.begin(), view_.op.funcs.end(),
                                        [&](const FuncContents& f) { return f.name == directive_.func; });
    FuncContents part = part_of(whole);
    move_ranges(whole, part);
    whole.rvars = {{loop_, blocks_}};
    for (int c = 0; c < part.components(); ++c) whole.values[static_cast<size_t>(c)] = partial(part, c);
    view_.op.funcs.insert(view_.op.funcs.begin() + (&whole - view_.op.funcs.data()), std::move(part));
    if (split_ == directives_.size()) return at_;
    directives_.erase(directives_.begin() + static_cast<long>(split_));
    return at_ - 1;
  }

 private:
  [[noreturn]] void refuse(std::string got, std::string need, std::string hint = {}) const {
    throw Error(ErrorCode::illegal_schedule, {"schedule", print(directive_), std::move(got), std::move(need),
                                              directive_.where, std::move(hint)});
  }

  // Finds the variable whose values are dealt out, and the split that says how.
  void check() {
    const FuncContents* f = view_.op.find_func(directive_.func);
    if (!f || !f->is_reduction()) refuse(fmt::format("{} is no reduction", directive_.func), "a reduction");
    if (view_.op.strict) refuse("partial results that are combined later", "the written order, in the strict class");
    if (view_.op.find_func(directive_.name) || view_.op.find_input(directive_.name)) {
      refuse(fmt::format("{} exists", directive_.name), "a new name for the partial results");
    }
    if (std::find(f->vars.begin(), f->vars.end(), loop_) != f->vars.end()) refuse(fmt::format("{} is an index of {}", loop_, f->name), need_);
    variable_ = loop_;
    split_ = directives_.size();
    for (size_t i = 0; i < at_; ++i) {
      const Directive& d = directives_[i];
      if (d.kind != DirectiveKind::split || d.func != f->name) continue;
      if (d.loops[2] == loop_) {
        refuse(fmt::format("{} runs within a block of {}", loop_, d.loops[0]), need_,
               fmt::format("rfactor({}, ...), or vectorize({}) for partial results in lanes", d.loops[1], loop_));
      }
      if (d.loops[1] == loop_) variable_ = d.loops[0], split_ = i;
    }
    const bool known = std::any_of(f->rvars.begin(), f->rvars.end(), [&](const ReductionVar& r) { return r.name == variable_; });
    if (known) return;
    std::vector<std::string> names;
    for (const ReductionVar& r : f->rvars) names.push_back(r.name);
    throw Error(ErrorCode::unknown_loop, {"schedule", print(directive_), fmt::format("{} has no loop {} over its reduction", f->name, loop_),
                                          fmt::format("one of {}, or of the loops over blocks of them", fmt::join(names, ", ")), directive_.where});
  }

  // The same reduction over one block, with the number of the block as its first index.
  FuncContents part_of(const FuncContents& whole) {
    FuncContents part = whole;
    part.name = directive_.name;
    part.where = directive_.where;
    part.vars.insert(part.vars.begin(), loop_);
    auto variable = std::find_if(part.rvars.begin(), part.rvars.end(), [&](const ReductionVar& r) { return r.name == variable_; });
    const Expr extent = variable->extent;
    if (split_ == directives_.size()) {                     // one value of the variable is a block
      blocks_ = extent;
      part.rvars.erase(variable);
      if (part.rvars.empty()) end_reduction(part);
      return part;
    }
    const Directive& split = directives_[split_];
    blocks_ = ceil_div(extent, split.value);
    const Expr block = split.even ? ceil_div(extent, blocks_ * integer(even_unit(split.value))) * integer(even_unit(split.value)) : split.value;
    const Expr first = make_var(loop_) * block;
    inner_ = split.loops[2];
    variable->name = inner_;
    for (Expr& v : part.values) v = substitute(v, {{variable_, make_var(inner_)}});
    view_.ranges[{part.name, inner_}] = {first, min(first + block, extent), directive_.where};
    return part;
  }

  // One term is a value, unless it may be absent: then the partial result is the identity, as of any reduction.
  void end_reduction(FuncContents& part) const {
    bool absent = false;
    for (const Expr& v : part.values) {
      visit(v, [&](const Expr& e) { absent = absent || (e.kind() == ExprKind::access && e->boundary == Boundary::none); });
    }
    if (absent) part.rvars = {{part.name + ".term", integer(1)}};
    else part.combiner = nullptr;
  }

  // Ranges of the other variables hold for the partial results; that of the variable itself narrows its blocks.
  void move_ranges(const FuncContents& whole, const FuncContents& part) {
    for (const ReductionVar& r : whole.rvars) {
      auto found = view_.ranges.find({whole.name, r.name});
      if (found == view_.ranges.end()) continue;
      const ReductionRange range = found->second;
      view_.ranges.erase(found);
      if (r.name != variable_) {
        view_.ranges[{part.name, r.name}] = range;
      } else if (inner_.empty()) {
        view_.ranges[{whole.name, loop_}] = range;
      } else {
        ReductionRange& block = view_.ranges.at({part.name, inner_});
        block = {max(block.lowest, range.lowest), min(block.end, range.end), block.where};
      }
    }
  }

  Expr partial(const FuncContents& part, int component) const {
    ExprNode read;
    read.kind = ExprKind::access;
    read.type = {part.dtype(component), 1};
    read.name = part.name;
    read.component = component;
    for (const std::string& v : part.vars) read.args.push_back(make_var(v));
    read.where = directive_.where;
    return make_access(std::move(read));
  }

  static constexpr const char* need_ = "a reduction variable, or the loop over blocks of one";
  View& view_;
  std::vector<Directive>& directives_;
  const size_t at_;
  const Directive directive_;
  const std::string loop_;                                  // the index of the partial results
  std::string variable_, inner_;                            // the variable, and its name within a block
  size_t split_ = 0;                                        // the split that cuts it; the list's size: none does
  Expr blocks_;
};

}  // namespace

size_t factor_reduction(View& view, std::vector<Directive>& directives, size_t at) {
  return Factor(view, directives, at).run();
}

}  // namespace lathe
