// Loads object code into this process with ORC and JITLink, one LLJIT for each program. Memory is writable or
// executable, never both.
#include <llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/TargetParser/Host.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>

#include "jit/codegen/announce_code.h"
#include "jit/codegen/codegen.h"
#include "jit/codegen/emit_program.h"
#include "jit/codegen/pipeline.h"

namespace lathe {

namespace {

namespace orc = llvm::orc;

#ifdef NDEBUG
std::atomic<bool> verifies_modules = false;
#else
std::atomic<bool> verifies_modules = true;
#endif

template <class T> T value_or_throw(llvm::Expected<T> expected) {
  if (!expected) internal_error("load", llvm::toString(expected.takeError()));
  return std::move(*expected);
}

void throw_on(llvm::Error error) {
  if (error) internal_error("load", llvm::toString(std::move(error)));
}

struct CompiledModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
};

// `for_people`: values keep their names.
CompiledModule make_module(const ir::Program& program, const Target& target, bool verify, bool for_people = false,
                           const codegen::Linkage& linkage = {}) {
  codegen::initialize_llvm();
  CompiledModule result;
  result.context = std::make_unique<llvm::LLVMContext>();
  result.context->setDiscardValueNames(!for_people);
  result.machine = codegen::make_target_machine(target);
  result.module = codegen::emit_program(program, target, *result.context, result.machine->createDataLayout(),
                                         linkage);
  result.module->setTargetTriple(result.machine->getTargetTriple().str());
  if (verify) codegen::check_module(*result.module);
  return result;
}

// Code for another machine would be an illegal instruction at some call.
void require_host_features(const Target& target) {
  static const llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  const auto require = [&](llvm::StringRef feature) {
    // These name ways of encoding and of using an operating system, which detection does not report.
    if (feature == "64bit" || feature == "evex512" || feature == "sahf") return;
    auto found = host.find(feature);
    if (found != host.end() && found->second) return;
    ErrorParts parts;
    parts.step = "load";
    parts.what = "target " + target.name + " cannot run on this machine";
    parts.got = "a CPU without " + feature.str();
    parts.need = "all features of the target";
    parts.hint = "compile for the target \"host\"";
    throw Error(ErrorCode::missing_feature, std::move(parts));
  };
  for (const std::string& feature : target.features) {
    if (feature.starts_with('+')) require(llvm::StringRef(feature).drop_front());
  }
  if (target.level == "x86-64-v3" || target.level == "x86-64-v4") {
    for (const char* feature : {"avx2", "fma", "bmi2"}) require(feature);
  }
  if (target.level == "x86-64-v4") {
    for (const char* feature : {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}) require(feature);
  }
}

int64_t text_bytes(const llvm::MemoryBuffer& object) {
  auto file = value_or_throw(llvm::object::ObjectFile::createObjectFile(object.getMemBufferRef()));
  uint64_t bytes = 0;
  for (const llvm::object::SectionRef& section : file->sections()) {
    if (section.isText()) bytes += section.getSize();
  }
  return static_cast<int64_t>(bytes);
}

// The C library's functions that generated code calls: by itself for exp and the like, and through the back end where
// the target has no instruction for an operation, or where it makes one call of a sine and a cosine.
void define_library(orc::LLJIT& jit, orc::JITDylib& library) {
  using F = float (*)(float);
  using F2 = float (*)(float, float);
  using F3 = float (*)(float, float, float);
  using D = double (*)(double);
  using D2 = double (*)(double, double);
  using D3 = double (*)(double, double, double);
  orc::SymbolMap symbols;
  const auto define = [&](const char* name, auto* function) {
    symbols[jit.mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Callable};
  };
#define LATHE_UNARY(name) \
  define(#name "f", static_cast<F>(::name##f)), define(#name, static_cast<D>(::name))
  LATHE_UNARY(exp), LATHE_UNARY(exp2), LATHE_UNARY(log), LATHE_UNARY(log2), LATHE_UNARY(sin), LATHE_UNARY(cos);
  LATHE_UNARY(tanh), LATHE_UNARY(erf);
  LATHE_UNARY(floor), LATHE_UNARY(ceil);
#undef LATHE_UNARY
  // The default rounding mode is in force: nearbyint rounds ties to even.
  define("roundevenf", static_cast<F>(::nearbyintf)), define("roundeven", static_cast<D>(::nearbyint));
  define("sincosf", static_cast<void (*)(float, float*, float*)>(::sincosf));
  define("sincos", static_cast<void (*)(double, double*, double*)>(::sincos));
  define("powf", static_cast<F2>(::powf)), define("pow", static_cast<D2>(::pow));
  define("fmaf", static_cast<F3>(::fmaf)), define("fma", static_cast<D3>(::fma));
  throw_on(library.define(orc::absoluteSymbols(std::move(symbols))));
}

std::unique_ptr<orc::LLJIT> make_jit(const llvm::TargetMachine& machine) {
  orc::LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(orc::JITTargetMachineBuilder(machine.getTargetTriple()));
  builder.setDataLayout(machine.createDataLayout());
  builder.setPlatformSetUp(orc::setUpInactivePlatform);     // no constructors, no thread-local variables
  builder.setLinkProcessSymbolsByDefault(false);
  builder.setObjectLinkingLayerCreator([](orc::ExecutionSession& session, const llvm::Triple&) {
    return std::make_unique<orc::ObjectLinkingLayer>(session, session.getExecutorProcessControl().getMemMgr());
  });
  return value_or_throw(builder.create());
}

// What keeps code in memory. It is announced for a shorter time than it exists.
struct LoadedProgram {
  std::unique_ptr<orc::LLJIT> jit;
  std::optional<codegen::AnnouncedCode> announced;
};

// An equal body means the same only where it calls nothing: names of units are a program's own.
bool can_share(const ir::Function& function) {
  bool calls = function.kind == ir::FunctionKind::entry;
  ir::visit(function.body, [&](const ir::StmtNode& s) { calls = calls || s.kind == ir::StmtKind::call; });
  return !calls;
}

std::map<std::string, uint64_t> known_functions(const ir::Program& program, const LoadedFunctions& known) {
  std::map<std::string, uint64_t> found;
  for (const ir::Function& f : program.functions) {
    if (!can_share(f)) continue;
    if (const uint64_t address = known.find(f)) found[f.name] = address;
  }
  return found;
}

void define_known(orc::LLJIT& jit, const ir::Program& program, const std::map<std::string, uint64_t>& found) {
  orc::SymbolMap symbols;
  for (const auto& [name, address] : found) {
    symbols[jit.mangleAndIntern(codegen::symbol_name(program, *program.find(name)))] = {orc::ExecutorAddr(address),
                                                                                     llvm::JITSymbolFlags::Callable};
  }
  if (!symbols.empty()) throw_on(jit.getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols))));
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
  return codegen::pass_names(*codegen::make_target_machine(target));
}

