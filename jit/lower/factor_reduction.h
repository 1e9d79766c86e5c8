// `C.rfactor(ko, Cp)`: partial results become a Func of their own with an index more, which C combines:
//
//   C[i] = sum(k < K: A[i, k])         C.split(k, ko, ki, 256).rfactor(ko, Cp)
//
//   Cp[ko, i] = sum(ko*256 <= ki < min(ko*256 + 256, K): A[i, ki])
//   C[i] = sum(ko < (K + 255)/256: Cp[ko, i])
#pragma once

#include "jit/lower/view.h"

namespace lathe {

// Applies the rfactor at this place of the list, and takes the split it uses out of it. Returns where rfactor stands then.
// Refuses (Error{illegal_schedule}) what does not combine in any grouping: pure Funcs and the class strict.
size_t factor_reduction(View& view, std::vector<Directive>& directives, size_t at);

}  // namespace lathe
