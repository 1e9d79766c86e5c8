#include "targets/fingerprint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lathe {

namespace {

// FNV-1a: the same in every run and on every machine.
uint64_t hash_of(const std::string& text) {
  uint64_t value = 0xcbf29ce484222325u;
  for (char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return value;
}

}  // namespace

std::string fingerprint_of(const Target& t) {
  const uint64_t features = hash_of(fmt::format("{}", fmt::join(t.features, ",")));
  return fmt::format("{} {} vector {}x{} L1 {} L2 {} L3 {} threads {} features {:08x}", t.level,
                     t.cpu.empty() ? "generic" : t.cpu, t.vector_bytes, t.vector_registers, t.l1_bytes, t.l2_bytes,
                     t.l3_bytes, t.threads, features & 0xffffffffu);
}

}  // namespace lathe
