// Machine instructions that a schedule may name, as data: what each means is text in the language, which lowering
// matches with the algorithm. A machine without one runs the meaning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "targets/target.h"

namespace lathe {

struct Instruction {
  std::string_view name;
  std::string_view features;      // any one of them brings it, with spaces between
  bool adds = false;              // to a register that it is given; else what it gives is added
  bool shifted = false;           // its first operand by 128, which what it adds is corrected for
  std::string_view intrinsic[3];  // LLVM's for 128, 256 and 512 bits
  std::string_view meaning;       // an operator whose inputs are the operands, in their order
};

// Of two floats a and b: a 2^floor(b), rounded once, to infinity or a denormal where that is the result. No schedule names it;
// formulas of functions use it (jit/passes/math_formulas.h).
inline constexpr std::string_view scaling_instruction = "vscalefps";
bool has_scaling(const Target& target);

const Instruction* instruction_named(std::string_view name);
std::vector<std::string> instruction_names();
bool has_instruction(const Target& target, const Instruction& instruction);
// The features that bring instructions of the table.
std::vector<std::string> instruction_features();

}  // namespace lathe
