#include "schedules/construct/construct.h"

#include <algorithm>
#include <optional>

#include "analysis/joint_dimensions.h"
#include "schedules/construct/shape.h"
#include "schedules/construct/update.h"

namespace lathe {

namespace {

using namespace construct;

// Reductions that are written out; pure Funcs are inlined without a word.
void write_inlined(const Operator& op, const Plan& plan, ScheduleBuilder& schedule) {
  for (const FuncContents& f : op.funcs) {
    if (f.is_reduction() && plan.nodes.at(f.name).place == Place::inlined) schedule[f.name].compute_inline();
  }
}

// The nests of a plan in one form, written into a schedule.
class Writer {
 public:
  // `first`: directives before all others.
  Writer(const Operator& op, const Plan& plan, const Target& target, Decisions& decisions, Form form = {},
         const std::function<void(ScheduleBuilder&)>& first = {})
      : op_(op),
        plan_(plan),
        target_(target),
        decisions_(decisions),
        form_(std::move(form)),
        schedule_(op),
        reasons_(decisions.begin_form()) {
    if (first) first(schedule_);
    write_inlined(op, plan, schedule_);
    write_all(Place::root);
    write_all(Place::rows);
    write_all(Place::attached);
  }

  // Common directives, and those of variants for sizes and strides; all in variants where they run under a condition.
  Schedule schedule() const {
    Schedule all = schedule_;
    const bool serial = std::any_of(extras_.begin(), extras_.end(), [](const Extra& extra) { return !extra.serial.empty(); });
    if (condition_.defined() || serial) {
      all.directives.clear();
      add_variants({}, all);
      return all;
    }
    ScheduleBuilder more(schedule_);
    for (const Extra& extra : extras_) {
      more.specialize(extra.condition, extra.write);
      decisions_.add_variant(reasons_);
    }
    return more;
  }

  // Adds all as variants under this condition.
  void add_variants(const Expr& condition, Schedule& to) const {
    const auto both = [](const Expr& a, const Expr& b) { return a.defined() && b.defined() ? a & b : a.defined() ? a : b; };
    const Expr own = both(condition, condition_);
    for (const ScheduleParam& param : schedule_.schedule().params) {
      if (std::find(to.params.begin(), to.params.end(), param) == to.params.end()) to.params.push_back(param);
    }
    const bool only_extras = form_.special == Special::direct && !extras_.empty();   // other windows keep their rows
    const auto add = [&](const Expr& where, const Extra* extra) {
      Specialization variant{where, schedule_.schedule().directives, {}};
      if (extra) {
        extra->write([&](const std::string& func) { return Stage(variant.directives, func); });
        std::erase_if(variant.directives, [&](const Directive& d) { return d.kind == DirectiveKind::parallel && d.loops.at(0) == extra->serial; });
      }
      to.specializations.push_back(std::move(variant));
      decisions_.add_variant(reasons_);
    };
    for (const Extra& extra : extras_) add(both(own, extra.condition), &extra);
    if (!only_extras) add(own.defined() ? own : make_true(), nullptr);
  }

  const std::map<Special, Crossover>& specials() const { return specials_; }
  const std::string& short_size() const { return short_size_; }   // the size that may be short; "": none
  int64_t short_below() const { return short_below_; }      // short is below so many steps
  int64_t short_lanes() const { return short_lanes_; }      // fewer steps fill too little of a vector; 0: those of a vector
  bool runs_in_lanes() const { return runs_in_lanes_; }     // every nest that is computed whole
  bool keeps_rows() const { return keeps_rows_; }           // all that are planned
  bool gathers() const { return gathers_; }                 // some lanes read from anywhere
  bool lanes_of_terms() const { return lanes_of_terms_; }   // in that nest lanes add up terms of their own
  const Expr& lane_steps() const { return lane_steps_; }    // of the index in the lanes of the last of them; undefined: not known

