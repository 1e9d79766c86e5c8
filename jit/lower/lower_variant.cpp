// One variant: which Funcs are inlined, stored, fused or computed inside another's loops, and in which order the nests
// stand.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "jit/lower/attachments.h"
#include "jit/lower/check_directives.h"
#include "jit/lower/inline_funcs.h"
#include "jit/lower/clip_reduction.h"
#include "jit/lower/kept_points.h"
#include "jit/lower/lets.h"
#include "jit/lower/match_instruction.h"
#include "jit/lower/nest_emitter.h"
#include "jit/lower/root_regions.h"
#include "jit/lower/split_choices.h"
#include "jit/lower/trace.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {

using ir::Stmt;

std::string Lowering::fresh(const std::string& name) {
  int count = names_used[name]++;
  if (count == 0) return name;
  std::string numbered = fmt::format("{}_{}", name, count);
  return names_used.count(numbered) ? fresh(name) : (names_used[numbered] = 1, numbered);
}

namespace {

// Reads the directives that say where a Func lives, checks them, and writes the nests.
class VariantLowering {
 public:
  VariantLowering(const View& view, const std::vector<Directive>& directives, const Target& target, const Facts& facts,
                  bool in_little_code)
      : op_(inline_funcs(view.op, funcs_to_inline(view.op, directives, in_little_code))),
        lowering_{op_, target, directives, facts},
        checks_(op_, lowering_.directives) {
    lowering_.granule = view.granule;
    lowering_.ranges = view.ranges;
    lowering_.layouts = view.layouts;
    lowering_.cuts_at_borders = !in_little_code;
    reserve_names();
    for (const Directive& d : lowering_.directives) checks_.check_stage(d);
    for (const Directive& d : lowering_.directives) place(d);
    for (const Directive& d : lowering_.directives) detail(d);
    check_attachments(lowering_, checks_);
    order_attachments(lowering_);
  }

  Stmt lower(Attempts& attempts) {
    for (const InputDecl& in : op_.inputs) {
      Storage& storage = lowering_.storage[in.name] = argument(in.name, {in.name}, in.extents.size());
      storage.packed = is_packed(in.dtype);
    }
    for (const OutputDecl& out : op_.outputs) {
      const FuncContents& f = *op_.find_func(out.func);
      std::vector<std::string> names;
      for (int c = 0; c < f.components(); ++c) names.push_back(written_argument(op_, f, c));
      lowering_.storage[out.func] = argument(out.func, names, out.extents.size());
    }
    roots_ = root_regions(op_, lowering_.facts);
    drop_unneeded();
    for (const Directive& d : lowering_.directives)
      if (d.kind == DirectiveKind::epilogue_of) check_place_of_epilogue(d);
    Lets lets(lowering_, lowering_.facts);
    for (auto& [func, condition] : lowering_.streamed) condition = lets.named(func + ".streams", condition);
    Stmt s = lets.wrap(nests_from(emission_order(), 0));
    lowering_.check_requirements();
    attempts = std::move(lowering_.attempts);
    return s;
  }

 private:
  // Loop variables must not collide with sizes, parameters, strides or buffers.
  void reserve_names() {
    for (const SizeDecl& s : op_.sizes) lowering_.names_used[s.name] = 1;
    for (const ParamDecl& p : op_.params) lowering_.names_used[p.name] = 1;
    for (const TensorArgument& t : tensor_arguments(op_)) lowering_.names_used[t.name] = 1;
    for (const Directive& d : lowering_.directives) {
      for_each_formula(d, [&](const Expr& value) {
        visit(value, [&](const Expr& e) { if (e.kind() == ExprKind::var) lowering_.names_used[e->name] = 1; });
      });
    }
  }

