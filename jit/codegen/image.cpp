#include "jit/codegen/image.h"

#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <unordered_map>

#include "jit/codegen/announce_code.h"
#include "support/error.h"
#include "support/messages.h"

namespace lathe {

namespace {

namespace orc = llvm::orc;

template <class T>
T value_or_throw(llvm::Expected<T> expected) {
  if (!expected) internal_error("load", llvm::toString(expected.takeError()));
  return std::move(*expected);
}

void throw_on(llvm::Error error) {
  if (error) internal_error("load", llvm::toString(std::move(error)));
}

// The C library's functions that generated code calls: by itself for exp and the like, and through the back end where
// the target has no instruction for an operation, or where it makes one call of a sine and a cosine.
void define_library(orc::JITDylib& library) {
  using F = float (*)(float);
  using F2 = float (*)(float, float);
  using F3 = float (*)(float, float, float);
  using D = double (*)(double);
  using D2 = double (*)(double, double);
  using D3 = double (*)(double, double, double);
  orc::SymbolMap symbols;
  const auto define = [&](const char* name, auto* function) {
    symbols[library.getExecutionSession().intern(name)] = {
        orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Callable | llvm::JITSymbolFlags::Exported};
  };
#define LATHE_UNARY(name) define(#name "f", static_cast<F>(::name##f)), define(#name, static_cast<D>(::name))
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

// One for the process: what an image costs is its own linking.
class Linker {
 public:
  Linker()
      : session_(value_or_throw(orc::SelfExecutorProcessControl::Create())),
        layer_(session_),
        library_(session_.createBareJITDylib("library")) {
    session_.setErrorReporter(
        [](llvm::Error error) { send_message("lathe: load: " + llvm::toString(std::move(error))); });
    layer_.addPlugin(codegen::announcing_plugin());
    define_library(library_);
  }

  orc::JITDylib& make_library() { return session_.createBareJITDylib(std::to_string(count_++)); }

  void add(const std::string& object, const Image::Imports& imports, orc::JITDylib& code) {
    code.addToLinkOrder(library_);
    orc::SymbolMap symbols;
    for (const auto& [name, image] : imports) {
      symbols[session_.intern(name)] = {orc::ExecutorAddr(image->address(name)), llvm::JITSymbolFlags::Callable};
    }
    if (!symbols.empty()) throw_on(code.define(orc::absoluteSymbols(std::move(symbols))));
    throw_on(layer_.add(code, llvm::MemoryBuffer::getMemBuffer(object, "lathe", false)));
  }

  uint64_t address(orc::JITDylib& code, const std::string& symbol) {
    return value_or_throw(session_.lookup({&code}, session_.intern(symbol))).getAddress().getValue();
  }

  void remove(orc::JITDylib& code) {
    llvm::consumeError(session_.removeJITDylib(code));
    constexpr uint64_t sweep_every = 64;  // names of functions that are gone
    if (++removed_ % sweep_every == 0) session_.getSymbolStringPool()->clearDeadEntries();
  }

 private:
  orc::ExecutionSession session_;
  orc::ObjectLinkingLayer layer_;
  orc::JITDylib& library_;
  std::atomic<uint64_t> count_ = 0, removed_ = 0;
};

Linker& linker() {
  static auto* const one = new Linker;  // never freed: threads may outlive static objects
  return *one;
}

// Which image defines a symbol. Images are not kept alive: one that nobody runs any more is gone.
struct Table {
  std::mutex mutex;
  std::unordered_map<std::string, std::weak_ptr<const Image>> images;
  size_t checked_size = 1024;  // where entries of dead images are swept next

  void add(const Image::Ptr& image) {
    std::lock_guard lock(mutex);
    for (const std::string& symbol : image->symbols()) images[symbol] = image;
    if (images.size() < checked_size) return;
    std::erase_if(images, [](const auto& entry) { return entry.second.expired(); });
    checked_size = std::max<size_t>(1024, 2 * images.size());
  }
};

Table& table() {
  static auto* const one = new Table;  // never freed: threads may outlive static objects
  return *one;
}

}  // namespace

Image::Ptr Image::link(std::string object, std::vector<std::string> symbols, Imports imports) {
  std::shared_ptr<Image> image(new Image);
  image->object_ = std::move(object);
  image->symbols_ = std::move(symbols);
  image->imports_ = std::move(imports);
  image->code_ = &linker().make_library();
  image->announced_ = std::make_unique<codegen::AnnouncedCode>(*image->code_, image->object_);
  linker().add(image->object_, image->imports_, *image->code_);
  if (!image->symbols_.empty()) image->address(image->symbols_.back());  // links all of it
  table().add(image);
  return image;
}

Image::~Image() {
  announced_.reset();
  if (code_) linker().remove(*code_);
}

uint64_t Image::address(const std::string& symbol) const { return linker().address(*code_, symbol); }

Image::Ptr find_image(const std::string& symbol) {
  std::lock_guard lock(table().mutex);
  auto found = table().images.find(symbol);
  return found == table().images.end() ? nullptr : found->second.lock();
}

}  // namespace lathe
