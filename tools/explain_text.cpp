// An explanation in sentences, from what was decided to what it costs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/explanation.h"

namespace lathe::tools {

namespace {

constexpr double kWorthTelling = 0.03;  // share of the cycles
constexpr size_t kMostLoops = 6;

// The first line of an error, without what every error begins with.
std::string first_line(const std::string& text) {
  constexpr std::string_view head = "lathe: schedule: ";
  const std::string line = text.substr(0, text.find('\n'));
  return line.starts_with(head) ? line.substr(head.size()) : line;
}
std::string of_file(const SourceLocation& where) { return where.known() ? fmt::format(" ({})", to_string(where)) : ""; }

class Teller {
 public:
  explicit Teller(const Explained& e)
      : e_(e), k_(e.kernel), rates_(with_instruction_set(e.chosen.target, target_named(e.chosen.target.level))) {}

  std::string run() {
    const std::string sizes = size_text(e_.chosen.fixed, e_.sizes);
    line("{}{} on {}{}", e_.chosen.op.name, sizes.empty() ? "" : " at " + sizes, e_.chosen.target.name,
         of_file(e_.chosen.op.where));
    schedule();
    dispatch();
    reasons();
    bound();
    missed();
    alternatives();
    return std::move(text_);
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }

  void schedule() {
    line("\nSchedule");
    if (k_.form.empty()) {
      line("  It was given ({}){}: nothing was decided here. --schedule zero-shot explains the constructed one.",
           e_.chosen.schedule_label, of_file(k_.schedule.where));
    } else {
      line("  It was constructed, in the form '{}'.", k_.form);
    }
    for (const tuner::RefusedForm& r : k_.refused_forms)
      line("  The form '{}' was refused: {}.", r.form, first_line(r.why));
    for (const auto& [name, value] : k_.params) line("  Its parameter {} is {} on this target.", name, value);
  }

  void dispatch() {
    line("\nVariant");
    for (const tuner::Asked& a : k_.asked) {
      const std::string here = condition_here(a.conditions, e_);
      if (!a.taken) {
        line("  {} is for {}; here {} does not hold.", a.function, condition_text(a.conditions), here);
      } else if (a.conditions.empty()) {
        line("  The call takes {}, {}.", a.function,
             a.function.ends_with(".plain") ? "the loops as they are written: no variant is for it"
                                            : "which is for every size");
      } else {
        line("  The call takes {}, which is for {}: {}.", a.function, condition_text(a.conditions), here);
      }
    }
  }

  void reasons() {
    std::string func;
    for (const FuncContents& f : e_.chosen.fixed.funcs) {
      for (const FuncPart& part : parts_of(f)) {
        bool is_new = true;
        for (const Reason& r : k_.reasons) {
          if (r.func != part.loops.name) continue;
          if (is_new) line("\n{}{}", r.func, of_file(where_is(r.func, e_.chosen.fixed)));
          is_new = false;
          line("  {}: {}.", r.about, r.text);
        }
      }
    }
  }

  void bound() {
    const tuner::Executed& x = k_.executed;
    line("\nWhat bounds the time");
    line("  The model counts {:.3g} cycles of one thread: {:.3g} operations on elements, {:.3g} loads, {:.3g} stores.",
         x.cycles, x.all.total_ops(), x.all.loads, x.all.stores);
    size_t told = 0;
    for (const tuner::ExecutedLoop& loop : x.loops) {
      const double share = x.cycles > 0 ? loop.iterations * loop.cycles(rates_) / x.cycles : 0;
      if (share >= kWorthTelling && told++ < kMostLoops) tell(loop, share);
    }
    const auto [cycles, pipe] = least_cycles(e_);
    if (cycles > 0) {
      line(
          "  The formula's {:.3g} operations need {:.3g} cycles of the pipe {} at full width: {:.2f} of what is "
          "counted.",
          e_.work.operations, cycles, pipe, x.cycles > 0 ? cycles / x.cycles : 0);
    }
    line("  It must move {:.3g} bytes at least once, which {}.", static_cast<double>(e_.work.bytes),
         level_that_holds(e_.work.bytes, e_.chosen.target));
    const auto rate = [&](double bytes) {
      return fmt::format("{:.3g} ({:.2f} a cycle)", bytes, x.cycles > 0 ? bytes / x.cycles : 0);
    };
    line("  Bytes moved by loads and stores: {}; from beyond the first cache: {}; the second: {}; the last: {}.",
         rate(k_.traffic.moved), rate(k_.traffic.beyond[0]), rate(k_.traffic.beyond[1]), rate(k_.traffic.beyond[2]));
  }

