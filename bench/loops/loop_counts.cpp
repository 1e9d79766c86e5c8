#include "bench/loops/loop_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "bench/loops/instruction.h"

namespace lathe::loops {

namespace {

constexpr CountInfo kCounts[] = {
    {"instructions", &LoopCounts::instructions, false, true},
    {"cycles", &LoopCounts::cycles, false, true},
    {"arithmetic instructions", &LoopCounts::arithmetic, false, true},
    {"loads", &LoopCounts::loads, false, true},
    {"stores", &LoopCounts::stores, false, true},
    {"spills", &LoopCounts::spills, false, true},
    {"divisions", &LoopCounts::divisions, false, true},
    {"scalar operations", &LoopCounts::scalars, false, true},
    {"calls", &LoopCounts::calls, false, true},
    {"streaming stores", &LoopCounts::streaming, true, true},
    {"bytes of vectors", &LoopCounts::vector_bytes, true, false},
};

struct Turns {
  const char* name;
  double instructions = 0, per_cycle = 1;
  double cycles() const { return instructions / per_cycle; }
};

int latency(Pipe pipe, const Target& target) {
  switch (pipe) {
    case Pipe::add:
      return target.add.latency_cycles;
    case Pipe::mul:
      return target.mul.latency_cycles;
    case Pipe::divide:
      return target.divide.latency_cycles;
    case Pipe::popcount:
      return target.popcount.latency_cycles;
    case Pipe::logic:
    case Pipe::shuffle:
      return target.logic.latency_cycles;
    case Pipe::none:
      return 0;
  }
  return 0;
}

// The longest way from a vector register, as an iteration finds it, to the same register at the iteration's end.
double longest_chain(const std::vector<Instruction>& instructions, const Target& target) {
  double longest = 0;
  for (int first = 0; first < 32; ++first) {
    std::array<double, 32> ready;
    ready.fill(-1);  // does not depend on `first`
    ready[first] = 0;
    for (const Instruction& i : instructions) {
      if (i.writes < 0) continue;
      double time = -1;
      for (int r : i.reads) time = std::max(time, ready[r]);
      ready[i.writes] = time < 0 ? -1 : time + latency(i.pipe, target);
    }
    longest = std::max(longest, ready[first]);
  }
  return longest;
}

void count(const Instruction& i, LoopCounts& counts) {
  ++counts.instructions;
  counts.arithmetic += i.is_vector_arithmetic;
  counts.scalars += i.is_scalar_float;
  counts.divisions += i.divides;
  counts.calls += i.calls;
  counts.operations += i.operations;
  counts.vector_bytes = std::max(counts.vector_bytes, static_cast<double>(i.vector_bytes));
  if (i.on_stack) {
    counts.spills += i.loads + i.stores;
    return;
  }
  counts.loads += i.loads;
  counts.stores += i.stores;
  counts.streaming += i.streams;
  counts.bytes += i.memory_bytes * (i.loads + i.stores);
}

}  // namespace

std::span<const CountInfo> count_infos() { return kCounts; }

double work_of(const LoopCounts& counts) { return counts.operations > 0 ? counts.operations : counts.bytes; }

LoopCounts counts_of(const AsmLoop& loop, const Target& target) {
  LoopCounts counts;
  std::vector<Instruction> instructions;
  std::map<Pipe, double> on;
  double loads = 0, stores = 0;
  for (const std::string& text : loop.instructions) {
    instructions.push_back(instruction_of(text, loop.has_frame_pointer));
    const Instruction& i = instructions.back();
    count(i, counts);
    ++on[i.pipe];
    loads += i.loads;
    stores += i.stores;
  }
  const Turns turns[] = {{"add", on[Pipe::add], target.add.per_cycle},
                         {"mul", on[Pipe::mul], target.mul.per_cycle},
                         {"logic", on[Pipe::logic] + on[Pipe::shuffle], target.logic.per_cycle},
                         {"divide", on[Pipe::divide], target.divide.per_cycle},
                         {"popcount", on[Pipe::popcount], std::max(target.popcount.per_cycle, 0.1)},
                         {"loads", loads, static_cast<double>(target.loads_per_cycle)},
                         {"stores", stores, static_cast<double>(target.stores_per_cycle)},
                         {"chain", longest_chain(instructions, target), 1}};
  const Turns& most = *std::max_element(std::begin(turns), std::end(turns),
                                        [](const Turns& a, const Turns& b) { return a.cycles() < b.cycles(); });
  counts.cycles = most.cycles();
  counts.bound = most.name;
  return counts;
}

std::string print(const LoopCounts& counts) {
  std::string text;
  for (const CountInfo& info : count_infos()) {
    const double value = counts.*info.value;
    if (value == 0) continue;
    text += fmt::format("{}{:.4g} {}", text.empty() ? "" : ", ", value, info.name);
    if (info.value == &LoopCounts::cycles) text += fmt::format(" ({})", counts.bound);
  }
  const double work = work_of(counts);
  if (work == 0) return text;
  return text + fmt::format("; {} {}: {:.3g} instructions, {:.3g} loads, {:.3g} stores, {:.3g} cycles each", work,
                            counts.operations > 0 ? "operations" : "bytes", counts.instructions / work,
                            counts.loads / work, counts.stores / work, counts.cycles / work);
}

}  // namespace lathe::loops