std::string assembly_text(const ir::Program& program, const Target& target) {
  CompiledModule compiled = make_module(program, target, true);
  return codegen::compile_assembly(*compiled.module, *compiled.machine);
}

uint64_t LoadedFunctions::find(const ir::Function& function) const {
  for (const Known& known : known_) {
    const ir::Function& f = known.function;
    const bool same_type = f.name == function.name && f.buffers == function.buffers && f.params == function.params;
    if (same_type && ir::equal(f.body, function.body)) return known.address;
  }
  return 0;
}

void LoadedFunctions::add(const ir::Function& function, uint64_t address) { known_.push_back({function, address}); }

LoadedCode load(const ir::Program& program, const Target& target, CompileStats& stats, const LoadedFunctions* known,
                LoadedFunctions* made) {
  const auto start = std::chrono::steady_clock::now();
  require_host_features(target);
  const std::map<std::string, uint64_t> found = known ? known_functions(program, *known) : std::map<std::string, uint64_t>();
  codegen::Linkage linkage{.all_visible = made != nullptr};
  for (const auto& [name, address] : found) linkage.elsewhere.insert(name);
  CompiledModule compiled = make_module(program, target, verifies_modules, false, linkage);
  stats.ir_instructions += compiled.module->getInstructionCount();
  std::unique_ptr<llvm::MemoryBuffer> object = codegen::compile_object(*compiled.module, *compiled.machine);
  stats.code_bytes += text_bytes(*object);

  auto loaded = std::make_shared<LoadedProgram>();
  loaded->jit = make_jit(*compiled.machine);
  orc::LLJIT* jit = loaded->jit.get();
  loaded->announced.emplace(llvm::cast<orc::ObjectLinkingLayer>(jit->getObjLinkingLayer()), *object);
  define_library(*jit, jit->getMainJITDylib());
  define_known(*jit, program, found);
  throw_on(jit->addObjectFile(std::move(object)));
  const auto address_of = [&](const ir::Function& f) { return value_or_throw(jit->lookup(codegen::symbol_name(program, f))); };
  orc::ExecutorAddr entry = address_of(program.entry());
  count_compile_event();
  for (const ir::Function& f : program.functions) {
    if (made && can_share(f) && !found.contains(f.name)) made->add(f, address_of(f).getValue());
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  stats.codegen_ms += took.count();
  return {.entry = entry.toPtr<LatheEntry>(), .owner = std::move(loaded)};
}

}  // namespace lathe
