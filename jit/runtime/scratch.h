// Scratch memory of the calling thread for generated code: 64-byte aligned, released in reverse order, kept warm between
// calls. Each thread has its own; nothing here locks.
#pragma once

#include <cstdint>

namespace lathe {

void* scratch_allocate(int64_t bytes);                      // null when there is none left, or bytes < 0
void scratch_release(void* memory);

// What the calling thread holds: for tests and diagnostics.
struct ScratchUse {
  int64_t used_bytes = 0;                                   // given out now
  int64_t kept_bytes = 0;                                   // taken from the system, given out or not
};
ScratchUse scratch_use();

}  // namespace lathe
