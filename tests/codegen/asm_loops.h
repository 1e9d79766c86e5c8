// Loops in assembly text, for tests that count instructions.
#pragma once

#include <string>
#include <vector>

namespace lathe::test {

// The instructions of a loop without loops inside, one "mnemonic operands" each, in AT&T syntax.
struct AsmLoop {
  std::vector<std::string> instructions;

  int count(const std::string& prefix) const;            // instructions whose mnemonic begins so
  int reads() const;                                     // vector instructions with a memory operand, stores left out
  int stack_vectors() const;                             // vector registers to or from the stack
  std::string text() const;
};

// Of the function whose label ends in `name`.
std::vector<AsmLoop> innermost_loops(const std::string& assembly, const std::string& name);
std::string function_text(const std::string& assembly, const std::string& name);

}  // namespace lathe::test
