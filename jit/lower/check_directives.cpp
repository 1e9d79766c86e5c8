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

size_t index_named(const Directive& d, const FuncContents& func) {
  const auto found = std::find(func.vars.begin(), func.vars.end(), d.loops.at(0));
  if (found == func.vars.end()) refuse(ErrorCode::unknown_loop, d, d.loops[0], fmt::format("an index of {}: {}", func.name, fmt::join(func.vars, ", ")));
  return static_cast<size_t>(found - func.vars.begin());
}

namespace {

using K = DirectiveKind;

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  const std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("did you mean {}?", near);
}

// How storage lies in memory. What stays in registers inside of a loop is another matter.
bool is_form_of_storage(const Directive& d) {
  return d.kind == K::pitch || d.kind == K::align || d.kind == K::layout ||
         (d.kind == K::store_in && d.space != "registers");
}

}  // namespace

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
  if (is_copy(d.func)) {
    const bool of_copies = d.kind == K::layout || d.kind == K::with_first || d.kind == K::pitch || d.kind == K::align || d.kind == K::store_in ||
                           d.kind == K::vectorize || d.kind == K::unroll || d.kind == K::parallel || d.kind == K::prefetch;
    if (!of_copies) refuse(ErrorCode::bad_directive, d, fmt::format("{} is a copy", d.func), "layout, with_first, pitch, align, store_in, vectorize, unroll or parallel on a copy");
  } else if (!op_.find_input(d.func)) {
    func(d, d.func);
  }
}

void DirectiveChecks::check_compute_at(const Directive& d) const {
  const FuncContents& f = func(d, d.func);
  if (op_.find_output(f.name)) refuse(ErrorCode::illegal_schedule, d, "an output", "an intermediate Func");
  if (!f.updates.empty()) {
    refuse(ErrorCode::illegal_schedule, d, "a Func with updates", "compute_root: it is computed whole");
  }
  if (d.target == f.name) refuse(ErrorCode::illegal_schedule, d, "a loop of its own", "a loop of a Func that reads it");
}

// Refuses reads of `producer` at other indices than the reader's own.
void DirectiveChecks::check_own_indices(const Directive& d, const FuncContents& reader, const FuncContents& producer) const {
  if (!reads(reader, producer.name)) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} does not read {}", reader.name, producer.name), "a consumer of it");
  }
  for (const Expr& v : reader.values) {
    visit(v, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != producer.name) return;
      bool own = e.args().size() == reader.vars.size();
      for (size_t i = 0; own && i < reader.vars.size(); ++i) own = e.arg(i) == make_var(reader.vars[i]);
      if (!own) {
        refuse(ErrorCode::illegal_schedule, d, fmt::format("{} reads {}", reader.name, print(e)),
               fmt::format("reads of {} at the indices of {} only", producer.name, reader.name));
      }
    });
  }
}

void DirectiveChecks::check_epilogue(const Directive& d) const {
  const FuncContents &f = func(d, d.func), &producer = func(d, d.target);
  if (f.is_reduction()) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is a reduction", f.name), "a pure Func");
  if (!f.updates.empty()) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} has updates", f.name), "a pure Func");
  if (!producer.is_reduction()) {
    refuse(ErrorCode::bad_directive, d, fmt::format("{} is pure", producer.name), "an epilogue of a reduction",
           "a pure producer can be inlined");
  }
  check_own_indices(d, f, producer);
  const OutputDecl *mine = op_.find_output(f.name), *theirs = op_.find_output(producer.name);
  if (!mine || !theirs || mine->extents == theirs->extents) return;
  const auto text = [](const OutputDecl& out) {
    std::vector<std::string> extents;
    for (const Expr& e : out.extents) extents.push_back(print(e));
    return fmt::format("{}[{}]", out.func, fmt::join(extents, ", "));
  };
  refuse(ErrorCode::illegal_schedule, d, fmt::format("{} and {}", text(*mine), text(*theirs)), "outputs of equal extents");
}

