// before   [ size | guard ] elements of the caller, all bits set (NaN for floats) [ guard ]
// The program stops because generated code cannot be unwound, and what lies beside the storage is lost.
#include "jit/runtime/checked_scratch.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "jit/runtime/scratch.h"

namespace lathe {
namespace {

constexpr int64_t guard_bytes = 256;
constexpr unsigned char guard_value = 0xA5, poison = 0xFF;

bool intact(const unsigned char* guard, int64_t bytes) {
  return std::all_of(guard, guard + bytes, [](unsigned char byte) { return byte == guard_value; });
}

}  // namespace

void* checked_scratch_allocate(int64_t bytes) {
  if (bytes < 0) return nullptr;
  auto* memory = static_cast<unsigned char*>(scratch_allocate(bytes + 2 * guard_bytes));
  if (!memory) return nullptr;
  std::memset(memory, guard_value, guard_bytes);
  std::memcpy(memory, &bytes, sizeof bytes);
  std::memset(memory + guard_bytes, poison, static_cast<size_t>(bytes));
  std::memset(memory + guard_bytes + bytes, guard_value, guard_bytes);
  return memory + guard_bytes;
}

void checked_scratch_release(void* given) {
  unsigned char* memory = static_cast<unsigned char*>(given) - guard_bytes;
  constexpr auto header = static_cast<int64_t>(sizeof(int64_t));
  int64_t bytes = 0;
  std::memcpy(&bytes, memory, sizeof bytes);
  bool before = intact(memory + header, guard_bytes - header);
  if (!before || !intact(memory + guard_bytes + bytes, guard_bytes)) {
    fmt::print(stderr, "lathe: a kernel wrote {} its scratch memory of {} bytes\n", before ? "behind" : "before", bytes);
    std::abort();
  }
  scratch_release(memory);
}

}  // namespace lathe
