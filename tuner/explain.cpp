#include "tuner/explain.h"

#include <algorithm>

#include "analysis/read_conditions.h"
#include "schedules/construct/construct.h"
#include "schedules/text.h"
#include "tuner/one_variant.h"

namespace lathe::tuner {

namespace {

class Explainer {
 public:
  Explainer(const Operator& op, const Sizes& sizes, const ExplainOptions& options)
      : op_(with_reads_settled(op)),
        sizes_(sizes),
        options_(options),
        described_(with_instruction_set(options.target, target_named(options.target.level))) {}

  Explanation run() {
    FinalProgram program = options_.schedule ? given() : constructed();
    made_.scalars = scalars_of(op_, sizes_);
    for (const TuneParam& p : program.signature.tune_params) made_.params[p.name] = made_.scalars[p.name] = p.value;
    made_.asked = dispatched(program.program, made_.scalars);
    if (!made_.asked.empty()) made_.attempts = program.attempts[made_.asked.back().function];
    variant_ = variant_taken(made_.schedule, options_.target, made_.scalars);
    if (!made_.form.empty()) made_.reasons = reasons_.of_variant(variant_);
    made_.executed = executed(program.program, described_, made_.scalars);
    made_.traffic = traffic(program.program, options_.target, made_.scalars);
    if (!made_.form.empty() && options_.alternatives) weigh();
    return std::move(made_);
  }

 private:
  FinalProgram lowered(const Schedule& schedule) const {
    return final_program(op_, {.schedule = schedule, .target = options_.target});
  }

  FinalProgram given() {
    made_.schedule = *options_.schedule;
    return lowered(made_.schedule);
  }

  // As `compile` does: the first form that lowering and the passes accept.
  FinalProgram constructed() {
    Decisions usual;
    construct_schedule(op_, options_.target, usual);
    const Decision form = usual.made().front();
    for (const std::string& name : form.options) {
      reasons_ = {};
      Decisions decisions({{form.name, name}}, &reasons_);
      made_.schedule = construct_schedule(op_, options_.target, decisions);
      made_.form = name;
      try {
        return lowered(made_.schedule);
      } catch (const Error& error) {
        if (kind_of(error.code()) != ErrorKind::user || name == form.options.back()) throw;
        made_.refused_forms.push_back({name, error.what()});
      }
    }
    internal_error("explain", "no schedule for " + op_.name);
  }

  // What the variant that is taken would execute if one decision were another. Where it would be the same code, nothing
  // is said.
  void weigh() {
    const Space space(op_, options_.target, 1);
    const Candidate base = space.candidate({{"form", made_.form}});
    const std::string code = print(taken(base));
    for (const Trace& trace : space.neighbours(base)) {
      const Candidate other = space.candidate(trace);
      const Schedule schedule = taken(other);
      if (print(schedule) == code) continue;
      const Decision& d = decision_apart(base, trace);
      Alternative a{d.name, d.taken, trace.count(d.name) ? trace.at(d.name) : d.usual, 0, {}};
      try {
        Sizes scalars = made_.scalars;
        for (const auto& [name, value] : other.all_params) scalars[name] = value;
        a.cycles = executed(lowered(schedule).program, described_, scalars).cycles;
      } catch (const Error& error) {
        if (kind_of(error.code()) != ErrorKind::user) throw;
        a.refused = error.what();
      }
      made_.alternatives.push_back(std::move(a));
    }
    std::stable_sort(made_.alternatives.begin(), made_.alternatives.end(),
                     [&](const Alternative& a, const Alternative& b) {
                       return position(base, a.decision) < position(base, b.decision);
                     });
  }

  Schedule taken(const Candidate& candidate) const {
    const Schedule schedule = candidate.decided();
    return one_variant(schedule, variant_taken(schedule, options_.target, made_.scalars));
  }

  static const Decision& decision_apart(const Candidate& base, const Trace& trace) {
    for (const Decision& d : base.decisions) {
      const auto wish = trace.find(d.name);
      if ((wish == trace.end() ? d.usual : wish->second) != d.taken) return d;
    }
    internal_error("explain", "a neighbour that differs in nothing");
  }

  static size_t position(const Candidate& base, const std::string& decision) {
    size_t at = 0;
    while (at < base.decisions.size() && base.decisions[at].name != decision) ++at;
    return at;
  }

  const Operator op_;
  const Sizes sizes_;
  const ExplainOptions options_;
  const Target described_;  // rates as described: the same in each process
  Reasons reasons_;
  size_t variant_ = 0;
  Explanation made_;
};

}  // namespace

Explanation explain(const Operator& op, const Sizes& sizes, const ExplainOptions& options) {
  return Explainer(op, sizes, options).run();
}

}  // namespace lathe::tuner
