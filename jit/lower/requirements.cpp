// `F.require(fact)`: an optimisation that is missed is an error. Where a body is written, the emitter notes whether it was
// reached there; when all are, what was asked for is looked up.
#include "jit/lower/check_directives.h"
#include "jit/lower/lowering.h"

namespace lathe {

void Lowering::note(const std::string& func, Requirement fact, bool reached, const std::string& why) {
  Attempt& attempt = attempts[{func, fact}];
  ++(reached ? attempt.reached : attempt.missed);
  if (!reached && attempt.why.empty()) attempt.why = why;
}

// Boundaries and windows have bodies that cannot reach it; then one that does is enough.
void Lowering::check_requirements() const {
  for (const Directive& d : directives) {
    if (d.kind != DirectiveKind::require) continue;
    const auto noted = attempts.find({d.func, d.fact});
    const Attempt attempt = noted == attempts.end() ? Attempt{} : noted->second;
    const bool some = d.fact == Requirement::kept || d.fact == Requirement::idle;
    if (attempt.reached > 0 && (some || attempt.missed == 0)) continue;
    if (d.fact == Requirement::whole && attempt.missed == 0) continue;
    refuse(ErrorCode::unproved, d, attempt.why.empty() ? "no directive on " + d.func + " asks for it" : attempt.why,
           std::string(text_of(d.fact)));
  }
}

}  // namespace lathe