// One loop moves the window, and places in it are constant: registers have no addresses.
void DirectiveChecks::check_window(const Directive& d, const Nest& consumer, int stored, int computed, bool is_ring) const {
  if (computed - stored != 1) {
    refuse(ErrorCode::illegal_schedule, d, computed == stored ? "stored and computed in one loop" : "several loops between storage and computation",
           "store_at the loop right outside of that of compute_at");
  }
  if (is_ring) refuse(ErrorCode::bad_directive, d, "fold_storage beside it", "a ring in memory or a window in registers");
  for (const Directive& other : directives_) {
    const bool form = is_form_of_storage(other) || other.kind == K::trace;
    if (form && other.func == d.func) refuse(ErrorCode::bad_directive, other, fmt::format("{} lives in registers by {}", d.func, print(d)), "storage in memory");
  }
  for (const FuncContents& f : op_.funcs) {
    if (f.name != consumer.func->name && reads(f, d.func)) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} reads it too", f.name), fmt::format("no reader but {}", consumer.func->name));
  }
  for (size_t i = static_cast<size_t>(computed) + 1; i < consumer.loops.size(); ++i) {
    const Loop& loop = consumer.loops[i];
    if (loop.constant()) continue;
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} inside {} is neither vectorized nor unrolled", loop.name, consumer.loops[static_cast<size_t>(computed)].name),
           "constant places in the window", fmt::format("unroll({0}), or move {0} outside", loop.name));
  }
  const Nest own = build_nest(func(d, d.func), directives_);
  for (const Split& split : own.splits) {
    if (split.kind != Split::Kind::factor || split.even || !is_integer_constant(split.factor)) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is cut into uneven blocks", split.parent), "splits by numbers");
  }
  for (const Loop& loop : own.loops) {
    const bool plain = loop.kind != ir::LoopKind::parallel && !loop.peel_first.defined() && own.fusions.empty();
    if (!plain) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} of {} is parallel, fused or peeled", loop.name, d.func), "straight code");
  }
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

// Each value is read for the last time when the result that takes its place is made.
void DirectiveChecks::check_store_with(const Directive& d) const {
  const FuncContents &f = func(d, d.func), &reader = func(d, d.target);
  if (reader.is_reduction() || !reader.updates.empty()) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is {}", reader.name, reader.is_reduction() ? "a reduction" : "changed by updates"), "results that are stored once, by a pure Func");
  }
  if (f.components() != 1 || reader.components() != 1) refuse(ErrorCode::illegal_schedule, d, "values of several components", "one component each");
  if (f.dtype(0) != reader.dtype(0)) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} of {}, {} of {}", name_of(f.dtype(0)), f.name, name_of(reader.dtype(0)), reader.name), "values of one type");
  }
  check_own_indices(d, reader, f);
  if (const OutputDecl* output = op_.find_output(reader.name); output && !output->in.empty()) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is in the place of {}", reader.name, output->in), "results with a place of their own");
  }
  bool placed = false;
  for (const Directive& other : directives_) {
    placed = placed || (other.kind == K::compute_at && other.func == f.name);
    if (is_form_of_storage(other) && other.func == f.name)
      refuse(ErrorCode::bad_directive, other, fmt::format("{} has no storage of its own by {}", f.name, print(d)),
             "one of the two");
    if (other.kind == K::epilogue_of && other.func == reader.name) {
      refuse(ErrorCode::illegal_schedule, d, fmt::format("{} completes {}", reader.name, other.target), "a Func with loops of its own");
    }
    if ((other.kind == K::slide || other.kind == K::fold_storage) && other.func == reader.name) {
      refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is stored in a window by {}", reader.name, print(other)), "results that keep their places");
    }
  }
  if (!placed) refuse(ErrorCode::bad_directive, d, fmt::format("{} is computed in no loop", f.name), fmt::format("compute_at a loop of {} beside it", reader.name));
}

void DirectiveChecks::check_trace(const Directive& d) const {
  const FuncContents& f = func(d, d.func);
  if (d.point.size() == f.vars.size()) return;
  refuse(ErrorCode::bad_directive, d, fmt::format("{} indices", d.point.size()), fmt::format("{}, one for each of {}", f.vars.size(), fmt::join(f.vars, ", ")));
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
  bool found = d.func == d.target;                          // what it writes
  std::vector<Expr> values = func(d, d.target).values;
  for (const Directive& other : directives_) {
    if (other.kind != K::epilogue_of || other.target != d.target) continue;
    found = found || other.func == d.func;
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
    refuse(ErrorCode::bad_directive, d, fmt::format("{} neither reads nor writes {}", d.target, d.func), "what the consumer reads, or itself");
  }
}

}  // namespace lathe
