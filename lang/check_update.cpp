// What holds for an update definition. Its free indices make it many updates beside each other, one for each of their
// values, which nothing connects: so every read of the Func itself has the free indices where the left side has them.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check_func.h"
#include "lang/text.h"

namespace lathe {

void check_update_parts(const FuncContents& f, const Update& u) {
  const auto defined = [](const Expr& e) { return e.defined(); };
  const bool whole = std::all_of(u.values.begin(), u.values.end(), defined) &&
                     std::all_of(u.indices.begin(), u.indices.end(), defined);
  if (!whole) refuse(ErrorCode::bad_definition, fmt::format("an update of {}", f.name), "an empty expression", "a value", u.where);
  if (f.combiner) {
    refuse(ErrorCode::bad_definition, fmt::format("{} is a reduction and has an update", f.name), f.combiner->name,
           "a pure definition before the update", u.where, "give the reduction a Func of its own");
  }
  if (u.rvars.empty()) {
    refuse(ErrorCode::bad_definition, fmt::format("an update of {}", f.name), "no domain", "a domain of one variable or more",
           u.where);
  }
  if (u.indices.size() != f.vars.size()) {
    refuse(ErrorCode::wrong_rank, fmt::format("an update of {}", f.name), fmt::format("{} indices", u.indices.size()),
           fmt::format("{}, as its definition has", f.vars.size()), u.where);
  }
  if (u.values.size() != f.values.size()) {
    refuse(ErrorCode::type_mismatch, fmt::format("an update of {}", f.name), fmt::format("{} values", u.values.size()),
           fmt::format("{}, as its definition has", f.values.size()), u.where);
  }
  for (const Expr& e : u.values) {
    visit(e, [&](const Expr& node) {
      if (node.kind() != ExprKind::reduce) return;
      refuse(ErrorCode::bad_definition, fmt::format("an update of {} holds a reduction", f.name), node->combiner->name,
             "a value without one", node->where.known() ? node->where : u.where, "give the reduction a Func of its own");
    });
  }
}

void FuncChecker::update(const FuncContents& f, const FuncPart& stage) {
  const Update& u = *stage.update;
  const std::vector<std::string>& free = stage.loops.vars;
  names_ = globals_;
  for (const std::string& v : f.vars) names_[v] = Type{};
  for (const ReductionVar& r : u.rvars) {
    check_extent(op_, r.extent, fmt::format("the extent of {} in an update of {}", r.name, f.name), u.where);
    names_[r.name] = Type{};
  }
  const std::vector<std::string> others = parts_of(f)[1].loops.vars;
  if (free != others) {
    refuse(ErrorCode::bad_definition, fmt::format("the updates of {} leave different indices free", f.name),
           fmt::format("[{}]", joined(free, ", ")), fmt::format("[{}], as the first", joined(others, ", ")), u.where,
           "put the other index into the domain");
  }
  for (size_t c = 0; c < u.values.size(); ++c) {
    if (u.values[c].type() == f.values[c].type()) continue;
    refuse(ErrorCode::type_mismatch, fmt::format("an update changes the type of {}", f.name), to_string(u.values[c].type()),
           to_string(f.values[c].type()), u.values[c]->where.known() ? u.values[c]->where : u.where);
  }
  for (const Expr& index : u.indices) {
    if (index.type() == Type{}) continue;
    refuse(ErrorCode::type_mismatch, fmt::format("an update indexes {}", f.name), to_string(index.type()), "i64", u.where,
           is_integer(index.type().dtype) ? "write i64(...)" : "");
  }
  update_ = &stage;
  for (const Expr& value : stage.loops.values) {
    visit(value, [&](const Expr& e) {
      node(f, e);
      const SourceLocation& where = e->where.known() ? e->where : u.where;
      const bool own = e.kind() == ExprKind::var && std::find(f.vars.begin(), f.vars.end(), e->name) != f.vars.end();
      if (own && std::find(free.begin(), free.end(), e->name) == free.end()) {
        refuse(ErrorCode::bad_definition, fmt::format("an update of {} uses {}", f.name, e->name), print(e),
               fmt::format("{} as an index on its left side, where the definition has it", e->name), where);
      }
      if (e.kind() != ExprKind::access || e->name != f.name) return;
      for (size_t d = 0; d < f.vars.size(); ++d) {
        const bool stays_free = u.indices[d] == make_var(f.vars[d]);
        if (!stays_free || e.arg(d) == u.indices[d]) continue;
        refuse(ErrorCode::bad_definition, fmt::format("an update of {} reads it at another {}", f.name, f.vars[d]),
               print(e), fmt::format("index {} to be {}", d, f.vars[d]), where,
               fmt::format("put {} into the domain: over {} < ...", f.vars[d], f.vars[d]));
      }
    });
  }
  update_ = nullptr;
}

}  // namespace lathe
