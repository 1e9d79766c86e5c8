#include "jit/lower/attachments.h"

#include <fmt/format.h>

#include <algorithm>

#include "schedules/text.h"

namespace lathe {

std::vector<const FuncContents*> epilogues_of(const Lowering& lowering, const std::string& name) {
  auto it = lowering.epilogues.find(name);
  return it == lowering.epilogues.end() ? std::vector<const FuncContents*>{} : it->second;
}

namespace {

// The innermost loop around a whole block of the reduction: epilogues run inside it, but inside no further one.
int accumulator_level(const Lowering& lowering, const Nest& nest) {
  if (auto asked = lowering.register_loop.find(nest.func->name); asked != lowering.register_loop.end()) {
    return nest.position(asked->second);
  }
  int first = 0;
  while (first < static_cast<int>(nest.loops.size()) && !nest.loops[first].reduction) ++first;
  return first - 1;
}

// A value is gone once the result that takes its place is stored: whoever else reads it runs before, in the same iteration.
void check_shared_place(const Lowering& lowering, const Nest& nest, const Attachment& a, const Directive& d) {
  if (a.consumer != d.target) {
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is computed in loops of {}", a.func->name, a.consumer), fmt::format("compute_at a loop of {}", d.target));
  }
  if (a.store_loop != a.compute_loop || a.slide || !a.fold.empty()) {
    refuse(ErrorCode::illegal_schedule, d, "values that are kept between iterations", "storage for one iteration: no store_at, fold_storage or slide");
  }
  for (int i = 0; i <= nest.position(a.compute_loop); ++i) {
    if (nest.loops[i].kind != ir::LoopKind::vector) continue;
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} around it is vectorized", nest.loops[i].name),
           "loops around it without lanes: those beyond the end have no place");
  }
  for (const Attachment& other : lowering.attachments) {
    if (other.func == a.func || other.consumer != a.consumer || other.compute_loop == a.compute_loop || !reads(*other.func, a.func->name)) continue;
    refuse(ErrorCode::illegal_schedule, d, fmt::format("{} reads it in loop {}", other.func->name, other.compute_loop),
           fmt::format("readers that are computed at {}, before results take its place", a.compute_loop));
  }
  for (const auto& [func, before] : lowering.stored_with) {
    if (func != a.func->name && before.target == d.target) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} beside it", print(before)), "one Func in the places of another");
  }
}

}  // namespace

// Everyone who reads an attached Func must stand inside its loop; values kept between iterations need them in order.
void check_attachments(const Lowering& lowering, const DirectiveChecks& checks) {
  for (const Attachment& a : lowering.attachments) {
    Nest nest = build_nest(*lowering.op.find_func(a.consumer), lowering.directives);
    int at = nest.position(a.compute_loop), kept = nest.position(a.store_loop);
    auto fail = [&](std::string what, std::string got, std::string need, const SourceLocation& where) {
      throw Error(ErrorCode::illegal_schedule, {"schedule", std::move(what), std::move(got), std::move(need), where});
    };
    std::string what = fmt::format("{}.compute_at({}, {})", a.func->name, a.consumer, a.compute_loop);
    for (const FuncPart& part : parts_of(*lowering.op.find_func(a.consumer))) {
      if (part.update && reads(part.loops, a.func->name)) {
        fail(what, fmt::format("{} reads it outside of that loop", part.loops.name), "every consumer inside it", a.where);
      }
    }
    for (const FuncContents& f : lowering.op.funcs) {
      if (!reads(f, a.func->name) || f.name == a.consumer) continue;
      bool covered = false;
      for (const Attachment& other : lowering.attachments) {
        covered = covered || (other.func->name == f.name && other.consumer == a.consumer &&
                              nest.position(other.compute_loop) >= at);
      }
      for (const FuncContents* e : epilogues_of(lowering, a.consumer)) {
        covered = covered || (e->name == f.name && at <= accumulator_level(lowering, nest));
      }
      if (!covered) fail(what, fmt::format("{} reads it outside of that loop", f.name), "every consumer inside it", a.where);
    }
    what = fmt::format("{}.store_at({}, {})", a.func->name, a.consumer, a.store_loop);
    if (kept > at) {
      fail(what, fmt::format("computed at {}, outside of {}", a.compute_loop, a.store_loop),
           "storage at or outside of the loop of compute_at", a.store_where);
    }
    if (auto with = lowering.stored_with.find(a.func->name); with != lowering.stored_with.end())
      check_shared_place(lowering, nest, a, with->second);
    if (a.slide) checks.check_window(*a.slide, nest, kept, at, !a.fold.empty());
    for (int i = kept + 1; i <= at; ++i) {
      if (nest.loops[i].kind != ir::LoopKind::serial) {
        fail(what, fmt::format("{} is not serial", nest.loops[i].name),
             "serial loops between storage and computation: values are kept between iterations", a.store_where);
      }
    }
  }
}

// Producers that share a loop are computed one after another, those that others read first, however they were listed. A
// Func with epilogues stands where the last of them would: they run with it.
void order_attachments(Lowering& lowering) {
  auto rank = [&](const Attachment& a) {
    const FuncContents* last = a.func;
    for (const FuncContents* e : epilogues_of(lowering, a.func->name)) last = std::max(last, e);
    return last;                                          // all are elements of op.funcs, producers first
  };
  std::stable_sort(lowering.attachments.begin(), lowering.attachments.end(),
                   [&](const Attachment& a, const Attachment& b) { return rank(a) < rank(b); });
}

}  // namespace lathe
