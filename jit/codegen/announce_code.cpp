#include "jit/codegen/announce_code.h"

#include <fmt/format.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELFObjectFile.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "support/environment.h"

extern "C" {
extern jit_descriptor __jit_debug_descriptor;               // LLVM's, which debuggers look for by its name
void __jit_debug_register_code();                           // where they have a breakpoint
}

namespace lathe::codegen {

namespace {

using llvm::jitlink::LinkGraph;

std::mutex& list_mutex() {
  static auto* mutex = new std::mutex;                      // never freed: kernels may outlive static objects
  return *mutex;
}

void tell_debugger(jit_actions_t action, jit_code_entry* entry) {
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_descriptor.relevant_entry = entry;
  __jit_debug_register_code();
  __jit_debug_descriptor.action_flag = JIT_NOACTION;
  __jit_debug_descriptor.relevant_entry = nullptr;
}

void add_to_list(jit_code_entry* entry) {
  std::lock_guard lock(list_mutex());
  entry->next_entry = __jit_debug_descriptor.first_entry;
  if (entry->next_entry) entry->next_entry->prev_entry = entry;
  __jit_debug_descriptor.first_entry = entry;
  tell_debugger(JIT_REGISTER_FN, entry);
}

void take_from_list(jit_code_entry* entry) {
  std::lock_guard lock(list_mutex());
  if (entry->next_entry) entry->next_entry->prev_entry = entry->prev_entry;
  (entry->prev_entry ? entry->prev_entry->next_entry : __jit_debug_descriptor.first_entry) = entry->next_entry;
  tell_debugger(JIT_UNREGISTER_FN, entry);
}

// Where sections lie, into the headers of the object's image.
void write_addresses(char* image, size_t bytes, const std::map<std::string, uint64_t>& addresses) {
  using namespace llvm::ELF;
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  if (header.e_shoff + uint64_t{header.e_shnum} * sizeof(Elf64_Shdr) > bytes) return;
  const auto section_at = [&](size_t i) { return image + header.e_shoff + i * sizeof(Elf64_Shdr); };
  Elf64_Shdr names, section;
  std::memcpy(&names, section_at(header.e_shstrndx), sizeof names);
  for (size_t i = 1; i < header.e_shnum; ++i) {
    std::memcpy(&section, section_at(i), sizeof section);
    auto found = addresses.find(image + names.sh_offset + section.sh_name);
    if (found == addresses.end()) continue;
    section.sh_addr = found->second;
    std::memcpy(section_at(i), &section, sizeof section);
  }
}

std::map<std::string, uint64_t> section_addresses(LinkGraph& graph) {
  std::map<std::string, uint64_t> addresses;
  for (llvm::jitlink::Section& section : graph.sections()) {
    if (section.blocks_size() == 0) continue;
    addresses[section.getName().str()] = llvm::jitlink::SectionRange(section).getStart().getValue();
  }
  return addresses;
}

// A map that cannot be written is a profile without names, no reason to stop.
void append_to_perf_map(LinkGraph& graph) {
  std::map<uint64_t, uint64_t> sizes;                       // names for people have none of their own
  for (const llvm::jitlink::Symbol* symbol : graph.defined_symbols()) {
    uint64_t& size = sizes[symbol->getAddress().getValue()];
    if (symbol->isCallable()) size = std::max<uint64_t>(size, symbol->getSize());
  }
  std::string lines;
  for (const llvm::jitlink::Symbol* symbol : graph.defined_symbols()) {
    const uint64_t address = symbol->getAddress().getValue();
    if (!symbol->hasName() || symbol->getName().str().starts_with("lathe.") || sizes[address] == 0) continue;
    lines += fmt::format("{:x} {:x} {}\n", address, sizes[address], symbol->getName().str());
  }
  std::lock_guard lock(list_mutex());
  std::FILE* file = std::fopen(fmt::format("/tmp/perf-{}.map", getpid()).c_str(), "a");
  if (!file) return;
  std::fwrite(lines.data(), 1, lines.size(), file);
  std::fclose(file);
}

}  // namespace

// Code that exists, by the library that it is linked as.
struct Announced {
  std::mutex mutex;
  std::map<const llvm::orc::JITDylib*, AnnouncedCode*> all;
};

Announced& announced() {
  static auto* one = new Announced;                         // never freed: kernels may outlive static objects
  return *one;
}

class Announcer : public llvm::orc::ObjectLinkingLayer::Plugin {
 public:
  void modifyPassConfig(llvm::orc::MaterializationResponsibility& responsibility, LinkGraph&,
                        llvm::jitlink::PassConfiguration& passes) override {
    passes.PostFixupPasses.push_back([library = &responsibility.getTargetJITDylib()](LinkGraph& graph) {
      std::lock_guard lock(announced().mutex);
      auto code = announced().all.find(library);
      if (code != announced().all.end()) code->second->linked(graph);
      return llvm::Error::success();
    });
  }
  llvm::Error notifyFailed(llvm::orc::MaterializationResponsibility&) override { return llvm::Error::success(); }
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey, llvm::orc::ResourceKey) override {}
};

std::unique_ptr<llvm::orc::ObjectLinkingLayer::Plugin> announcing_plugin() { return std::make_unique<Announcer>(); }

AnnouncedCode::AnnouncedCode(const llvm::orc::JITDylib& code, std::string_view object)
    : code_(code), image_(llvm::WritableMemoryBuffer::getNewUninitMemBuffer(object.size())) {
  std::memcpy(image_->getBufferStart(), object.data(), object.size());
  std::lock_guard lock(announced().mutex);
  announced().all[&code_] = this;
}

void AnnouncedCode::linked(LinkGraph& graph) {
  write_addresses(image_->getBufferStart(), image_->getBufferSize(), section_addresses(graph));
  entry_.symfile_addr = image_->getBufferStart();
  entry_.symfile_size = image_->getBufferSize();
  add_to_list(&entry_);
  listed_ = true;
  if (is_on(Setting::perf_map)) append_to_perf_map(graph);
}

AnnouncedCode::~AnnouncedCode() {
  {
    std::lock_guard lock(announced().mutex);
    announced().all.erase(&code_);
  }
  if (listed_) take_from_list(&entry_);
}

}  // namespace lathe::codegen
