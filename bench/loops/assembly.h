// Assembly text as functions, and the loops in them: what counting instructions begins with. AT&T syntax, as LLVM
// prints it for x86-64.
#pragma once

#include <string>
#include <vector>

namespace lathe::loops {

// Labels ("name:") and instructions ("mnemonic operands"); no directives, no comments.
struct AsmFunction {
  std::string name;
  std::vector<std::string> lines;
  bool has_frame_pointer = false;  // %rbp points into the stack

  std::string text() const;
};

// A loop with no other loop inside it. Blocks stand in the order of the text, from the loop's entry on and around its
// end: both sides of a branch are there.
struct AsmLoop {
  std::string function;
  std::vector<std::string> instructions;
  bool has_frame_pointer = false;

  int count(const std::string& prefix) const;  // instructions whose mnemonic begins so
  std::string text() const;
};

std::vector<AsmFunction> functions_of(const std::string& assembly);
// The first function whose name ends so; one without lines where there is none.
AsmFunction function_named(const std::string& assembly, const std::string& end);
// In the order of their entries. A loop is what a jump back to an instruction closes through which each way in leads.
std::vector<AsmLoop> innermost_loops(const AsmFunction& function);
std::vector<AsmLoop> innermost_loops(const std::string& assembly, const std::string& end);  // of the function named so

}  // namespace lathe::loops