 private:
  void write_all(Place place) {                             // consumers first
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) {
      if (plan_.nodes.at(f->name).place == place) write(*f, plan_.nodes.at(f->name));
    }
  }

  void write(const FuncContents& f, const Node& node) {
    const bool attached = node.place == Place::attached;
    if (attached) {
      const std::string& index = plan_.nodes.at(node.host).order[node.depth - 1];
      schedule_[f.name].compute_at(node.host, shapes_.at(node.host).loops.at(index));
    } else if (node.place == Place::rows) {
      const Shape& host = shapes_.at(node.host);
      if (host.block.empty()) {                             // its nest has no blocks of rows
        schedule_[f.name].compute_root();
        keeps_rows_ = false;
      } else if (host.step.empty() || !node.rows_read.defined()) {
        schedule_[f.name].compute_at(node.host, host.block);
      } else {
        schedule_[f.name].compute_at(node.host, host.step).store_at(node.host, host.block);
        schedule_[f.name].fold_storage(node.row_dimension, node.rows_read);
      }
    } else if (!op_.find_output(f.name) && !f.is_reduction() && f.updates.empty()) {
      schedule_[f.name].compute_root();
    }
    const std::vector<FuncPart> parts = parts_of(f);
    for (size_t p = 1; p < parts.size(); ++p) {
      const NestFacts facts(op_, plan_, target_, f, parts[p], nullptr, decisions_);
      shape_update(facts, *parts[p].update, schedule_[parts[p].loops.name]);
    }
    const NestFacts facts(op_, plan_, target_, f, parts[0], attached ? &shapes_.at(node.host) : nullptr, decisions_);
    Form form = form_;
    if (node.place == Place::rows && form.special == Special::batch) form.stored_last = met_lanes(f, node);
    Nest nest = shape_nest(facts, stage_of_, declare_, form);
    if (!attached && !lane_steps_.defined() && !nest.shape.vector.empty()) {
      lane_steps_ = facts.extent(nest.shape.vector);
      lanes_of_terms_ = facts.is_term(nest.shape.vector);
    }
    gathers_ = gathers_ || std::any_of(facts.reads.begin(), facts.reads.end(), [&](const Read& read) {
      return !nest.shape.vector.empty() && move_of(read, nest.shape.vector) == Move::irregular;
    });
    if (node.with_results && form_.shares_places() && !lies_otherwise(f)) schedule_[f.name].store_with(node.host);
    take_up(nest, node.place == Place::root);
    shapes_[f.name] = std::move(nest.shape);
  }

  // Its nest asked for a layout.
  bool lies_otherwise(const FuncContents& f) const {
    const std::vector<Directive>& all = schedule_.schedule().directives;
    return std::any_of(all.begin(), all.end(), [&](const Directive& d) { return d.kind == DirectiveKind::layout && d.func == f.name; });
  }

  // The index of rows of a Func that runs in its reader's lanes.
  std::string met_lanes(const FuncContents& f, const Node& node) const {
    const Expr lanes = make_var(shapes_.at(node.host).vector);
    for (const Read& read : reads_in(values_of_nest(op_, plan_, *op_.find_func(node.host)))) {
      if (read.tensor != f.name) continue;
      const auto at = std::find(read.at.begin(), read.at.end(), lanes);
      if (at != read.at.end()) return f.vars[static_cast<size_t>(at - read.at.begin())];
    }
    return "";
  }

  void take_up(Nest& nest, bool whole) {
    if (nest.condition.defined()) condition_ = condition_.defined() ? condition_ & nest.condition : nest.condition;
    if (extras_.empty()) extras_ = std::move(nest.extras);
    if (whole && short_size_.empty()) short_size_ = nest.short_size;
    if (nest.short_size == short_size_) short_below_ = std::max(short_below_, nest.short_below), short_lanes_ = nest.short_lanes;
    if (!whole) return;
    specials_.merge(nest.specials);                         // those of the first nest that has one
    runs_in_lanes_ = runs_in_lanes_ && !nest.shape.vector.empty();
  }

