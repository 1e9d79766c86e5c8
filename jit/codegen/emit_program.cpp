#include "jit/codegen/emit_program.h"

#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

namespace {

// Whether something in it can fail: scratch memory, a parallel loop, or a call of a function that can.
bool can_fail(const ir::Function& function, const ModuleState& state) {
  bool found = false;
  if (!function.body) return false;
  ir::visit(function.body, [&](const ir::StmtNode& s) {
    if (s.kind == ir::StmtKind::alloc && s.space == ir::Space::heap) found = true;
    if (s.kind == ir::StmtKind::loop && s.loop == ir::LoopKind::parallel) found = true;
    if (s.kind != ir::StmtKind::call) return;
    auto callee = state.functions.find(s.name);
    if (callee == state.functions.end()) internal_error("codegen", "a call of " + s.name + " before it is defined");
    found = found || callee->second.returns_status;
  });
  return found;
}

void set_attributes(llvm::Function* function, const Target& target) {
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::NoInline);
  function->addFnAttr("target-cpu", cpu_name(target));
  function->addFnAttr("target-features", feature_string(target));
  // Without it the generic cpu x86-64-v4 would be given vectors of half the width.
  if (target.vector_bytes >= 64) function->addFnAttr("prefer-vector-width", "512");
}

// With the program's name in front, no function can be mistaken for one of the C library.
std::string symbol_of(const ir::Program& program, const ir::Function& function, const Linkage& linkage) {
  return linkage.symbols.empty() ? program.name + "." + function.name : linkage.symbols.at(function.name);
}

// A second symbol, for debuggers and profilers.
void name_for_people(const ir::Program& program, const ir::Function& source, llvm::Function* function) {
  llvm::GlobalAlias::create(function->getValueType(), 0, llvm::GlobalValue::ExternalLinkage, program.name + "." + source.name,
                            function, function->getParent());
}

// An entry gets its arguments in two arrays, and variants, which have the same, get them from it; a unit gets each by
// itself.
llvm::Function* declare(const ir::Function& source, ModuleState& state, bool returns_status, const Linkage& linkage) {
  llvm::LLVMContext& context = state.module.getContext();
  llvm::Type* pointer = llvm::PointerType::getUnqual(context);
  const bool is_entry = source.kind == ir::FunctionKind::entry, gets_arrays = source.kind != ir::FunctionKind::unit;
  std::vector<llvm::Type*> parameters = {pointer};
  if (gets_arrays) {
    parameters = {pointer, pointer, pointer};
  } else {
    parameters.resize(1 + source.buffers.size(), pointer);
    for (const ir::Param& param : source.params) parameters.push_back(register_type(context, param.type));
  }
  llvm::Type* result = returns_status ? llvm::Type::getInt32Ty(context) : llvm::Type::getVoidTy(context);
  auto* function = llvm::Function::Create(
      llvm::FunctionType::get(result, parameters, false),
      is_entry || !linkage.symbols.empty() ? llvm::GlobalValue::ExternalLinkage : llvm::GlobalValue::InternalLinkage,
      symbol_of(state.program, source, linkage), state.module);
  set_attributes(function, state.target);
  if (is_entry) return function;
  function->setCallingConv(llvm::CallingConv::Fast);
  if (gets_arrays) return function;
  for (size_t i = 0; i < source.buffers.size(); ++i) {
    const ir::Buffer& buffer = source.buffers[i];
    const auto position = static_cast<unsigned>(i + 1);
    function->addParamAttr(position, llvm::Attribute::NoAlias);
    if (buffer.read_only) function->addParamAttr(position, llvm::Attribute::ReadOnly);
    const llvm::Align alignment(static_cast<uint64_t>(bytes_of(buffer.dtype)));
    function->addParamAttr(position, llvm::Attribute::getWithAlignment(context, alignment));
  }
  return function;
}

void define_parameters(Emitter& emitter, const ir::Function& source, llvm::Function* function) {
  emitter.set_context(function->getArg(0));
  if (source.kind != ir::FunctionKind::unit) {
    emitter.add_arrays(source, function->getArg(1), function->getArg(2));
    return;
  }
  unsigned position = 1;
  for (const ir::Buffer& buffer : source.buffers) {
    emitter.add_buffer(buffer.name, buffer.dtype, function->getArg(position++));
  }
  for (const ir::Param& param : source.params) {
    emitter.add_variable(param.name, param.type, function->getArg(position++));
  }
}

}  // namespace

std::string cpu_name(const Target& target) {
  if (!target.cpu.empty()) return target.cpu;
  return target.level.empty() ? "x86-64" : target.level;
}

std::string feature_string(const Target& target) {
  std::string text;
  for (const std::string& feature : target.features) text += (text.empty() ? "" : ",") + feature;
  return text;
}

std::unique_ptr<llvm::Module> emit_program(const ir::Program& program, const Target& target,
                                           llvm::LLVMContext& context, const llvm::DataLayout& layout,
                                           const Linkage& linkage) {
  if (program.functions.empty() || program.entry().kind != ir::FunctionKind::entry) {
    internal_error("codegen", "the last function of the program " + program.name + " is not its entry");
  }
  auto module = std::make_unique<llvm::Module>(program.name, context);
  module->setDataLayout(layout);
  ModuleState state{.program = program, .target = target, .module = *module, .functions = {}};
  for (const ir::Function& source : program.functions) {
    // The entry's type is LatheEntry's whether it can fail or not.
    const bool is_entry = source.kind == ir::FunctionKind::entry;
    const bool returns_status = is_entry || can_fail(source, state);
    llvm::Function* equal = module->getFunction(symbol_of(program, source, linkage));
    llvm::Function* function = equal ? equal : declare(source, state, returns_status, linkage);
    state.functions[source.name] = {&source, function, returns_status};
    if (equal || linkage.elsewhere.contains(source.name)) continue;
    const NeverNan never_nan(source.body);
    Emitter emitter(state, function, never_nan, returns_status);
    define_parameters(emitter, source, function);
    emitter.run(source.body);
    if (!linkage.symbols.empty()) name_for_people(program, source, function);
  }
  return module;
}

}  // namespace lathe::codegen
