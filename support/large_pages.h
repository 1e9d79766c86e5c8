// Memory for large blocks in large pages, where the system gives them on request. A product of 1024 x 1024 walks through 3,000
// pages of 4 KB, more than translations of addresses are kept; in a virtual machine each miss walks through two tables.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace lathe {

constexpr size_t large_page_bytes = size_t{2} << 20;

// At least `bytes`, aligned to `alignment` (a power of two), to be freed with std::free; null where there is none.
inline void* allocate_aligned(size_t alignment, size_t bytes) {
  const bool large = bytes >= large_page_bytes;
  void* data = nullptr;
  if (posix_memalign(&data, large && alignment < large_page_bytes ? large_page_bytes : alignment, bytes) != 0) return nullptr;
  if (large) madvise(data, bytes, MADV_HUGEPAGE);             // refused: pages are small, as without asking
  return data;
}

}  // namespace lathe
