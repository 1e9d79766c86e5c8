// Kernel: a plan of checks (kernel_checks.h) and an entry.
#include "jit/runtime/kernel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "jit/runtime/background.h"
#include "jit/runtime/context.h"
#include "jit/runtime/float_mode.h"
#include "jit/runtime/kernel_checks.h"
#include "jit/runtime/kernel_errors.h"
#include "support/messages.h"

namespace lathe {
namespace {

std::atomic<int64_t> compile_event_count{0};

inline void enter(const KernelSignature& signature, LatheEntry entry, LatheContext* context, const PreparedCall& call) {
  const KernelFloatMode mode;
  const int32_t status = entry(context, call.buffers.data(), call.scalars.data());
  if (status == 1) call_error::out_of_memory(signature);
  if (status != 0) internal_error("call", "kernel " + signature.name + " returned " + std::to_string(status));
}

LatheContext* context_of(const RunOptions& options) {
  return options.context ? options.context : context_for(options.threads);
}

std::vector<const TensorView*> pointers_to(std::span<const TensorView> views) {
  std::vector<const TensorView*> list;
  for (const TensorView& view : views) list.push_back(&view);
  return list;
}

}  // namespace

struct [[gnu::visibility("hidden")]] Kernel::State {
  enum class Progress : uint8_t { whole, compiling, failed };

  State(KernelSignature signature, LoadedCode code, CompileStats first_stats, Progress at)
      : plan(std::move(signature)), entry(code.entry), first(std::move(code)), stats(first_stats), progress(at) {}

  void complete(const CompileRest& compile_rest);
  void finish(Progress end, LoadedCode code, const CompileStats& new_stats);

  CallPlan plan;
  std::atomic<LatheEntry> entry;
  const LoadedCode first;                                   // stays: calls may be in it, and the rest may call it
  mutable std::mutex mutex;                                 // of all below
  std::condition_variable finished;
  LoadedCode rest;
  CompileStats stats;
  Progress progress;
};

void Kernel::State::complete(const CompileRest& compile_rest) {
  CompileStats new_stats = stats;                           // nobody else writes
  try {
    LoadedCode code = compile_rest(new_stats);
    finish(Progress::whole, std::move(code), new_stats);
  } catch (const std::exception& error) {
    send_message(std::string(error.what()) + "\nnote: the kernel " + plan.signature().name +
                 " goes on without what could not be compiled");
    finish(Progress::failed, {}, stats);
  }
}

void Kernel::State::finish(Progress end, LoadedCode code, const CompileStats& new_stats) {
  std::lock_guard lock(mutex);
  rest = std::move(code);
  if (rest.entry) entry.store(rest.entry, std::memory_order_release);
  stats = new_stats;
  progress = end;
  finished.notify_all();
}

Kernel::Kernel(KernelSignature signature, LoadedCode code, CompileStats stats)
    : state_(std::make_shared<State>(std::move(signature), std::move(code), stats, State::Progress::whole)) {}

Kernel::Kernel(KernelSignature signature, LoadedCode code, CompileStats stats, CompileRest rest)
    : state_(std::make_shared<State>(std::move(signature), std::move(code), stats, State::Progress::compiling)) {
  run_in_background([kernel = std::weak_ptr(state_), rest = std::move(rest)] {
    if (std::shared_ptr<State> state = kernel.lock()) state->complete(rest);
  });
}

void Kernel::run_each(std::span<const TensorView* const> arguments, const RunOptions& options,
                      const std::map<std::string, double>* params) const {
  const State& state = *state_;
  PreparedCall call = state.plan.empty_call();
  state.plan.prepare(arguments, params, call);
  enter(state.plan.signature(), state.entry.load(std::memory_order_acquire), context_of(options), call);
}

void Kernel::run(std::span<const TensorView> arguments, const RunOptions& options,
                 const std::map<std::string, double>& params) const {
  SmallArray<const TensorView*, 16> list(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) list[i] = &arguments[i];
  run_each({list.data(), list.size()}, options, &params);
}

void Kernel::run(const std::map<std::string, TensorView>& arguments, const RunOptions& options,
                 const std::map<std::string, double>& params) const {
  run_each(state_->plan.in_order(arguments), options, &params);
}

std::function<void()> Kernel::bind(std::span<const TensorView> arguments, const RunOptions& options,
                                   const std::map<std::string, double>& params) const {
  struct BoundCall {
    std::shared_ptr<State> state;
    LatheContext* context;
    PreparedCall call;
  };
  auto bound = std::shared_ptr<BoundCall>(new BoundCall{state_, context_of(options), state_->plan.empty_call()});
  state_->plan.prepare(pointers_to(arguments), &params, bound->call);
  return [bound] {
    const State& state = *bound->state;
    enter(state.plan.signature(), state.entry.load(std::memory_order_acquire), bound->context, bound->call);
  };
}

int64_t Kernel::scratch_bytes(const std::map<std::string, int64_t>& sizes, int threads) const {
  const std::vector<int64_t> scalars = state_->plan.scalars_at(sizes);
  const auto bytes = [&](const SizeFormula& formula) {
    return formula.steps.empty() ? 0 : std::max<int64_t>(0, formula.evaluate(scalars.data()));
  };
  const auto of_code = [&](const LoadedCode& code) {
    return bytes(code.scratch.outside) + std::max(1, threads) * bytes(code.scratch.inside);
  };
  std::lock_guard lock(state_->mutex);
  return std::max(of_code(state_->first), of_code(state_->rest));
}

void Kernel::set_tune_param(const std::string& name, int64_t value) { state_->plan.set_tune_param(name, value); }
const KernelSignature& Kernel::signature() const { return state_->plan.signature(); }

CompileStats Kernel::stats() const {
  std::lock_guard lock(state_->mutex);
  return state_->stats;
}

bool Kernel::wait() const {
  std::unique_lock lock(state_->mutex);
  state_->finished.wait(lock, [&] { return state_->progress != State::Progress::compiling; });
  return state_->progress == State::Progress::whole;
}

std::string_view name_of(CacheHit hit) {
  constexpr std::string_view names[] = {"miss", "memory", "disk"};
  return names[static_cast<size_t>(hit)];
}

int64_t compile_events() { return compile_event_count.load(); }
void count_compile_event() { ++compile_event_count; }

}  // namespace lathe
