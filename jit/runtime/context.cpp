// Parallel loops on oneTBB. A loop is cut into about four pieces a thread: enough that a piece delayed by another
// process costs a quarter of a share, few enough that starting them costs little beside 10 us of work. A call for the
// whole machine runs in the caller's own arena, so that calls from several threads share the workers without waiting
// for each other; a smaller count has one arena of that size in the process.
#include "jit/runtime/context.h"

#include <tbb/blocked_range.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "jit/runtime/checked_scratch.h"
#include "jit/runtime/scratch.h"

namespace lathe {
namespace {

constexpr int pieces_per_thread = 4;

struct ThreadGroup {
  int threads = 1;
  std::unique_ptr<tbb::task_arena> arena;  // null: the caller's own
  LatheContext context{};
};

void* allocate(LatheContext*, int64_t bytes) { return scratch_allocate(bytes); }
void release(LatheContext*, void* memory) { scratch_release(memory); }
void* allocate_checked(LatheContext*, int64_t bytes) { return checked_scratch_allocate(bytes); }
void release_checked(LatheContext*, void* memory) { checked_scratch_release(memory); }

// LATHE_VERIFY=1 checks what kernels do to their scratch memory, as it does what passes do to programs.
bool checks_scratch() {
  const char* asked = std::getenv("LATHE_VERIFY");
  return asked && std::string_view(asked) == "1";
}

int32_t run_here(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  return count > 0 ? task(context, closure, 0, count) : 0;
}

int32_t run_pieces(LatheContext* context, int64_t count, int64_t pieces, LatheTask task, void* closure) {
  std::atomic<int32_t> status{0};
  int64_t length = count / pieces, longer = count % pieces;  // the first `longer` pieces take one more
  auto body = [&](const tbb::blocked_range<int64_t>& range) {
    for (int64_t piece = range.begin(); piece != range.end(); ++piece) {
      if (status.load(std::memory_order_relaxed)) return;
      int64_t begin = piece * length + std::min(piece, longer);
      int64_t end = begin + length + (piece < longer ? 1 : 0);
      int32_t result = task(context, closure, begin, end);
      int32_t none = 0;
      if (result) status.compare_exchange_strong(none, result);
    }
  };
  tbb::parallel_for(tbb::blocked_range<int64_t>(0, pieces), body, tbb::simple_partitioner{});
  return status.load();
}

int32_t run_parallel(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  if (count <= 1) return run_here(context, count, task, closure);
  auto* group = static_cast<ThreadGroup*>(context->user);
  int64_t pieces = std::min<int64_t>(count, int64_t{pieces_per_thread} * group->threads);
  if (!group->arena) return run_pieces(context, count, pieces, task, closure);
  return group->arena->execute([&] { return run_pieces(context, count, pieces, task, closure); });
}

ThreadGroup* make_group(int threads, int machine_threads) {
  auto group = std::make_unique<ThreadGroup>();
  group->threads = threads;
  if (threads > 1 && threads < machine_threads) group->arena = std::make_unique<tbb::task_arena>(threads);
  group->context = {threads > 1 ? run_parallel : run_here, allocate, release, group.get()};
  if (checks_scratch()) group->context.allocate = allocate_checked, group->context.release = release_checked;
  return group.release();  // never freed: workers may outlive static objects
}

}  // namespace

LatheContext* context_for(int threads) {
  static const int machine_threads = tbb::info::default_concurrency();
  if (threads <= 0) threads = machine_threads;
  constexpr int quick_counts = 64;
  static std::atomic<LatheContext*> quick[quick_counts];
  if (threads < quick_counts) {
    if (LatheContext* context = quick[threads].load(std::memory_order_acquire)) return context;
  }
  static std::mutex mutex;
  static auto* groups = new std::map<int, ThreadGroup*>;
  std::lock_guard lock(mutex);
  ThreadGroup*& group = (*groups)[threads];
  if (!group) group = make_group(threads, machine_threads);
  if (threads < quick_counts) quick[threads].store(&group->context, std::memory_order_release);
  return &group->context;
}

}  // namespace lathe
