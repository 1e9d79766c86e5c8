#include "jit/lower/check_directives.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "jit/lower/nest.h"
#include "schedules/text.h"

namespace lathe {

void refuse(ErrorCode code, const Directive& d, std::string got, std::string need, std::string hint) {
  throw Error(code, {"schedule", print(d), std::move(got), std::move(need), d.where, std::move(hint)});
}

bool reads(const FuncContents& f, const std::string& tensor) {
  bool found = false;
  for_each_value(f, [&](const Expr& v) {
    visit(v, [&](const Expr& e) { found = found || (e.kind() == ExprKind::access && e->name == tensor); });
  });
  return found;
}

namespace {

using K = DirectiveKind;

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  const std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("did you mean {}?", near);
}

// Says where the Func that it stands on is computed.
bool is_place(K kind) {
  return kind == K::compute_inline || kind == K::compute_root || kind == K::compute_at || kind == K::epilogue_of;
}

}  // namespace

// A formula that is written out in each reader grows with every step of a chain: four neighbours of four neighbours of ...
// Beyond so many nodes a Func is computed whole instead.
static constexpr double most_inlined_nodes = 2000;

// Sums, products with numbers, quotients by numbers: the part that is read has known bounds.
static bool is_plain_index(const Expr& e) {
  if (e.kind() == ExprKind::constant || e.kind() == ExprKind::var) return true;
  if (e.kind() != ExprKind::op) return false;
  const bool scales = e.is_op(Op::mul) || e.is_op(Op::div) || e.is_op(Op::mod);
  if (scales && e.arg(1).kind() != ExprKind::constant && !(e.is_op(Op::mul) && e.arg(0).kind() == ExprKind::constant)) return false;
  if (!scales && !e.is_op(Op::add) && !e.is_op(Op::sub) && !e.is_op(Op::min) && !e.is_op(Op::max)) return false;
  return std::all_of(e.args().begin(), e.args().end(), is_plain_index);
}

// How large the values become with these Funcs written out in place of their reads.
static double nodes_of(const Expr& e, const std::map<std::string, double>& inlined) {
  double nodes = 1;
  if (e.kind() == ExprKind::access) {
    if (const auto f = inlined.find(e->name); f != inlined.end()) nodes = f->second;
  }
  for_each_child(e, [&](const Expr& child) { nodes += nodes_of(child, inlined); });
  return nodes;
}

static bool plainly_read(const Operator& op, const std::string& func) {
  bool plain = true;
  for (const FuncContents& f : op.funcs) {
    for_each_value(f, [&](const Expr& value) {
      visit(value, [&](const Expr& e) {
        if (e.kind() == ExprKind::access && e->name == func) plain = plain && std::all_of(e.args().begin(), e.args().end(), is_plain_index);
      });
    });
  }
  return plain;
}

std::vector<std::string> funcs_to_inline(const Operator& op, const std::vector<Directive>& directives) {
  std::vector<std::string> names;
  std::map<std::string, double> inlined_nodes;
  for (const FuncContents& f : op.funcs) {
    const Directive* place = nullptr;
    const Directive* other = nullptr;
    for (const Directive& d : directives) {
      if (d.func != f.name) continue;
      if (!is_place(d.kind)) {
        if (!other) other = &d;
        continue;
      }
      if (place) refuse(ErrorCode::bad_directive, d, fmt::format("{} before it", print(*place)), "one place of each Func");
      place = &d;
    }
    const bool inlined = place && place->kind == K::compute_inline;
    const bool stored = op.find_output(f.name) || f.is_reduction() || !f.updates.empty();
    if (inlined && stored) {
      refuse(ErrorCode::illegal_schedule, *place,
             f.is_reduction() ? "a reduction" : op.find_output(f.name) ? "an output" : "a Func with updates",
             "a pure intermediate Func");
    }
    if (inlined && other) {
      refuse(ErrorCode::bad_directive, *other, fmt::format("{} is inlined", f.name), "a Func that has loops",
             fmt::format("leave out {}", print(*place)));
    }
    if (stored || !(inlined || (!place && !other))) continue;
    double nodes = 0;
    for (const Expr& value : f.values) nodes = std::max(nodes, nodes_of(value, inlined_nodes));
    if (!inlined && nodes > most_inlined_nodes && plainly_read(op, f.name)) continue;
    inlined_nodes[f.name] = nodes;
    names.push_back(f.name);
  }
  return names;
}

const FuncContents& DirectiveChecks::func(const Directive& d, const std::string& name) const {
  if (const FuncContents* f = op_.find_func(name)) return *f;
  std::vector<std::string> names;
  for (const FuncContents& f : op_.funcs) names.push_back(f.name);
  refuse(ErrorCode::unknown_loop, d, fmt::format("{} is inlined", name),
         fmt::format("a Func that has loops: {}", fmt::join(names, ", ")));
}

std::string DirectiveChecks::loop_of(const Directive& d, const FuncContents& f, const std::string& name) const {
  const Nest nest = build_nest(f, directives_);
  if (nest.find(name)) return name;
  std::vector<std::string> names;
  for (const Loop& l : nest.loops) names.push_back(l.name);
  refuse(ErrorCode::unknown_loop, d, fmt::format("{} has no loop {}", f.name, name),
         fmt::format("one of {}", fmt::join(names, ", ")), did_you_mean(name, names));
}

bool DirectiveChecks::is_update(const std::string& name) const {
  for (const FuncContents& f : op_.funcs) {
    if (f.updates.empty()) continue;
    for (const FuncPart& part : parts_of(f)) if (part.update && part.loops.name == name) return true;
  }
  return false;
}

