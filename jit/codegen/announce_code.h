// Tells debuggers and profilers of the functions of an object file that is loaded, so that they show them by name.
//
// gdb and lldb read a list of object files in this process (GDB's JIT interface): an object enters it with the places that
// its sections got, and leaves it when its code goes. perf reads /tmp/perf-PID.map, which is written where LATHE_PERF_MAP
// asks for it.
#pragma once

#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/TargetProcess/JITLoaderGDB.h>

#include <memory>

namespace lathe::codegen {

class AnnouncedCode {
 public:
  // Watches the layer link this object; no other may be linked through it.
  AnnouncedCode(llvm::orc::ObjectLinkingLayer& layer, const llvm::MemoryBuffer& object);
  ~AnnouncedCode();
  AnnouncedCode(const AnnouncedCode&) = delete;
  AnnouncedCode& operator=(const AnnouncedCode&) = delete;

 private:
  class Watcher;
  void linked(llvm::jitlink::LinkGraph& graph);

  std::unique_ptr<llvm::WritableMemoryBuffer> image_;       // the object file, with addresses
  jit_code_entry entry_{};
  bool listed_ = false;
};

}  // namespace lathe::codegen
