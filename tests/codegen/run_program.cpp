#include "tests/codegen/run_program.h"

#include <cstdlib>

#include "jit/ir/verify.h"

namespace lathe::test {

namespace {

CountingContext* owner_of(LatheContext* context) { return static_cast<CountingContext*>(context->user); }

int32_t run_in_pieces(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  for (int64_t begin = 0; begin < count; begin += 3) {
    ++owner_of(context)->pieces;
    if (int32_t status = task(context, closure, begin, std::min(begin + 3, count))) return status;
  }
  return 0;
}

}  // namespace

CountingContext::CountingContext() {
  context_.parallel_for = run_in_pieces;
  context_.allocate = [](LatheContext* context, int64_t bytes) -> void* {
    CountingContext* self = owner_of(context);
    if (self->allocated >= self->fails_from) return nullptr;
    ++self->allocated;
    self->held_.push_back(std::aligned_alloc(64, static_cast<size_t>((bytes + 63) / 64 * 64)));
    return self->held_.back();
  };
  context_.release = [](LatheContext* context, void* memory) {
    CountingContext* self = owner_of(context);
    ++self->released;
    if (self->held_.back() != memory) self->in_reverse_order = false;
    self->held_.pop_back();
    std::free(memory);
  };
  context_.user = this;
}

Target test_target(const std::string& name) { return target_named(name); }

bool host_runs(const std::string& target_name) {
  try {
    Compiled("program p\nentry e() {\n}\n", test_target(target_name));
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::missing_feature) throw;
    return false;
  }
}

std::vector<Target> runnable_targets() {
  std::vector<Target> targets;
  for (const char* name : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    if (host_runs(name)) targets.push_back(test_target(name));
  }
  return targets;
}

Compiled::Compiled(const std::string& text, const Target& target) {
  set_module_verification(true);
  const ir::Program program = ir::parse_program(text);
  code_ = load(program, target, stats);
}

int Compiled::run(std::initializer_list<void*> buffers, std::initializer_list<int64_t> scalars) {
  return code_.entry(context.get(), std::data(buffers), std::data(scalars));
}

}  // namespace lathe::test
