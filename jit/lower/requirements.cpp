// `F.require(fact)`: an optimisation that is missed is an error. Where a body is written, the emitter notes whether it was
// reached there; when all are, what was asked for is looked up.
#include "jit/lower/check_directives.h"
#include "jit/lower/lowering.h"

namespace lathe {

void Lowering::note(const std::string& func, Requirement fact, bool reached, const std::string& why) {
  auto asked = required.find({func, fact});
  if (asked == required.end()) return;
  Outcome& outcome = asked->second;
  ++(reached ? outcome.reached : outcome.missed);
  if (!reached && outcome.why.empty()) outcome.why = why;
}

// Boundaries and windows have bodies that cannot reach it; then one that does is enough.
void Lowering::check_requirements() const {
  for (const Directive& d : directives) {
    if (d.kind != DirectiveKind::require) continue;
    const Outcome& outcome = required.at({d.func, d.fact});
    const bool some = d.fact == Requirement::kept || d.fact == Requirement::idle;
    if (outcome.reached > 0 && (some || outcome.missed == 0)) continue;
    if (d.fact == Requirement::whole && outcome.missed == 0) continue;
    refuse(ErrorCode::unproved, d, outcome.why.empty() ? "no directive on " + d.func + " asks for it" : outcome.why,
           std::string(text_of(d.fact)));
  }
}

}  // namespace lathe