  void place(const Directive& d) {
    if (d.kind == DirectiveKind::epilogue_of) {
      checks_.check_epilogue(d);
      lowering_.epilogues[d.target].push_back(&checks_.func(d, d.func));
      fused_.insert(d.func);
    } else if (d.kind == DirectiveKind::compute_at) {
      checks_.check_compute_at(d);
      std::string loop = loop_of(d);
      lowering_.attachments.push_back({&checks_.func(d, d.func), d.target, loop, loop, {}, d.where});
      fused_.insert(d.func);
    } else if (d.kind == DirectiveKind::stage_at) {
      checks_.check_stage_at(d);
      lowering_.stagings.push_back({.tensor = d.func, .consumer = d.target, .loop = d.loops.at(0), .name = d.name, .where = d.where});
    } else if (d.kind == DirectiveKind::store_in) {
      checks_.check_store_in(d);
      if (!d.loops.empty()) lowering_.register_loop[d.func] = d.loops[0];
    } else if (d.kind == DirectiveKind::store_with) {
      checks_.check_store_with(d);
      lowering_.stored_with.insert_or_assign(d.func, d);
    } else if (d.kind == DirectiveKind::stream) {
      lowering_.streamed[d.func] = d.value;
    }
  }

  // The consumer's loop that the directive names.
  std::string loop_of(const Directive& d) const { return checks_.loop_of(d, checks_.func(d, d.target), d.loops.at(0)); }

  // The last copy above the directive.
  Staging& staging(const Directive& d) {
    Staging* found = nullptr;
    size_t copy = 0;
    for (const Directive& before : lowering_.directives) {
      if (&before == &d) break;
      if (before.kind != DirectiveKind::stage_at) continue;
      Staging& s = lowering_.stagings[copy++];
      if (s.tensor == d.func || s.name == d.func) found = &s;
    }
    if (found) return *found;
    refuse(ErrorCode::bad_directive, d, fmt::format("{} is not staged", d.func), "stage_at before it");
  }

  Attachment& attachment(const Directive& d) {
    for (Attachment& a : lowering_.attachments) if (a.func->name == d.func) return a;
    refuse(ErrorCode::bad_directive, d, fmt::format("{} is not computed inside a loop", d.func), "compute_at beside it");
  }

  void detail(const Directive& d) {
    switch (d.kind) {
      case DirectiveKind::layout: layout(d); break;
      case DirectiveKind::pitch: form(d).pitches.push_back(d); break;
      case DirectiveKind::align: form(d).align = d; break;
      case DirectiveKind::store_in:
        if (d.space != "registers") form(d).space = d;
        break;
      case DirectiveKind::with_first:
        staging(d).first_loop = d.loops.at(0);
        staging(d).first_where = d.where;
        break;
      case DirectiveKind::store_at: store_at(d); break;
      case DirectiveKind::fold_storage: fold_storage(d); break;
      case DirectiveKind::slide: slide(d); break;
      case DirectiveKind::prefetch:
        checks_.check_prefetch(d);
        lowering_.prefetches.push_back({d.func, d.target, loop_of(d), d.value});
        break;
      case DirectiveKind::table_at: {
        const std::string loop = loop_of(d);
        lowering_.tables.push_back({d.func, d.target, loop, d.where});
        break;
      }
      case DirectiveKind::tensorize:
        checks_.loop_of(d, checks_.func(d, d.func), d.loops.at(0));
        match_instruction(lowering_, checks_.func(d, d.func), d);
        break;
      case DirectiveKind::trace: checks_.check_trace(d); break;
      case DirectiveKind::require: break;        // looked up when all bodies are written
      case DirectiveKind::clip: clip_reduction(lowering_, checks_.func(d, d.func), d); break;
      default: break;
    }
  }

  // Of a copy, in the names of loops; of a Func's own storage, in those of its indices. Arguments have theirs already.
  void layout(const Directive& d) {
    const FuncContents* f = op_.find_func(d.func);
    if (!f || op_.find_output(d.func)) {
      Staging& s = staging(d);
      s.layout = d.digits, s.layout_where = d.where;
    } else {
      lowering_.layouts[d.func] = layout_of(d, f->vars);
    }
  }

  StorageForm& form(const Directive& d) {
    if (!op_.find_func(d.func)) return staging(d).form;
    if (op_.find_output(d.func)) refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is an output, in the caller's storage", d.func), "an intermediate Func or a copy");
    return lowering_.forms[d.func];
  }

