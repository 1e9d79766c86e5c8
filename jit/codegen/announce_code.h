// Tells debuggers and profilers of the functions of an object file that is loaded, so that they show them by name.
//
// gdb and lldb read a list of object files in this process (GDB's JIT interface): an object enters it with the places that
// its sections got, and leaves it when its code goes. perf reads /tmp/perf-PID.map, which is written where LATHE_PERF_MAP
// asks for it.
#pragma once

#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/TargetProcess/JITLoaderGDB.h>

#include <memory>
#include <string_view>

namespace lathe::codegen {

// Tells of what a layer links, for code of which an AnnouncedCode exists by then.
std::unique_ptr<llvm::orc::ObjectLinkingLayer::Plugin> announcing_plugin();

class AnnouncedCode {
 public:
  // Of the object file that is to be linked as this library.
  AnnouncedCode(const llvm::orc::JITDylib& code, std::string_view object);
  ~AnnouncedCode();
  AnnouncedCode(const AnnouncedCode&) = delete;
  AnnouncedCode& operator=(const AnnouncedCode&) = delete;

 private:
  friend class Announcer;
  void linked(llvm::jitlink::LinkGraph& graph);

  const llvm::orc::JITDylib& code_;
  std::unique_ptr<llvm::WritableMemoryBuffer> image_;       // the object file, with addresses
  jit_code_entry entry_{};
  bool listed_ = false;
};

}  // namespace lathe::codegen