bool DirectiveChecks::is_copy(const std::string& name) const {
  return std::any_of(directives_.begin(), directives_.end(),
                     [&](const Directive& d) { return d.kind == K::stage_at && !name.empty() && d.name == name; });
}

// Directives on loops stand on what has loops, after inlining.
void DirectiveChecks::check_stage(const Directive& d) const {
  if (d.kind == K::compute_inline) return;
  if (is_update(d.func)) {
    // Points of an update's domain come one after another; what may be chosen is how its free indices run.
    const bool loops = d.kind == K::split || d.kind == K::reorder || d.kind == K::parallel || d.kind == K::vectorize ||
                       d.kind == K::unroll;
    if (!loops) refuse(ErrorCode::illegal_schedule, d, "an update", "split, reorder, parallel, vectorize or unroll on an update");
    return;
  }
  if (!is_copy(d.func) && !op_.find_input(d.func)) func(d, d.func);
}

void DirectiveChecks::check_compute_at(const Directive& d) const {
  const FuncContents& f = func(d, d.func);
  if (op_.find_output(f.name)) refuse(ErrorCode::illegal_schedule, d, "an output", "an intermediate Func");
  if (!f.updates.empty()) {
    refuse(ErrorCode::illegal_schedule, d, "a Func with updates", "compute_root: it is computed whole");
  }
  if (d.target == f.name) refuse(ErrorCode::illegal_schedule, d, "a loop of its own", "a loop of a Func that reads it");
}

void DirectiveChecks::check_epilogue(const Directive& d) const {
  const FuncContents &f = func(d, d.func), &producer = func(d, d.target);
  if (f.is_reduction()) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is a reduction", f.name), "a pure Func");
  if (!f.updates.empty()) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} has updates", f.name), "a pure Func");
  if (!producer.is_reduction()) {
    refuse(ErrorCode::bad_directive, d, fmt::format("{} is pure", producer.name), "an epilogue of a reduction",
           "a pure producer can be inlined");
  }
  if (!reads(f, producer.name)) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} does not read {}", f.name, producer.name), "a consumer of it");
  }
  for (const Expr& v : f.values) {
    visit(v, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != producer.name) return;
      bool own = e.args().size() == f.vars.size();
      for (size_t i = 0; own && i < f.vars.size(); ++i) own = e.arg(i) == make_var(f.vars[i]);
      if (!own) {
        refuse(ErrorCode::illegal_schedule, d, fmt::format("{} reads {}", f.name, print(e)),
               fmt::format("reads of {} at the indices of {} only", producer.name, f.name));
      }
    });
  }
  const OutputDecl *mine = op_.find_output(f.name), *theirs = op_.find_output(producer.name);
  if (!mine || !theirs || mine->extents == theirs->extents) return;
  const auto text = [](const OutputDecl& out) {
    std::vector<std::string> extents;
    for (const Expr& e : out.extents) extents.push_back(print(e));
    return fmt::format("{}[{}]", out.func, fmt::join(extents, ", "));
  };
  refuse(ErrorCode::illegal_schedule, d, fmt::format("{} and {}", text(*mine), text(*theirs)), "outputs of equal extents");
}

void DirectiveChecks::check_store_in(const Directive& d) const {
  const bool registers = d.space == "registers";
  if (registers && d.loops.empty()) {
    refuse(ErrorCode::bad_directive, d, "registers without a loop", std::string(info_of(d.kind).signature),
           "at = l: what one iteration of l touches stays in registers");
  }
  if (!registers && !d.loops.empty()) {
    refuse(ErrorCode::bad_directive, d, fmt::format("{} at a loop", d.space), "registers, for what stays in a loop");
  }
  if (!registers) return;
  if (!func(d, d.func).is_reduction()) refuse(ErrorCode::bad_directive, d, "a pure Func", "a reduction");
  loop_of(d, func(d, d.func), d.loops[0]);
}

void DirectiveChecks::check_stage_at(const Directive& d) const {
  const FuncContents& consumer = func(d, d.target);
  loop_of(d, consumer, d.loops.at(0));
  if (!op_.find_input(d.func)) {
    refuse(ErrorCode::bad_directive, d, fmt::format("{} is a Func", d.func), "an input", "compute_at places a Func");
  }
  for (const Directive& before : directives_) {
    if (&before == &d) return;
    if (before.kind == K::stage_at && before.func == d.func && before.target == d.target) {
      refuse(ErrorCode::bad_directive, d, fmt::format("{} before it", print(before)), "one copy for each consumer");
    }
  }
}

// The place of an element ahead is computed without reading anything.
void DirectiveChecks::check_prefetch(const Directive& d) const {
  bool found = false;
  std::vector<Expr> values = func(d, d.target).values;
  for (const Directive& other : directives_) {
    if (other.kind != K::epilogue_of || other.target != d.target) continue;
    for (const Expr& v : func(other, other.func).values) values.push_back(v);
  }
  for (const Expr& v : values) {
    visit(v, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != d.func) return;
      found = true;
      for (const Expr& index : e.args()) {
        bool depends = false;
        visit(index, [&](const Expr& part) { depends = depends || part.kind() == ExprKind::access; });
        if (depends) refuse(ErrorCode::illegal_schedule, d, print(e), "reads at indices that do not depend on data");
      }
    });
  }
  if (!found) {
    refuse(ErrorCode::bad_directive, d, fmt::format("{} does not read {}", d.target, d.func), "what the consumer reads");
  }
}

}  // namespace lathe