  void store_at(const Directive& d) {
    Attachment& a = attachment(d);
    if (a.consumer != d.target) {
      refuse(ErrorCode::illegal_schedule, d, fmt::format("{} is computed in loops of {}", d.func, a.consumer),
             fmt::format("a loop of {}", a.consumer));
    }
    a.store_loop = loop_of(d);
    a.store_where = d.where;
  }

  void fold_storage(const Directive& d) {
    Attachment& a = attachment(d);
    index_named(d, *a.func);
    a.fold[d.loops.at(0)] = d.value;
    a.fold_where = d.where;
  }

  void slide(const Directive& d) {
    Attachment& a = attachment(d);
    index_named(d, *a.func);
    if (a.slide) refuse(ErrorCode::bad_directive, d, fmt::format("{} before it", print(*a.slide)), "a window that moves along one index");
    a.slide = d;
  }

  Storage argument(const std::string& tensor, std::vector<std::string> names, size_t rank) const {
    Storage s;
    s.buffers = std::move(names);
    s.minimum.assign(rank, integer(0));
    s.fold.resize(rank);
    s.digits = layout_for(tensor, rank);
    return s;
  }

  Layout layout_for(const std::string& tensor, size_t rank) const {
    auto given = lowering_.layouts.find(tensor);
    return given == lowering_.layouts.end() ? row_major(rank) : given->second;
  }

  bool needed(const FuncContents& f) const { return roots_.count(f.name) != 0; }

  // What only an unread component of an inlined tuple read is computed nowhere.
  void drop_unneeded() {
    std::erase_if(lowering_.attachments, [&](const Attachment& a) { return !needed(*a.func); });
    for (auto& [func, completing] : lowering_.epilogues) {
      std::erase_if(completing, [&](const FuncContents* e) { return !needed(*e); });
    }
  }

  // An epilogue runs wherever its reduction does: as an output it must have a place there.
  void check_place_of_epilogue(const Directive& d) const {
    if (!op_.find_output(d.func) || !roots_.count(d.target)) return;
    const Region &computed = roots_.at(d.target).region, &stored = roots_.at(d.func).region;
    const Facts& facts = lowering_.facts;
    for (size_t i = 0; i < stored.highest.size(); ++i) {
      if (facts.at_most(stored.lowest[i], computed.lowest[i]) && facts.at_most(computed.highest[i], stored.highest[i]))
        continue;
      refuse(
          ErrorCode::unproved, d,
          fmt::format("index {} of {} in [{}, {}]", i, d.target, print(computed.lowest[i]), print(computed.highest[i])),
          fmt::format("at least 0 and at most {}, where the output {} has places", print(stored.highest[i]), d.func),
          "leave it out: another Func reads the reduction there");
    }
  }

  // Nests at the root: producers first; a Func with epilogues stands where the last of them would.
  std::vector<const FuncContents*> emission_order() const {
    std::vector<const FuncContents*> order;
    std::set<std::string> done;
    for (const InputDecl& in : op_.inputs) done.insert(in.name);
    for (const Attachment& a : lowering_.attachments) done.insert(a.func->name);
    auto ready = [&](const FuncContents& f, const std::string& self) {
      bool all = true;
      for_each_value(f, [&](const Expr& v) {
        visit(v, [&](const Expr& e) {
          const bool own = e.kind() == ExprKind::access && (e->name == self || e->name == f.name);
          if (e.kind() == ExprKind::access && !own && !done.count(e->name)) all = false;
        });
      });
      return all;
    };
    // What is computed inside of this nest, in loops of others there too.
    const std::function<bool(const std::string&)> attached_ready = [&](const std::string& consumer) {
      return std::all_of(lowering_.attachments.begin(), lowering_.attachments.end(), [&](const Attachment& a) {
        return a.consumer != consumer || (ready(*a.func, "") && attached_ready(a.func->name));
      });
    };
    bool progress = true;
    while (progress) {
      progress = false;
      for (const FuncContents& f : op_.funcs) {
        if (done.count(f.name) || fused_.count(f.name) || !needed(f)) continue;
        bool all = ready(f, "");
        for (const FuncContents* e : epilogues_of(lowering_, f.name)) all = all && ready(*e, f.name);
        all = all && attached_ready(f.name);
        if (!all) continue;
        order.push_back(&f);
        done.insert(f.name);
        for (const FuncContents* e : epilogues_of(lowering_, f.name)) done.insert(e->name);
        progress = true;
      }
    }
    for (const FuncContents& f : op_.funcs) {
      if (!done.count(f.name) && !fused_.count(f.name) && needed(f)) refuse_circle(done);
    }
    return order;
  }

