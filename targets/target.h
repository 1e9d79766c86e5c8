// A machine as data. Descriptions are TOML files in this folder, embedded in the library; the host's comes from
// jit/runtime/host.h. The legality checker, lowering, code generation and the bench read it; nothing else names a CPU.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/error.h"

namespace lathe {

// Throughput and latency of a class of machine operations (the pipe column of lang/ops.def).
struct PipeInfo {
  double per_cycle = 1;        // vector instructions of full width started each cycle
  int latency_cycles = 4;
};

struct Target {
  std::string name;            // "x86-64-v3", "host", or a description's own
  std::string level;           // instruction set level: x86-64-v2, x86-64-v3, x86-64-v4
  std::string cpu;             // LLVM's name for scheduling, "" for generic
  std::vector<std::string> features;   // LLVM's: "+avx512f"; the whole set, given to code generation
  int vector_bytes = 32;
  int vector_registers = 16;
  bool mask_registers = false; // loads and stores of some lanes cost no more than whole ones
  PipeInfo add, mul, logic, divide, popcount;   // mul includes fma; popcount.per_cycle 0: no vector instruction
  int loads_per_cycle = 2, stores_per_cycle = 1;
  int64_t l1_bytes = 32 << 10, l2_bytes = 1 << 20, l3_bytes = 32 << 20;
  int threads = 1;
  double clock_ghz = 0;        // 0: unknown

  int lanes(int64_t element_bytes) const { return static_cast<int>(vector_bytes / element_bytes); }
  bool has_feature(std::string_view feature) const;         // "fma": whether features hold "+fma"
};

// The instruction set levels a description may name, weakest first; -1 for a name that is none.
int level_number(std::string_view level);

// A description by name (x86-64-v2, x86-64-v3, x86-64-v4: instruction set with typical caches, one thread), perhaps with
// features that bring more instructions (x86-64-v4+avx512vnni). Error{unknown_target} lists the names.
Target target_named(const std::string& name);
std::vector<std::string> target_names();
// Reads a description. Error{syntax} where it is no TOML, Error{bad_file} at the line of an unknown, missing or wrong key.
Target parse_target(std::string_view toml, const std::string& file_name);

// Everything that compiling for the target may look at, as text: equal texts give equal code. The name and the clock,
// which is measured anew in each process, are for people.
std::string key_text(const Target& target);

// `machine` with the instruction set, registers and pipes of `isa`: what --target x86-64-v3 means on this host.
Target with_instruction_set(const Target& machine, const Target& isa);

}  // namespace lathe
