// The hot loops of one compiled operator, as text that reads back: what the goldens hold.
#pragma once

#include <string>
#include <vector>

#include "bench/loops/assembly.h"
#include "targets/target.h"

namespace lathe::loops {

struct HotLoop {
  AsmLoop loop;
  int times = 1;  // loops of the same shape
};

struct CaseLoops {
  std::string name;                     // "matmul author x86-64-v3"
  int functions = 0, instructions = 0;  // of all of its code
  std::vector<HotLoop> loops = {};      // in the order of the code
};

// Innermost loops, without those that call other code of the kernel and those of the plain nest, which runs only until
// the others are compiled.
CaseLoops hot_loops(const std::string& name, const std::string& assembly);
std::vector<AsmLoop> plain_loops(const std::string& assembly);  // those of the plain nest

// Its instructions without numbers and labels, registers named in the order of their first use: what loops have in
// common that compute the same in the same order.
std::string shape_of(const AsmLoop& loop);

// Takes the text of a loop of the same shape from before, so that a new golden differs in what differs.
void keep_text(CaseLoops& now, const CaseLoops& before);

// The counts in it are for readers; reading makes them anew from the instructions.
std::string print(const CaseLoops& loops, const Target& target);
// Several printed ones, one after the other; lines that begin with # are comments.
std::vector<CaseLoops> parse_case_loops(const std::string& text);

}  // namespace lathe::loops