  const Operator& op_;
  const Plan& plan_;
  const Target& target_;
  Decisions& decisions_;
  const Form form_;
  ScheduleBuilder schedule_;
  const size_t reasons_;                                    // the form that they know this one by
  Expr condition_;                                          // of all nests together
  const StageOf stage_of_ = [this](const std::string& func) { return schedule_[func]; };
  const Declare declare_ = [this](const std::string& name, const Expr& formula, int64_t lowest, int64_t highest) {
    std::string own = name;
    const auto taken = [&] {
      const auto& params = schedule_.schedule().params;
      return std::any_of(params.begin(), params.end(), [&](const ScheduleParam& p) { return p.name == own; }) ||
             std::any_of(op_.sizes.begin(), op_.sizes.end(), [&](const SizeDecl& s) { return s.name == own; }) ||
             std::any_of(op_.params.begin(), op_.params.end(), [&](const ParamDecl& p) { return p.name == own; });
    };
    while (taken()) own += "_";
    schedule_.param(own, formula, lowest, highest);
    return own;
  };
  std::map<std::string, Shape> shapes_;
  std::vector<Extra> extras_;                               // of the first nest that has some: variants do not multiply
  std::map<Special, Crossover> specials_;
  std::string short_size_;
  int64_t short_below_ = target_.lanes(4), short_lanes_ = 0;
  bool keeps_rows_ = true, runs_in_lanes_ = true, gathers_ = false, lanes_of_terms_ = false;
  Expr lane_steps_;
};

// Lanes of another index, for a size that has fewer steps than a vector has lanes.
Crossover short_crossover(const std::string& size, const Writer& usual, const Writer& across, const Target& target) {
  const int64_t vector = target.lanes(4);
  // Where masks are free, a vector of which a quarter is used beats one that is put together element by element.
  const bool fewer = across.gathers() && !usual.gathers() && target.mask_registers;
  const int64_t own = usual.short_lanes();
  const Expr steps = make_var(size), lanes(own > 0 ? own : vector / (fewer ? 4 : 1)), bound(usual.short_below());
  const Expr& others = across.lane_steps();
  Crossover at{lt(steps, lanes), ge(steps, lanes)};
  if (usual.short_below() != vector && others.defined()) {  // the others fill a block of two vectors, or the short size does better
    const Expr block(2 * vector);
    at.pays = at.pays | (lt(steps, bound) & ge(others, block));
    at.otherwise = at.otherwise & (ge(steps, bound) | lt(others, block));
  }
  const Expr few(vector / 4);                               // so few results fill no lanes either
  if (others.defined() && !across.lanes_of_terms() && vector >= 8) at.pays = at.pays & ge(others, few);
  return at;
}

// The plan with padded pictures read where they lie.
Plan without_rows(const Operator& op, Plan plan) {
  for (auto& [name, node] : plan.nodes) {
    if (node.place != Place::rows || !node.rows_read.defined()) continue;
    plan.nodes.at(node.host).rows_along.clear();
    node = Node();
    node.place = Place::inlined;
    plan.inlined[name] = op.find_func(name);
  }
  return plan;
}

// The plan's nests, and nests of their own for calls that want other ones.
Schedule schedule_of(const Operator& op, const Plan& plan, const Target& target, Decisions& decisions) {
  const Writer usual(op, plan, target, decisions);
  Schedule all = ScheduleBuilder(op);
  Expr rest;
  const auto add = [&](const Writer& form, const Crossover& here) {
    form.add_variants(rest.defined() ? rest & here.pays : here.pays, all);   // what is known besides saves bodies
    if (here.otherwise.defined()) rest = rest.defined() ? rest & here.otherwise : here.otherwise;
  };
  const Plan direct = without_rows(op, plan);
  const auto add_special = [&](Special special) {
    const auto here = usual.specials().find(special);
    if (here == usual.specials().end()) return;
    add(Writer(op, special == Special::direct ? direct : plan, target, decisions, {.special = special}), here->second);
  };
  add_special(Special::direct);
  add_special(Special::batch);
  add_special(Special::few_rows);
  add_special(Special::across);
  if (const std::string& size = usual.short_size(); !size.empty()) {
    const Writer across(op, plan, target, decisions, {.last = LastIndex::inside, .short_size = size});
    if (across.runs_in_lanes() && across.keeps_rows() == usual.keeps_rows()) add(across, short_crossover(size, usual, across, target));
  }
  add_special(Special::few_terms);
  add_special(Special::large_operand);
  if (all.specializations.empty()) return usual.schedule();
  usual.add_variants(rest, all);
  return all;
}

constexpr int64_t kShort = 32;                              // a last dimension that is worth joining to its neighbour
constexpr int64_t kUsualFew[] = {3, 4};                     // steps of a last index that have code of their own

const FuncContents& result_of(const Operator& op) { return *op.find_func(op.outputs[0].func); }

// Whether the operator has one result, with a last index that may be short.
bool may_be_short(const Operator& op) {
  if (op.outputs.size() != 1) return false;
  const std::vector<Expr>& extents = op.outputs[0].extents;
  int64_t known = 0;
  return extents.size() > 1 && !is_integer_constant(extents.back(), &known) && result_of(op).updates.empty();
}

// Whether all is one nest of independent points.
bool is_pointwise(const Operator& op, const Plan& plan) {
  return plan.inlined.size() + 1 == op.funcs.size() && !result_of(op).is_reduction();
}

// Whether each point reads its own point of everything: as one dimension there are no rows, and so no ends of rows.
bool reads_own_points(const Operator& op, const Plan& plan) {
  if (!is_pointwise(op, plan)) return false;
  const FuncContents& f = result_of(op);
  const auto own = [&](const Read& read) {
    return read.at.size() == f.vars.size() && std::equal(read.at.begin(), read.at.end(), f.vars.begin(), [](const Expr& at, const std::string& v) { return at == make_var(v); });
  };
  const std::vector<Read> reads = reads_in(values_of_nest(op, plan, f));
  return std::all_of(reads.begin(), reads.end(), own);
}

// The operator with the last two indices of its result joined.
struct Joint {
  std::string outer, inner, name;
  Operator op;
};

std::optional<Joint> joint_of(const Operator& op) {
  const std::vector<std::string>& vars = result_of(op).vars;
  Joint joint{vars[vars.size() - 2], vars.back(), vars[vars.size() - 2] + vars.back(), {}};
  const auto taken = [&] {
    const auto has = [&](const auto& list) { return std::any_of(list.begin(), list.end(), [&](const auto& d) { return d.name == joint.name; }); };
    return has(op.sizes) || has(op.params) || std::any_of(op.funcs.begin(), op.funcs.end(), [&](const FuncContents& f) {
      return has(f.rvars) || std::find(f.vars.begin(), f.vars.end(), joint.name) != f.vars.end();
    });
  };
  while (taken()) joint.name += "_";
  auto joined = join_dimensions(op, result_of(op).name, joint.outer, joint.inner, joint.name);
  if (!std::holds_alternative<JointDimensions>(joined)) return std::nullopt;
  joint.op = std::move(std::get<JointDimensions>(joined).op);
  return joint;
}

NestFacts facts_of_last(const Operator& op, const Plan& plan, const Target& target, Decisions& decisions) {
  const FuncContents& func = op.funcs.back();
  return NestFacts(op, plan, target, func, parts_of(func)[0], nullptr, decisions);
}

// A variant of the one nest, in a form of its own.
void specialize(ScheduleBuilder& schedule, const Expr& condition, const NestFacts& facts, const Form& form) {
  facts.decisions.add_variant(facts.decisions.begin_form());
  schedule.specialize(condition, [&](const StageOf& of) { shape_nest(facts, of, {}, form); });
}

// Variants by the steps of the last index: a short one runs together with the one before it ...
Schedule joined_schedule(const Operator& op, const Plan& plan, const Target& target, Decisions& decisions) {
  Schedule all = ScheduleBuilder(op);
  const Joint joint = *joint_of(op);
  const Plan joint_plan = make_plan(joint.op, target, true, decisions);
  const Expr steps = op.outputs[0].extents.back(), bound(is_pointwise(op, plan) ? kShort : target.lanes(4));
  const bool always = reads_own_points(op, plan);
  const Writer joined(joint.op, joint_plan, target, decisions, {}, [&](ScheduleBuilder& s) {
    s[result_of(op).name].collapse(joint.outer, joint.inner, joint.name);
  });
  joined.add_variants(always ? ge(steps, Expr(int64_t{1})) : lt(steps, bound), all);
  Writer(op, plan, target, decisions).add_variants(always ? ge(steps, Expr(int64_t{1})) : ge(steps, bound), all);
  return all;
}

// ... or, where dimensions do not join, inside of vectors of another index; as straight code for a usual number of steps.
Schedule inside_schedule(const Operator& op, const Plan& plan, const Target& target, Decisions& decisions) {
  ScheduleBuilder schedule(op);
  write_inlined(op, plan, schedule);
  const Expr steps = op.outputs[0].extents.back();
  const NestFacts facts = facts_of_last(op, plan, target, decisions);
  for (const int64_t few : kUsualFew) {
    if (steps.kind() != ExprKind::var) break;
    const Operator fixed = substitute(op, {{steps->name, Expr(few)}});
    const NestFacts known = facts_of_last(fixed, plan, target, decisions);
    specialize(schedule, eq(steps, Expr(few)), known, {.last = LastIndex::inside});
  }
  const Expr lanes(facts.lanes());
  specialize(schedule, lt(steps, lanes), facts, {.last = LastIndex::inside});
  specialize(schedule, ge(steps, lanes), facts, {});
  return schedule;
}

// The forms that a schedule of the operator can have, best first; each is simpler than the one before. Of fused and of whole
// nests there is one with variants of their own for few rows and short sizes, and one without.
std::vector<std::string> forms_of(const Operator& op, const Target& target) {
  std::vector<std::string> forms;
  Decisions usual;
  if (may_be_short(op)) {
    if (joint_of(op)) forms.push_back("joined");
    if (result_of(op).vars.size() > 2 && is_pointwise(op, make_plan(op, target, true, usual))) forms.push_back("inside");
  }
  forms.insert(forms.end(), {"fused", "fused-alone", "whole", "whole-alone", "plain"});
  return forms;
}

}  // namespace

Schedule construct_schedule(const Operator& op, const Target& target, Decisions& decisions) {
  const std::vector<std::string> forms = forms_of(op, target);
  const std::string form = decisions.word("form", forms.front(), forms);
  if (form == "plain") return ScheduleBuilder(op);
  const Plan plan = make_plan(op, target, !form.starts_with("whole"), decisions);
  if (form == "joined") return joined_schedule(op, plan, target, decisions);
  if (form == "inside") return inside_schedule(op, plan, target, decisions);
  if (form.ends_with("-alone")) return Writer(op, plan, target, decisions).schedule();
  return schedule_of(op, plan, target, decisions);
}

std::vector<Schedule> construct_schedules(const Operator& op, const Target& target) {
  std::vector<Schedule> schedules;
  for (const std::string& form : forms_of(op, target)) {
    Decisions usual({{"form", form}});
    Schedule s = construct_schedule(op, target, usual);
    if (schedules.empty() || !(s == schedules.back())) schedules.push_back(std::move(s));
  }
  return schedules;
}

}  // namespace lathe
