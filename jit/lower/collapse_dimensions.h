// `By.collapse(x, c, xc)`: two neighbouring dimensions of a Func, of what it reads and of what reads it, become one.
#pragma once

#include "jit/lower/view.h"

namespace lathe {

// Applies one collapse directive. Refuses (Error{illegal_schedule}) where the two indices do not stand side by side, as
// x + constant and c, in every read.
void collapse_dimensions(View& view, const Directive& d);

}  // namespace lathe
