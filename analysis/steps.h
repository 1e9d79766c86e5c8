// Steps of simplification and proof that a thread has taken, counted: compile time follows them, and a count does not depend
// on what else the machine does (tests/whole/compile_work.cpp).
#pragma once

#include <cstdint>

namespace lathe {

inline thread_local int64_t simplifier_steps = 0;

}  // namespace lathe
