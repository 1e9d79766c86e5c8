// Parallel loops. A loop is cut into about four pieces a thread: enough that a piece delayed by another
// process costs a quarter of a share, few enough that starting them costs little beside 10 us of work. A call for the
// whole machine runs in the caller's own arena, so that calls from several threads share the workers without waiting
// for each other; a smaller count has one arena of that size in the process.
#include "jit/runtime/context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <vector>

#include "jit/runtime/checked_scratch.h"
#include "jit/runtime/float_mode.h"
#include "jit/runtime/on_threads.h"
#include "jit/runtime/scratch.h"
#include "support/dtype.h"
#include "support/environment.h"
#include "support/messages.h"
#include "support/tensor_view.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define LATHE_TSAN
#endif
#endif

namespace lathe {
namespace {

constexpr int pieces_per_thread = 4;

struct ThreadGroup {
  int threads = 1;
  Arena* arena = nullptr;  // null: the caller's own
  LatheContext context{};
};

void* allocate(LatheContext*, int64_t bytes) { return scratch_allocate(bytes); }
void release(LatheContext*, void* memory) { scratch_release(memory); }
void* allocate_checked(LatheContext*, int64_t bytes) { return checked_scratch_allocate(bytes); }
void release_checked(LatheContext*, void* memory) { checked_scratch_release(memory); }

// "trace: C[3, 5] = 1.25"
void send_traced(LatheContext*, const char* tensor, const char* type, const void* value, int64_t rank, const int64_t* indices) {
  const DType dtype = dtype_named(type).value_or(DType::f64);
  const TensorView element{const_cast<void*>(value), dtype, {}, {}};
  std::string text = !is_float(dtype)      ? fmt::format("{}", load_as_integer(element, 0))
                     : dtype == DType::f64 ? fmt::format("{}", load_as_double(element, 0))
                                           : fmt::format("{}", static_cast<float>(load_as_double(element, 0)));
  send_message(fmt::format("trace: {}[{}] = {}", tensor, fmt::join(indices, indices + rank, ", "), text));
}

// LATHE_VERIFY=1 checks what kernels do to their scratch memory, as it does what passes do to programs.
bool checks_scratch() { return is_on(Setting::verify); }

std::atomic<uint64_t> order_seed = 0;

int32_t run_permuted(LatheContext* context, int64_t count, LatheTask task, void* closure, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(std::max<int64_t>(count, 0)));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  for (int64_t i : order) {
    if (int32_t status = task(context, closure, i, i + 1)) return status;
  }
  return 0;
}

int32_t run_here(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  if (const uint64_t seed = order_seed.load(std::memory_order_relaxed)) return run_permuted(context, count, task, closure, seed);
  return count > 0 ? task(context, closure, 0, count) : 0;
}

struct Loop {
  LatheContext* context;
  LatheTask task;
  void* closure;
  int64_t length, longer;  // of its pieces the first `longer` take one more
  std::atomic<int32_t> status{0};
};

// What comes before this in one thread comes before what follows arrive() in another: oneTBB sees to it, which
// ThreadSanitizer does not see.
void depart([[maybe_unused]] Loop& loop) {
#ifdef LATHE_TSAN
  __tsan_release(&loop);
#endif
}
void arrive([[maybe_unused]] Loop& loop) {
#ifdef LATHE_TSAN
  __tsan_acquire(&loop);
#endif
}

void run_pieces(Loop& loop, int64_t first, int64_t last) {
  const KernelFloatMode mode;
  for (int64_t piece = first; piece != last; ++piece) {
    if (loop.status.load(std::memory_order_relaxed)) return;
    int64_t begin = piece * loop.length + std::min(piece, loop.longer);
    int64_t end = begin + loop.length + (piece < loop.longer ? 1 : 0);
    int32_t result = loop.task(loop.context, loop.closure, begin, end);
    int32_t none = 0;
    if (result) loop.status.compare_exchange_strong(none, result);
  }
}

int32_t run_parallel(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  if (count <= 1 || order_seed.load(std::memory_order_relaxed)) return run_here(context, count, task, closure);
  auto* group = static_cast<ThreadGroup*>(context->user);
  const int64_t pieces = std::min<int64_t>(count, int64_t{pieces_per_thread} * group->threads);
  Loop loop{context, task, closure, count / pieces, count % pieces};
  depart(loop);
  const auto run = [](void* data, int64_t first, int64_t last) {
    Loop& mine = *static_cast<Loop*>(data);
    arrive(mine);
    run_pieces(mine, first, last);
    depart(mine);
  };
  on_threads(group->arena, pieces, run, &loop);
  arrive(loop);
  return loop.status.load();
}

ThreadGroup* make_group(int threads, int machine_threads) {
  auto group = std::make_unique<ThreadGroup>();
  group->threads = threads;
  if (threads > 1 && threads < machine_threads) group->arena = make_arena(threads);
  group->context = {threads > 1 ? run_parallel : run_here, allocate, release, group.get(), send_traced};
  if (checks_scratch()) group->context.allocate = allocate_checked, group->context.release = release_checked;
  return group.release();  // never freed: workers may outlive static objects
}

}  // namespace

void set_parallel_order(uint64_t seed) { order_seed.store(seed); }

LatheContext* context_for(int threads) {
  static const int machine_threads = threads_of_machine();
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
