#include "tests/fuzz/constructs.h"

#include <algorithm>

namespace lathe {
namespace {

constexpr std::string_view names[] = {
#define LATHE_CONSTRUCT(name, scope, text) #name,
#include "tests/fuzz/constructs.def"
#undef LATHE_CONSTRUCT
};

class Finder {
 public:
  Finder(const Operator& op, const FuncContents& func) : op_(op), func_(func) {}

  Constructs run() {
    operator_wide();
    shape();
    combiner();
    for_each_value(func_, [&](const Expr& v) { value(v); });
    for (const Update& u : func_.updates) update(u);
    return found_;
  }

 private:
  void add(Construct c, bool when = true) { found_[static_cast<size_t>(c)] = found_[static_cast<size_t>(c)] || when; }

  void operator_wide() {
    add(Construct::several_outputs, op_.outputs.size() > 1);
    add(Construct::strict, op_.strict);
    for (const ParamDecl& p : op_.params) add(Construct::run_time_param, !p.is_static);
    for (const SizeDecl& s : op_.sizes) {
      add(Construct::size_range, s.lowest != SizeDecl{}.lowest || s.highest != SizeDecl{}.highest);
      add(Construct::size_multiple, s.multiple_of > 1);
    }
    for (const InputDecl& in : op_.inputs) {
      for (const Expr& e : in.extents) add(Construct::computed_extent, e.kind() == ExprKind::op);
    }
  }

  void shape() {
    static constexpr Construct ranks[] = {Construct::rank_0, Construct::rank_1, Construct::rank_2, Construct::rank_3, Construct::rank_4};
    if (func_.vars.size() < std::size(ranks)) add(ranks[func_.vars.size()]);
    const bool is_output = op_.find_output(func_.name) != nullptr;
    add(is_output ? Construct::output : Construct::intermediate);
    add(Construct::tuple, func_.components() > 1);
    add(Construct::wide_domain, func_.rvars.size() > 1);
    add(Construct::pure_func, !func_.is_reduction());
    add(Construct::inner_reduction, func_.is_reduction() && func_.name.find('.') != std::string::npos);
  }

  void combiner() {
    if (!func_.is_reduction()) return;
    static constexpr std::pair<std::string_view, Construct> builtin[] = {
        {"sum", Construct::sum}, {"prod", Construct::prod}, {"min", Construct::min},
        {"max", Construct::max}, {"min_number", Construct::min_number}, {"max_number", Construct::max_number}};
    for (const auto& [name, construct] : builtin) {
      std::vector<DType> types;
      for (int c = 0; c < func_.components(); ++c) types.push_back(func_.dtype(c));
      if (func_.combiner->name == name && *func_.combiner == *builtin_combiner(func_.combiner->name, types)) return add(construct);
    }
    add(Construct::user_combiner);
  }

  void value(const Expr& v) {
    visit(v, [&](const Expr& e) {
      if (e.kind() == ExprKind::access) read(e);
      add(Construct::select, e.is_op(Op::select));
      add(Construct::conversion, e.kind() == ExprKind::cast);
    });
    look_for_indices(v);
  }

  // Of arithmetic outside of reads.
  void look_for_indices(const Expr& e) {
    if (e.kind() == ExprKind::access) return;
    add(Construct::index_as_value, e.kind() == ExprKind::var && is_index(e->name));
    for_each_child(e, [&](const Expr& child) { look_for_indices(child); });
  }

  bool is_index(const std::string& name) const {
    if (std::find(func_.vars.begin(), func_.vars.end(), name) != func_.vars.end()) return true;
    const auto runs = [&](const std::vector<ReductionVar>& list) {
      return std::any_of(list.begin(), list.end(), [&](const ReductionVar& r) { return r.name == name; });
    };
    return runs(func_.rvars) || std::any_of(func_.updates.begin(), func_.updates.end(), [&](const Update& u) { return runs(u.rvars); });
  }

  void read(const Expr& e) {
    add(Construct::reads_func, op_.find_func(e->name) && e->name != func_.name);
    if (op_.find_input(e->name)) {
      switch (e->boundary) {
        case Boundary::inside: add(Construct::read_inside); break;
        case Boundary::constant: add(Construct::outside_value); break;
        case Boundary::edge: add(Construct::outside_edge); break;
        case Boundary::mirror: add(Construct::outside_mirror); break;
        case Boundary::wrap: add(Construct::outside_wrap); break;
        case Boundary::none: add(Construct::outside_none); break;
      }
    }
    for (const Expr& index : e.args()) this->index(index);
  }

  int variables_in(const Expr& e) const {
    std::vector<std::string> seen;
    visit(e, [&](const Expr& part) {
      if (part.kind() != ExprKind::var || !is_index(part->name)) return;
      if (std::find(seen.begin(), seen.end(), part->name) == seen.end()) seen.push_back(part->name);
    });
    return static_cast<int>(seen.size());
  }

  void index(const Expr& e) {
    const int variables = variables_in(e);
    bool data = false;
    visit(e, [&](const Expr& part) {
      data = data || part.kind() == ExprKind::access;
      if (part.kind() != ExprKind::op || variables_in(part) == 0) return;
      switch (part->op) {
        case Op::add: add(variables_in(part.arg(0)) && variables_in(part.arg(1)) ? Construct::joined_index : Construct::shifted_index); break;
        case Op::sub: add(variables_in(part.arg(1)) ? Construct::turned_index : Construct::shifted_index); break;
        case Op::mul: add(Construct::strided_index); break;
        case Op::div: add(Construct::divided_index); break;
        case Op::mod: add(Construct::modulo_index); break;
        case Op::min: case Op::max: add(Construct::clamped_index); break;
        case Op::select: add(Construct::chosen_index); break;
        default: break;
      }
    });
    add(Construct::data_index, data);
    add(Construct::fixed_index, variables == 0 && !data);
  }

  void update(const Update& u) {
    add(Construct::update);
    for (size_t d = 0; d < u.indices.size(); ++d) {
      add(Construct::free_index, u.indices[d] == make_var(func_.vars[d]));
      visit(u.indices[d], [&](const Expr& e) { add(Construct::written_at_data, e.kind() == ExprKind::access); });
    }
    for (const Expr& v : u.values) {
      visit(v, [&](const Expr& e) { add(Construct::update_of_itself, e.kind() == ExprKind::access && e->name == func_.name); });
    }
  }

  const Operator& op_;
  const FuncContents& func_;
  Constructs found_;
};

}  // namespace

std::string_view name_of(Construct construct) { return names[static_cast<size_t>(construct)]; }

Constructs constructs_of(const Operator& op, const FuncContents& func) { return Finder(op, func).run(); }

Constructs constructs_of(const Operator& op) {
  Constructs found;
  for (const FuncContents& f : op.funcs) found |= constructs_of(op, f);
  return found;
}

}  // namespace lathe
