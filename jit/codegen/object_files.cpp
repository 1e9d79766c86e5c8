#include "jit/codegen/object_files.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/Object/ArchiveWriter.h>

#include "jit/codegen/emit_program.h"
#include "jit/codegen/pipeline.h"
#include "support/error.h"

namespace lathe {

namespace {

std::string compiled(llvm::Module& module, llvm::TargetMachine& machine) {
  module.setTargetTriple(machine.getTargetTriple().str());
  codegen::check_module(module);
  return codegen::compile_object(module, machine)->getBuffer().str();
}

// How C passes a parameter of this type: integers of fewer bits come in 32.
llvm::Type* c_type(llvm::LLVMContext& context, DType dtype) {
  if (dtype == DType::f32) return llvm::Type::getFloatTy(context);
  if (dtype == DType::f64) return llvm::Type::getDoubleTy(context);
  if (is_float(dtype)) internal_error("build", "a run-time parameter of a type that C has not");
  return bytes_of(dtype) == 8 ? llvm::Type::getInt64Ty(context) : llvm::Type::getInt32Ty(context);
}

class CallEmitter {
 public:
  CallEmitter(const CallFunction& call, llvm::Module& module)
      : call_(call),
        module_(module),
        context_(module.getContext()),
        builder_(context_),
        pointer_(llvm::PointerType::getUnqual(context_)),
        i64_(llvm::Type::getInt64Ty(context_)) {}

  void run() {
    std::vector<llvm::Type*> types(call_.tensors, pointer_);
    for (DType param : call_.params) types.push_back(c_type(context_, param));
    types.insert(types.end(), {pointer_, pointer_});
    llvm::Type* i32 = llvm::Type::getInt32Ty(context_);
    auto* function = llvm::Function::Create(llvm::FunctionType::get(i32, types, false),
                                            llvm::GlobalValue::ExternalLinkage, call_.symbol, module_);
    builder_.SetInsertPoint(llvm::BasicBlock::Create(context_, "", function));
    llvm::Value* tensors = array(pointer_, call_.tensors);
    for (unsigned i = 0; i < call_.tensors; ++i) put(function->getArg(i), pointer_, tensors, i);
    llvm::Value* bits = array(i64_, call_.params.size());
    for (unsigned i = 0; i < call_.params.size(); ++i) {
      put(bits_of_param(function->getArg(static_cast<unsigned>(call_.tensors) + i)), i64_, bits, i);
    }
    llvm::FunctionCallee target =
        module_.getOrInsertFunction("lathe_call", i32, pointer_, pointer_, pointer_, pointer_, pointer_);
    const auto last = static_cast<unsigned>(types.size());
    builder_.CreateRet(
        builder_.CreateCall(target, {kernel(), tensors, bits, function->getArg(last - 2), function->getArg(last - 1)}));
  }

 private:
  llvm::Value* array(llvm::Type* type, size_t count) {
    return builder_.CreateAlloca(llvm::ArrayType::get(type, std::max<size_t>(count, 1)));
  }
  void put(llvm::Value* value, llvm::Type* type, llvm::Value* array, unsigned index) {
    builder_.CreateStore(value, builder_.CreateConstGEP1_64(type, array, index));
  }
  llvm::Value* bits_of_param(llvm::Value* value) {
    llvm::Type* type = value->getType();
    if (type->isFloatTy()) value = builder_.CreateBitCast(value, builder_.getInt32Ty());
    if (type->isDoubleTy()) value = builder_.CreateBitCast(value, i64_);
    return builder_.CreateZExt(value, i64_);
  }
  llvm::Constant* constant(llvm::Constant* value, const char* name) {
    return new llvm::GlobalVariable(module_, value->getType(), true, llvm::GlobalValue::InternalLinkage, value, name);
  }
  // A LatheKernel.
  llvm::Constant* kernel() {
    llvm::Constant* table =
        constant(llvm::ConstantDataArray::get(context_, llvm::ArrayRef<int64_t>(call_.table)), "table");
    llvm::Constant* text = constant(llvm::ConstantDataArray::getString(context_, call_.text), "text");
    std::vector<llvm::Constant*> entries;
    auto* type = llvm::FunctionType::get(llvm::Type::getInt32Ty(context_), {pointer_, pointer_, pointer_}, false);
    for (const std::string& symbol : call_.entries) {
      entries.push_back(symbol.empty()
                            ? llvm::ConstantPointerNull::get(pointer_)
                            : llvm::cast<llvm::Constant>(module_.getOrInsertFunction(symbol, type).getCallee()));
    }
    llvm::Constant* list = llvm::ConstantArray::get(llvm::ArrayType::get(pointer_, entries.size()), entries);
    return constant(llvm::ConstantStruct::getAnon({table, text, list}), "kernel");
  }

  const CallFunction& call_;
  llvm::Module& module_;
  llvm::LLVMContext& context_;
  llvm::IRBuilder<> builder_;
  llvm::PointerType* pointer_;
  llvm::Type* i64_;
};

}  // namespace

std::string object_file(const ir::Program& program, const Target& target, const std::string& entry_symbol) {
  codegen::initialize_llvm();
  llvm::LLVMContext context;
  auto machine = codegen::target_machine(target);
  auto module = codegen::emit_program(program, target, context, machine->createDataLayout());
  for (llvm::Function& function : *module) {
    if (function.hasExternalLinkage() && !function.isDeclaration()) function.setName(entry_symbol);
  }
  return compiled(*module, *machine);
}

std::string call_object(const CallFunction& call, const Target& target) {
  codegen::initialize_llvm();
  llvm::LLVMContext context;
  auto machine = codegen::target_machine(target);
  llvm::Module module(call.symbol, context);
  module.setDataLayout(machine->createDataLayout());
  CallEmitter(call, module).run();
  return compiled(module, *machine);
}

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<llvm::NewArchiveMember> members;
  for (const auto& [name, bytes] : files) members.emplace_back(llvm::MemoryBufferRef(bytes, name));
  auto archive =
      llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                                 /*Deterministic=*/true, /*Thin=*/false);
  if (!archive) internal_error("build", llvm::toString(archive.takeError()));
  return (*archive)->getBuffer().str();
}

}  // namespace lathe
