// From programs to text for people, and to code in this process.
#include <llvm/Object/ObjectFile.h>

#include <atomic>
#include <chrono>
#include <map>

#include "jit/codegen/codegen.h"
#include "jit/codegen/emit_program.h"
#include "jit/codegen/function_keys.h"
#include "jit/codegen/host_features.h"
#include "jit/codegen/image.h"
#include "jit/codegen/pipeline.h"

namespace lathe {

namespace {

#ifdef NDEBUG
std::atomic<bool> verifies_modules = false;
#else
std::atomic<bool> verifies_modules = true;
#endif

template <class T> T value_or_throw(llvm::Expected<T> expected) {
  if (!expected) internal_error("load", llvm::toString(expected.takeError()));
  return std::move(*expected);
}

struct CompiledModule {
  std::unique_ptr<llvm::LLVMContext> context;
  codegen::MachinePtr machine;
  std::unique_ptr<llvm::Module> module;
};

// `for_people`: values keep their names.
CompiledModule make_module(const ir::Program& program, const Target& target, bool verify, bool for_people = false,
                           const codegen::Linkage& linkage = {}, Effort effort = Effort::full) {
  codegen::initialize_llvm();
  CompiledModule result;
  result.context = std::make_unique<llvm::LLVMContext>();
  result.context->setDiscardValueNames(!for_people);
  result.machine = codegen::target_machine(target, effort);
  result.module = codegen::emit_program(program, target, *result.context, result.machine->createDataLayout(),
                                         linkage);
  result.module->setTargetTriple(result.machine->getTargetTriple().str());
  if (verify) codegen::check_module(*result.module);
  return result;
}

int64_t text_bytes(const llvm::MemoryBuffer& object) {
  auto file = value_or_throw(llvm::object::ObjectFile::createObjectFile(object.getMemBufferRef()));
  uint64_t bytes = 0;
  for (const llvm::object::SectionRef& section : file->sections()) {
    if (section.isText()) bytes += section.getSize();
  }
  return static_cast<int64_t>(bytes);
}

// The functions that are not in memory yet, as one object file, linked to those that are.
Image::Ptr compile_image(const ir::Program& program, const Target& target,
                         const std::map<std::string, std::string>& keys, bool share, Effort effort,
                         CompileStats& stats) {
  codegen::Linkage linkage{.symbols = keys};
  std::set<std::string> symbols;
  Image::Imports imports;
  for (const ir::Function& f : program.functions) {
    const std::string& symbol = keys.at(f.name);
    Image::Ptr there = share ? find_image(symbol) : nullptr;
    if (!there) {
      symbols.insert(symbol);
      continue;
    }
    linkage.elsewhere.insert(f.name);
    imports[symbol] = std::move(there);
  }
  CompiledModule compiled = make_module(program, target, verifies_modules, false, linkage, effort);
  stats.ir_instructions += static_cast<int64_t>(compiled.module->getInstructionCount());
  std::erase_if(imports, [&](const auto& import) {
    const llvm::Function* declared = compiled.module->getFunction(import.first);
    return !declared || declared->use_empty();
  });
  const std::unique_ptr<llvm::MemoryBuffer> object = codegen::compile_object(*compiled.module, *compiled.machine);
  stats.code_bytes += text_bytes(*object);
  stats.shared_functions += static_cast<int>(linkage.elsewhere.size());
  count_compile_event();
  return Image::link(object->getBuffer().str(), {symbols.begin(), symbols.end()}, std::move(imports));
}

}  // namespace

void set_module_verification(bool on) { verifies_modules = on; }

std::string llvm_text(const ir::Program& program, const Target& target) {
  CompiledModule compiled = make_module(program, target, true, true);
  std::string text;
  llvm::raw_string_ostream out(text);
  compiled.module->print(out, nullptr);
  return text;
}

std::vector<std::string> llvm_passes(const Target& target) {
  codegen::initialize_llvm();
  return codegen::pass_names(*codegen::target_machine(target));
}

std::string assembly_text(const ir::Program& program, const Target& target) {
  CompiledModule compiled = make_module(program, target, true);
  return codegen::compile_assembly(*compiled.module, *compiled.machine);
}

LoadedProgram load(const ir::Program& program, const Target& target, CompileStats& stats, bool share, Effort effort) {
  const auto start = std::chrono::steady_clock::now();
  require_host_features(target);
  const std::map<std::string, std::string> keys = codegen::function_keys(program, target, effort);
  LoadedProgram loaded;
  loaded.symbol = keys.at(program.entry().name);
  if (share) loaded.image = find_image(loaded.symbol);
  stats.cache = loaded.image ? CacheHit::memory : CacheHit::miss;
  if (!loaded.image) loaded.image = compile_image(program, target, keys, share, effort, stats);
  loaded.entry = reinterpret_cast<LatheEntry>(loaded.image->address(loaded.symbol));
  loaded.owner = loaded.image;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  stats.codegen_ms += took.count();
  return loaded;
}

}  // namespace lathe
