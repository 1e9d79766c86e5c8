#include "jit/runtime/on_threads.h"

#include <tbb/blocked_range.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

namespace lathe {

struct Arena {
  explicit Arena(int threads) : tasks(threads) {}
  tbb::task_arena tasks;
};

Arena* make_arena(int threads) { return new Arena(threads); }

int threads_of_machine() { return tbb::info::default_concurrency(); }

void on_threads(Arena* arena, int64_t count, void (*run)(void* data, int64_t begin, int64_t end), void* data) {
  const auto parts = [=] {
    const auto part = [=](const tbb::blocked_range<int64_t>& range) { run(data, range.begin(), range.end()); };
    tbb::parallel_for(tbb::blocked_range<int64_t>(0, count), part, tbb::simple_partitioner{});
  };
  if (arena)
    arena->tasks.execute(parts);
  else
    parts();
}

}  // namespace lathe