  void tell(const tuner::ExecutedLoop& loop, double share) {
    std::vector<std::string> parts;
    std::string by = "nothing";
    double most = 0;
    const auto weigh = [&](const std::string& what, double cycles) {
      if (cycles <= 0) return;
      parts.push_back(fmt::format("{} {:.3g}", what, cycles));
      if (cycles > most) by = what, most = cycles;
    };
    for (const auto& [what, cycles] : loop.each.busy(rates_)) weigh(std::string(what), cycles);
    weigh("a value waiting for itself", loop.chain_cycles);
    const std::string place = loop.loop.empty() ? fmt::format("code of {} outside of loops", loop.function)
                                                : fmt::format("the loop {} of {}", loop.loop, loop.function);
    line("  {:.0f} % in {}: {:.3g} iterations of {:.3g} cycles ({}), bound by {}.", 100 * share, place, loop.iterations,
         loop.cycles(rates_), fmt::join(parts, ", "), by);
  }

  void missed() {
    std::vector<std::string> lines;
    for (const auto& [key, attempt] : k_.attempts) {
      const auto& [func, fact] = key;
      if (attempt.missed == 0 || (fact == Requirement::streamed && !asks_for_streams(func))) continue;
      lines.push_back(fmt::format("{}, in {} of {} bodies, '{}': {}", func, attempt.missed,
                                  attempt.missed + attempt.reached, name_of(fact), attempt.why));
    }
    const tuner::Executed& x = k_.executed;
    for (const tuner::ExecutedLoop& loop : x.loops) {
      const double share = x.cycles > 0 ? loop.iterations * loop.cycles(rates_) / x.cycles : 0;
      if (share < kWorthTelling || !loop.each.is_scalar()) continue;
      lines.push_back(fmt::format("{} of {} runs one element at a time: {:.0f} % of the cycles",
                                  loop.loop.empty() ? "the code outside of loops" : loop.loop, loop.function,
                                  100 * share));
    }
    if (lines.empty()) return;
    line("\nWhat was not reached");
    for (const std::string& one : lines) line("  {}.", one);
  }

  bool asks_for_streams(const std::string& func) const {
    const auto asks = [&](const std::vector<Directive>& list) {
      return std::any_of(list.begin(), list.end(),
                         [&](const Directive& d) { return d.kind == DirectiveKind::stream && d.func == func; });
    };
    bool any = asks(k_.schedule.directives);
    for (const Specialization& s : k_.schedule.specializations) any = any || asks(s.directives);
    return any;
  }

  void alternatives() {
    if (k_.alternatives.empty()) return;
    line("\nWhat else was weighed, in counted cycles of the decision as it was taken");
    for (size_t i = 0; i < k_.alternatives.size();) {
      const tuner::Alternative& first = k_.alternatives[i];
      std::vector<std::string> others;
      for (; i < k_.alternatives.size() && k_.alternatives[i].decision == first.decision; ++i) {
        const tuner::Alternative& a = k_.alternatives[i];
        others.push_back(!a.refused.empty() ? fmt::format("{} is refused ({})", a.answer, first_line(a.refused))
                                            : fmt::format("{} costs {:.2f}", a.answer,
                                                          k_.executed.cycles > 0 ? a.cycles / k_.executed.cycles : 0));
      }
      line("  {} is {}; {}.", first.decision, first.usual, fmt::join(others, ", "));
    }
  }

  const Explained& e_;
  const tuner::Explanation& k_;
  const Target rates_;
  std::string text_;
};

}  // namespace

std::string text_of(const Explained& e) { return Teller(e).run(); }

}  // namespace lathe::tools
