// Scratch memory for tests: poisoned when given out, between two guards that are looked at when it comes back. A kernel
// that wrote beyond its storage stops the program with a message.
#pragma once

#include <cstdint>

namespace lathe {

void* checked_scratch_allocate(int64_t bytes);
void checked_scratch_release(void* memory);

}  // namespace lathe
