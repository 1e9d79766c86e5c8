#include "jit/codegen/host_features.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include "support/error.h"

namespace lathe {

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

}  // namespace lathe
