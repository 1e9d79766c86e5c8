// The loops that the meter times, in assembly so that no compiler can spill, fold or reorder them.
#pragma once

#include <cstdint>

namespace lathe {

enum class MeterOp : uint8_t { add, mul, fma, logic, divide, popcount, load, store };

// What the loops read and write: two constants in every lane, and lines for load and store.
struct alignas(64) MeterData {
  float small[16], near_one[16];
  float lines[12][16];
  MeterData();
};

// A loop of 48 equal instructions an iteration on 12 independent registers.
using MeterLoop = void (*)(int64_t iterations, MeterData* data);
inline constexpr int instructions_per_iteration = 48;

// The loop for an operation on vectors of 16, 32 or 64 bytes; null where this CPU has no such instruction.
MeterLoop meter_loop(MeterOp op, int vector_bytes);

// 128 dependent additions an iteration, one cycle each. Of registers: some cores fold additions of constants.
void run_dependent_additions(int64_t iterations);
inline constexpr int additions_per_iteration = 128;

// Plain loads of `bytes` (a multiple of 512) from `from`, and a copy with non-temporal stores, in the widest vectors of
// this CPU; both pointers 64-byte aligned.
void run_read(const void* from, int64_t bytes);
void run_streaming_copy(void* to, const void* from, int64_t bytes);

}  // namespace lathe
