#include "bench/c_kernel.h"

#include <fmt/format.h>

#include "bench/emit_c.h"
#include "jit/signature.h"

namespace lathe::bench {

namespace {

constexpr size_t kInAFile = 12;  // short files, so that all processors find work

// Same semantics: no reassociation, no assumption about NaN, infinities or the sign of zero. Contraction is what the
// numeric class `fast` allows, and `strict` does not.
CCompiler compiler_for(const std::string& command, const Target& target, bool strict) {
  const std::string march = target.name == target.level ? target.level : "native";
  return {
      command,
      {"-std=gnu17", "-O3", "-march=" + march, "-fno-math-errno", strict ? "-ffp-contract=off" : "-ffp-contract=fast"}};
}

}  // namespace

size_t CKernels::add(const Operator& op, const Target& target) {
  const CompileOptions options{.schedule = plain_nest(op), .target = target};
  const std::string name = fmt::format("kernel_{}", entries_.size());
  entries_.push_back({op, name, c_text(compile_to_ir(op, options, "simplify"), name, true)});
  return entries_.size() - 1;
}

void CKernels::compile(const std::string& command, const Target& target) {
  for (bool strict : {false, true}) {
    std::vector<std::string> files;
    size_t in_file = kInAFile;
    for (const Entry& entry : entries_) {
      if (entry.op.strict != strict) continue;
      if (in_file == kInAFile) files.push_back(c_prelude()), in_file = 0;
      files.back() += entry.text;
      ++in_file;
    }
    if (!files.empty()) libraries_.push_back(std::make_shared<CLibrary>(files, compiler_for(command, target, strict)));
  }
}

Kernel CKernels::kernel(size_t number) const {
  const Entry& entry = entries_[number];
  for (const auto& library : libraries_) {
    if (void* address = library->find(entry.name)) {
      return Kernel(signature_of(entry.op, {}), LoadedCode{reinterpret_cast<LatheEntry>(address), library},
                    CompileStats{});
    }
  }
  throw std::runtime_error("the C kernel " + entry.name + " is in no library");
}

}  // namespace lathe::bench