  // Only an epilogue makes a nest wait for what waits for it.
  void refuse_circle(const std::set<std::string>& done) const {
    for (const Directive& d : lowering_.directives) {
      if (d.kind != DirectiveKind::epilogue_of || done.count(d.func)) continue;
      for (const FuncContents& f : op_.funcs) {
        if (done.count(f.name) || f.name == d.target || !reads(*op_.find_func(d.func), f.name)) continue;
        refuse(ErrorCode::illegal_schedule, d, fmt::format("{} reads {}, which is computed from {}", d.func, f.name, d.target),
               "an epilogue whose other inputs are there before the reduction runs");
      }
    }
    throw Error(ErrorCode::internal, {"lower", "the nests wait for each other", op_.name, "an order of them"});
  }

  bool stored(const FuncContents& f) const {
    if (op_.find_output(f.name)) return true;
    if (epilogues_of(lowering_, f.name).empty()) return true;
    for (const FuncContents& reader : op_.funcs) {
      if (!reads(reader, f.name)) continue;
      bool fused = false;
      for (const FuncContents* e : epilogues_of(lowering_, f.name)) fused = fused || e == &reader;
      if (!fused) return true;
    }
    return false;
  }

  Stmt nests_from(const std::vector<const FuncContents*>& order, size_t at) {
    if (at == order.size()) return nullptr;
    const FuncContents& f = *order[at];
    const Region& region = roots_.at(f.name).region;
    Lets lets(lowering_, lowering_.facts);
    std::vector<Expr> lowest, extent;
    for (size_t d = 0; d < region.lowest.size(); ++d) {
      lowest.push_back(lets.named(f.name + ".low", region.lowest[d]));
      extent.push_back(lets.named(f.name + ".extent", region.highest[d] - region.lowest[d] + integer(1)));
    }
    std::vector<const FuncContents*> allocated;
    if (stored(f)) allocated.push_back(&f);
    for (const FuncContents* e : epilogues_of(lowering_, f.name)) allocated.push_back(e);
    std::erase_if(allocated, [&](const FuncContents* g) { return op_.find_output(g->name) != nullptr; });
    for (const FuncContents* g : allocated) lowering_.storage[g->name] = owned(*g, lowest);
    Facts outside = lowering_.facts;
    lowering_.facts = lets.facts();
    Stmt nest = stays_in_place(f) ? nullptr : nest_of(f, lowest, extent);
    Facts inside = lowering_.facts;
    for (size_t d = 0; d < lowest.size(); ++d) assume_nonempty(inside, {region.lowest[d], region.highest[d]});
    std::vector<Stmt> parts{when_needed(f, nest, inside), when_needed(f, updates_of(f, lowest, extent), lowering_.facts)};
    parts.push_back(when_needed(f, traces_of(lowering_, f, lowest, extent, lets.facts()), lowering_.facts));
    for (const FuncContents* e : epilogues_of(lowering_, f.name)) parts.push_back(when_needed(*e, traces_of(lowering_, *e, lowest, extent, lets.facts()), lowering_.facts));
    parts.push_back(nests_from(order, at + 1));
    Stmt s = ir::make_block(std::move(parts));
    lowering_.facts = outside;
    for (const FuncContents* g : allocated) {
      const Storage& storage = lowering_.storage.at(g->name);
      s = lathe::allocated(lowering_, lowering_.forms[g->name], storage, dtypes_of(*g), extents_in(storage.digits, extent), lets.facts(),
                    [&](const Directive& d) { return index_named(d, *g); }, s);
    }
    return lets.wrap(s);
  }

