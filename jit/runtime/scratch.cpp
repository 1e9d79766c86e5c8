// A stack of chunks: allocation moves a mark up, release moves it down, and chunks stay for the next call. Requests
// above `largest_chunk` go to the system one by one; freed ones are kept up to `kept_limit` bytes, because faulting
// pages in again costs more than most kernels.
//
// Work stealing keeps the order: a thread that waits inside a parallel loop may run a piece of another loop, but
// finishes it, releases included, before it goes on with its own.
#include "jit/runtime/scratch.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <vector>

#include "support/large_pages.h"

namespace lathe {
namespace {

constexpr int64_t alignment = 64;
constexpr int64_t first_chunk = int64_t{256} << 10;
constexpr int64_t largest_chunk = int64_t{8} << 20;
constexpr int64_t kept_limit = int64_t{256} << 20;
constexpr int64_t most_bytes = int64_t{1} << 40;            // of one request; the system is not asked for more

struct Chunk {
  char* data = nullptr;
  int64_t bytes = 0;
  int64_t used = 0;

  bool holds(const void* memory) const {
    auto p = static_cast<const char*>(memory);
    return !std::less<>{}(p, data) && std::less<>{}(p, data + bytes);
  }
};

struct LargeBlock {
  char* data = nullptr;
  int64_t bytes = 0;
  bool in_use = false;
};

class ScratchStack {
 public:
  ~ScratchStack() {
    for (Chunk& chunk : chunks_) std::free(chunk.data);
    for (LargeBlock& block : large_) std::free(block.data);
  }

  void* allocate(int64_t bytes) {
    if (bytes < 0 || bytes > most_bytes) return nullptr;
    int64_t size = std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (size > largest_chunk) return allocate_large(size);
    if (chunks_.empty() || chunks_[current_].used + size > chunks_[current_].bytes) {
      if (!advance(size)) return nullptr;
    }
    Chunk& chunk = chunks_[current_];
    void* memory = chunk.data + chunk.used;
    chunk.used += size;
    return memory;
  }

  void release(void* memory) {
    if (!chunks_.empty() && chunks_[current_].holds(memory)) {
      Chunk& chunk = chunks_[current_];
      chunk.used = static_cast<char*>(memory) - chunk.data;
      if (chunk.used == 0 && current_ > 0) --current_;
      return;
    }
    for (LargeBlock& block : large_) {
      if (block.data == memory) block.in_use = false;
    }
    trim_large();
  }

  ScratchUse use() const {
    ScratchUse result;
    for (const Chunk& chunk : chunks_) {
      result.used_bytes += chunk.used;
      result.kept_bytes += chunk.bytes;
    }
    for (const LargeBlock& block : large_) {
      result.used_bytes += block.in_use ? block.bytes : 0;
      result.kept_bytes += block.bytes;
    }
    return result;
  }

 private:
  static char* from_system(int64_t bytes) {
    return static_cast<char*>(allocate_aligned(alignment, static_cast<size_t>(bytes)));
  }

  // Makes a chunk with room for `size` the current one: the next kept chunk, or a new one twice as large as the last.
  bool advance(int64_t size) {
    size_t next = chunks_.empty() || chunks_[current_].used == 0 ? current_ : current_ + 1;
    if (next < chunks_.size() && chunks_[next].bytes >= size) {
      current_ = next;
      return true;
    }
    int64_t grown = chunks_.empty() ? first_chunk : std::min(largest_chunk, 2 * chunks_.back().bytes);
    int64_t bytes = std::max(grown, size);
    char* data = from_system(bytes);
    if (!data) return false;
    while (chunks_.size() > next) {
      std::free(chunks_.back().data);
      chunks_.pop_back();
    }
    chunks_.push_back({data, bytes, 0});
    current_ = next;
    return true;
  }

  void* allocate_large(int64_t size) {
    LargeBlock* best = nullptr;
    for (LargeBlock& block : large_) {
      bool fits = !block.in_use && block.bytes >= size && block.bytes / 2 <= size;
      if (fits && (!best || block.bytes < best->bytes)) best = &block;
    }
    if (!best) {
      char* data = from_system(size);
      if (!data) return nullptr;
      best = &large_.emplace_back(LargeBlock{data, size});
    }
    best->in_use = true;
    return best->data;
  }

  void trim_large() {
    int64_t kept = 0;
    for (const LargeBlock& block : large_) kept += block.in_use ? 0 : block.bytes;
    for (size_t i = 0; i < large_.size() && kept > kept_limit;) {
      if (large_[i].in_use) {
        ++i;
        continue;
      }
      kept -= large_[i].bytes;
      std::free(large_[i].data);
      large_.erase(large_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  std::vector<Chunk> chunks_;  // those after current_ are empty
  size_t current_ = 0;
  std::vector<LargeBlock> large_;
};

thread_local ScratchStack stack_of_thread;

}  // namespace

void* scratch_allocate(int64_t bytes) { return stack_of_thread.allocate(bytes); }
void scratch_release(void* memory) { stack_of_thread.release(memory); }
ScratchUse scratch_use() { return stack_of_thread.use(); }

}  // namespace lathe
