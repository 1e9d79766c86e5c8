#include "jit/lower/clip_reduction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "jit/lower/lets.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

class Clip {
 public:
  Clip(Lowering& lowering, const FuncContents& func, const Directive& d, const ReductionVar& variable)
      : lowering_(lowering), func_(func), directive_(d), variable_(variable) {}

  void run() {
    ReductionRange& range = lowering_.ranges.try_emplace({func_.name, variable_.name}, ReductionRange{integer(0), variable_.extent, directive_.where}).first->second;
    size_t found = 0;
    for (const Expr& value : func_.values) {
      visit(value, [&](const Expr& e) {
        const InputDecl* input = e.kind() == ExprKind::access ? lowering_.op.find_input(e->name) : nullptr;
        for (size_t d = 0; input && e->boundary != Boundary::inside && d < e.args().size(); ++d) {
          if (uses_var(e.arg(d), variable_.name)) found += narrow(range, e, d, input->extents[d]);
        }
      });
    }
    if (found == 0) refuse(fmt::format("no read under a boundary rule moves with {}", variable_.name), "a read such as X[y + r] outside none");
  }

 private:
  [[noreturn]] void refuse(std::string got, std::string need, std::string hint = {}) const {
    throw Error(ErrorCode::illegal_schedule, {"schedule", print(directive_), std::move(got), std::move(need),
                                              directive_.where, std::move(hint)});
  }

  // Where the read is inside: 0 <= factor * r + rest < extent.
  size_t narrow(ReductionRange& range, const Expr& access, size_t d, const Expr& extent) {
    check_absent(access);
    auto linear = Polynomial::of(simplify(access.arg(d))).linear_in(variable_.name);
    const int64_t factor = linear ? linear->first.constant().value_or(0) : 0;
    bool is_data = false;
    visit(access.arg(d), [&](const Expr& e) { is_data = is_data || e.kind() == ExprKind::access; });
    if (factor <= 0 || is_data) {
      refuse(print(access.arg(d)), fmt::format("an index that grows with {} by a number", variable_.name));
    }
    const Expr rest = linear->second.expr(), step = integer(factor);
    const Facts& facts = lowering_.facts;
    range.lowest = simplify(max(range.lowest, ceil_div(integer(0) - rest, step)), facts);
    range.end = simplify(min(range.end, ceil_div(extent - rest, step)), facts);
    lowering_.clipped[{func_.name, access, d}] = variable_.name;
    return 1;
  }

  // Outside, the term must be left out, or be the identity whatever the other factors are: 0 * x is not 0 for all floats.
  void check_absent(const Expr& access) const {
    if (access->boundary == Boundary::none) return;
    for (int c = 0; c < func_.components(); ++c) {
      const auto component = static_cast<size_t>(c);
      Expr term = access->boundary == Boundary::constant ? transform(func_.values[component], [&](const Expr& e) {
        return e == access ? access->boundary_value : e;
      }) : Expr();
      if (term.defined() && folded(term) == func_.combiner->identity[component]) continue;
      refuse(print(access), fmt::format("outside none: a term that is left out; here it would be {}, which is not the identity {} for all values",
                                        term.defined() ? print(term) : "the nearest element's", print(func_.combiner->identity[component])),
             "read with 'outside none' in the algorithm");
    }
  }

  // 0 * x of integers is 0.
  static Expr folded(const Expr& term) {
    return simplify(transform(term, [](const Expr& e) {
      const bool product = e.is_op(Op::mul) && is_integer(e.type().dtype) && (is_zero(e.arg(0)) || is_zero(e.arg(1)));
      return product ? make_constant(e.type().dtype, 0) : e;
    }));
  }

  Lowering& lowering_;
  const FuncContents& func_;
  const Directive& directive_;
  const ReductionVar& variable_;
};

}  // namespace

void clip_reduction(Lowering& lowering, const FuncContents& func, const Directive& d) {
  for (const std::string& name : d.loops) {
    auto variable = std::find_if(func.rvars.begin(), func.rvars.end(), [&](const ReductionVar& r) { return r.name == name; });
    if (variable == func.rvars.end()) {
      std::vector<std::string> names;
      for (const ReductionVar& r : func.rvars) names.push_back(r.name);
      throw Error(ErrorCode::unknown_loop, {"schedule", print(d), fmt::format("{} is no reduction variable of {}", name, func.name),
                                            fmt::format("one of {}", fmt::join(names, ", ")), d.where});
    }
    Clip(lowering, func, d, *variable).run();
  }
}

}  // namespace lathe