  // The nest of a Func that is computed whole: one for each side of its choices, where nothing else stands in its loops, and for
  // what its updates leave of it.
  Stmt nest_of(const FuncContents& f, const std::vector<Expr>& lowest, const std::vector<Expr>& extent) {
    const auto here = [&](const auto& each) { return each.consumer == f.name; };
    const bool alone = !f.is_reduction() && std::none_of(lowering_.attachments.begin(), lowering_.attachments.end(), here) &&
                       std::none_of(lowering_.stagings.begin(), lowering_.stagings.end(), here) &&
                       std::none_of(lowering_.tables.begin(), lowering_.tables.end(), here);
    if (!alone) return NestEmitter(lowering_, f, lowest, extent).emit();
    std::vector<Piece> pieces;
    for (Piece& kept : kept_points({f, lowest, extent}, lowering_.facts)) {
      for (Piece& side : split_choices(std::move(kept), lowering_.facts)) pieces.push_back(std::move(side));
    }
    std::vector<Stmt> nests;
    for (const Piece& piece : pieces) {
      Lets lets(lowering_, lowering_.facts);
      std::vector<Expr> low, count;
      for (size_t d = 0; d < lowest.size(); ++d) {
        low.push_back(lets.named(f.name + ".low", piece.lowest[d]));
        count.push_back(lets.named(f.name + ".extent", piece.extent[d]));
      }
      const Facts outside = lowering_.facts;
      lowering_.facts = lets.facts();
      nests.push_back(lets.wrap(NestEmitter(lowering_, piece.func, low, count).emit()));
      lowering_.facts = outside;
    }
    return ir::make_block(std::move(nests));
  }

  // An output in the place of an input that begins as it is, for updates to change.
  bool stays_in_place(const FuncContents& f) const {
    const OutputDecl* output = op_.find_output(f.name);
    return output && !output->in.empty() && f.values[0].kind() == ExprKind::access && f.values[0]->name == output->in;
  }

  // What has no reader with a point is not computed: its reads of inputs were not held inside (read_conditions.h). Loops
  // over an empty region do nothing anyhow, which the facts of a definition say; an update runs over a domain of its own.
  Stmt when_needed(const FuncContents& f, Stmt nest, const Facts& facts) const {
    const Expr condition = simplify(roots_.at(f.name).needed_when, facts);
    return !nest || condition == make_true() ? nest : ir::make_branch(condition, nest);
  }

  Stmt updates_of(const FuncContents& f, const std::vector<Expr>& lowest, const std::vector<Expr>& extent) {
    if (f.updates.empty()) return nullptr;
    std::vector<Stmt> nests;
    for (const FuncPart& stage : parts_of(f)) {
      if (!stage.update) continue;
      std::vector<Expr> free_lowest, free_extent;
      for (size_t d = 0; d < f.vars.size(); ++d) {
        if (!(stage.update->indices[d] == make_var(f.vars[d]))) continue;
        free_lowest.push_back(lowest[d]);
        free_extent.push_back(extent[d]);
      }
      const UpdateTarget target{&f, stage.update, lowest, extent};
      nests.push_back(NestEmitter(lowering_, stage.loops, free_lowest, free_extent, &target).emit());
    }
    return ir::make_block(std::move(nests));
  }

  Storage owned(const FuncContents& f, const std::vector<Expr>& lowest) {
    Storage s;
    for (int c = 0; c < f.components(); ++c) s.buffers.push_back(lowering_.fresh(component_name(f, c)));
    s.minimum = lowest;
    s.fold.resize(lowest.size());
    s.digits = layout_for(f.name, lowest.size());
    return s;
  }

  Operator op_;
  Lowering lowering_;
  DirectiveChecks checks_;
  std::set<std::string> fused_;                             // attached Funcs and epilogues
  RootRegions roots_;                                       // of the Funcs that are needed
};

}  // namespace

Stmt lower_variant(const View& view, const std::vector<Directive>& directives, const Target& target, const Facts& facts,
                   bool in_little_code, Attempts& attempts) {
  return VariantLowering(view, directives, target, facts, in_little_code).lower(attempts);
}

}  // namespace lathe
