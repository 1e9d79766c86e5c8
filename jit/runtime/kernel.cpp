// Kernel: a plan of checks (kernel_checks.h) and an entry.
#include "jit/runtime/kernel.h"

#include <atomic>

#include "jit/runtime/context.h"
#include "jit/runtime/kernel_checks.h"
#include "jit/runtime/kernel_errors.h"

namespace lathe {
namespace {

std::atomic<int64_t> compile_event_count{0};

void enter(const KernelSignature& signature, LatheEntry entry, LatheContext* context, const PreparedCall& call) {
  int32_t status = entry(context, call.buffers.data(), call.scalars.data());
  if (status == 1) call_error::out_of_memory(signature);
  if (status != 0) internal_error("call", "kernel " + signature.name + " returned " + std::to_string(status));
}

std::vector<const TensorView*> pointers_to(std::span<const TensorView> views) {
  std::vector<const TensorView*> list;
  for (const TensorView& view : views) list.push_back(&view);
  return list;
}

}  // namespace

struct [[gnu::visibility("hidden")]] Kernel::State {
  CallPlan plan;
  LoadedCode code;
  CompileStats stats;
};

Kernel::Kernel(KernelSignature signature, LoadedCode code, CompileStats stats)
    : state_(std::make_shared<State>(CallPlan(std::move(signature)), std::move(code), std::move(stats))) {}

void Kernel::run_each(std::span<const TensorView* const> arguments, const RunOptions& options,
                      const std::map<std::string, double>& params) const {
  PreparedCall call = state_->plan.empty_call();
  state_->plan.prepare(arguments, params, call);
  enter(state_->plan.signature(), state_->code.entry, context_for(options.threads), call);
}

void Kernel::run(std::span<const TensorView> arguments, const RunOptions& options,
                 const std::map<std::string, double>& params) const {
  SmallArray<const TensorView*, 16> list(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) list[i] = &arguments[i];
  run_each({list.data(), list.size()}, options, params);
}

void Kernel::run(const std::map<std::string, TensorView>& arguments, const RunOptions& options,
                 const std::map<std::string, double>& params) const {
  run_each(state_->plan.in_order(arguments), options, params);
}

std::function<void()> Kernel::bind(std::span<const TensorView> arguments, const RunOptions& options,
                                   const std::map<std::string, double>& params) const {
  struct BoundCall {
    std::shared_ptr<State> state;
    LatheContext* context;
    PreparedCall call;
  };
  auto bound =
      std::shared_ptr<BoundCall>(new BoundCall{state_, context_for(options.threads), state_->plan.empty_call()});
  state_->plan.prepare(pointers_to(arguments), params, bound->call);
  return [bound] { enter(bound->state->plan.signature(), bound->state->code.entry, bound->context, bound->call); };
}

void Kernel::set_tune_param(const std::string& name, int64_t value) { state_->plan.set_tune_param(name, value); }
const KernelSignature& Kernel::signature() const { return state_->plan.signature(); }
const CompileStats& Kernel::stats() const { return state_->stats; }

int64_t compile_events() { return compile_event_count.load(); }
void count_compile_event() { ++compile_event_count; }

}  // namespace lathe
