// What an instruction is to a core: its pipe, its memory accesses, the vector registers it waits for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lathe::loops {

// The pipes of target descriptions; shuffles move lanes, and go where logic goes. none: moves, address work, control.
enum class Pipe : uint8_t { none, add, mul, logic, shuffle, divide, popcount };

struct Instruction {
  Pipe pipe = Pipe::none;
  int operations = 0;                 // arithmetic of the formula, all lanes: a fused multiply-add is two
  int vector_bytes = 0;               // of the widest vector register; 0: none
  bool is_vector_arithmetic = false;  // takes a turn of the add, mul or divide pipe, all lanes
  bool is_scalar_float = false;       // takes such a turn for one number
  bool divides = false;               // integers too; square roots
  bool calls = false;
  bool loads = false, stores = false, on_stack = false, streams = false;
  int memory_bytes = 0;
  std::vector<int> reads;  // numbers of vector registers, memory operands left out
  int writes = -1;         // -1: none
};

// `has_frame_pointer`: %rbp points into the stack.
Instruction instruction_of(const std::string& text, bool has_frame_pointer);

// The mnemonic and the kinds of the operands, "vaddps memory, ymm, ymm": what differs in registers and numbers only is
// equal.
std::string shape_of(const std::string& text);

}  // namespace lathe::loops
