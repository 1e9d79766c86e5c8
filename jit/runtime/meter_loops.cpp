// Twelve accumulators cover the latency of every pipe (4 cycles x 2 or 3 pipes), and four rounds of them an iteration
// make the counter's two instructions vanish. Values stay near one, so that no operand is denormal, infinite or a
// special case of a divider; no instruction is one that a core drops at rename (a register xored with itself, a move).
// The loops are plain text for the assembler: the file needs no target option, and meter_loop hands out only what the
// CPU has.
#include "jit/runtime/meter_loops.h"

#include <algorithm>
#include <iterator>

namespace lathe {
namespace {

#define TWELVE(instruction, reg)                                                                                    \
  instruction(reg, "0") instruction(reg, "1") instruction(reg, "2") instruction(reg, "3") instruction(reg, "4")     \
      instruction(reg, "5") instruction(reg, "6") instruction(reg, "7") instruction(reg, "8") instruction(reg, "9") \
          instruction(reg, "10") instruction(reg, "11")

#define VECTORS_CLOBBERED \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm13", "xmm14"

// Registers 0-11 and 13 hold near_one, 14 holds small.
#define METER_LOOP(name, reg, move, instruction, finish)                                                           \
  void name(int64_t iterations, MeterData* data) {                                                                 \
    asm volatile(TWELVE(move, reg) move(reg, "13") move##_small(reg) ".p2align 5\n1:\n\t" TWELVE(instruction, reg) \
                     TWELVE(instruction, reg) TWELVE(instruction, reg)                                             \
                         TWELVE(instruction, reg) "dec %0\n\tjnz 1b\n\t" finish                                    \
                 : "+r"(iterations)                                                                                \
                 : "r"(data)                                                                                       \
                 : "cc", "memory", VECTORS_CLOBBERED);                                                             \
  }

#define MOVE_SSE(reg, n) "movups 64(%1), %%" reg n "\n\t"
#define MOVE_SSE_small(reg) "movups (%1), %%" reg "14\n\t"
#define MOVE_AVX(reg, n) "vmovups 64(%1), %%" reg n "\n\t"
#define MOVE_AVX_small(reg) "vmovups (%1), %%" reg "14\n\t"

#define ADD_SSE(reg, n) "addps %%" reg "14, %%" reg n "\n\t"
#define MUL_SSE(reg, n) "mulps %%" reg "13, %%" reg n "\n\t"
#define LOGIC_SSE(reg, n) "pxor %%" reg "14, %%" reg n "\n\t"
#define DIVIDE_SSE(reg, n) "divps %%" reg "13, %%" reg n "\n\t"
#define LOAD_SSE(reg, n) "movups 128+64*" n "(%1), %%" reg n "\n\t"
#define STORE_SSE(reg, n) "movups %%" reg n ", 128+64*" n "(%1)\n\t"

#define ADD_AVX(reg, n) "vaddps %%" reg "14, %%" reg n ", %%" reg n "\n\t"
#define MUL_AVX(reg, n) "vmulps %%" reg "13, %%" reg n ", %%" reg n "\n\t"
#define FMA_AVX(reg, n) "vfmadd231ps %%" reg "13, %%" reg "14, %%" reg n "\n\t"
#define LOGIC_AVX(reg, n) "vpxor %%" reg "14, %%" reg n ", %%" reg n "\n\t"
#define LOGIC_AVX512(reg, n) "vpxord %%" reg "14, %%" reg n ", %%" reg n "\n\t"
#define DIVIDE_AVX(reg, n) "vdivps %%" reg "13, %%" reg n ", %%" reg n "\n\t"
#define POPCOUNT_AVX512(reg, n) "vpopcntd %%" reg n ", %%" reg n "\n\t"
#define LOAD_AVX(reg, n) "vmovups 128+64*" n "(%1), %%" reg n "\n\t"
#define STORE_AVX(reg, n) "vmovups %%" reg n ", 128+64*" n "(%1)\n\t"

METER_LOOP(add_16, "xmm", MOVE_SSE, ADD_SSE, "")
METER_LOOP(mul_16, "xmm", MOVE_SSE, MUL_SSE, "")
METER_LOOP(logic_16, "xmm", MOVE_SSE, LOGIC_SSE, "")
METER_LOOP(divide_16, "xmm", MOVE_SSE, DIVIDE_SSE, "")
METER_LOOP(load_16, "xmm", MOVE_SSE, LOAD_SSE, "")
METER_LOOP(store_16, "xmm", MOVE_SSE, STORE_SSE, "")
METER_LOOP(fma_16, "xmm", MOVE_AVX, FMA_AVX, "vzeroupper")
METER_LOOP(popcount_16, "xmm", MOVE_AVX, POPCOUNT_AVX512, "vzeroupper")

METER_LOOP(add_32, "ymm", MOVE_AVX, ADD_AVX, "vzeroupper")
METER_LOOP(mul_32, "ymm", MOVE_AVX, MUL_AVX, "vzeroupper")
METER_LOOP(fma_32, "ymm", MOVE_AVX, FMA_AVX, "vzeroupper")
METER_LOOP(logic_32, "ymm", MOVE_AVX, LOGIC_AVX, "vzeroupper")
METER_LOOP(divide_32, "ymm", MOVE_AVX, DIVIDE_AVX, "vzeroupper")
METER_LOOP(popcount_32, "ymm", MOVE_AVX, POPCOUNT_AVX512, "vzeroupper")
METER_LOOP(load_32, "ymm", MOVE_AVX, LOAD_AVX, "vzeroupper")
METER_LOOP(store_32, "ymm", MOVE_AVX, STORE_AVX, "vzeroupper")

METER_LOOP(add_64, "zmm", MOVE_AVX, ADD_AVX, "vzeroupper")
METER_LOOP(mul_64, "zmm", MOVE_AVX, MUL_AVX, "vzeroupper")
METER_LOOP(fma_64, "zmm", MOVE_AVX, FMA_AVX, "vzeroupper")
METER_LOOP(logic_64, "zmm", MOVE_AVX, LOGIC_AVX512, "vzeroupper")
METER_LOOP(divide_64, "zmm", MOVE_AVX, DIVIDE_AVX, "vzeroupper")
METER_LOOP(popcount_64, "zmm", MOVE_AVX, POPCOUNT_AVX512, "vzeroupper")
METER_LOOP(load_64, "zmm", MOVE_AVX, LOAD_AVX, "vzeroupper")
METER_LOOP(store_64, "zmm", MOVE_AVX, STORE_AVX, "vzeroupper")

// Eight vectors an iteration. `width` is a vector's bytes as text.
#define READ_LOOP(name, reg, move, width, finish)                                                               \
  void name(int64_t iterations, const void* from) {                                                             \
    asm volatile(".p2align 5\n1:\n\t" move " (%1), %%" reg "0\n\t" move " " width "(%1), %%" reg "1\n\t" move   \
                 " 2*" width "(%1), %%" reg "2\n\t" move " 3*" width "(%1), %%" reg "3\n\t" move " 4*" width    \
                 "(%1), %%" reg "4\n\t" move " 5*" width "(%1), %%" reg "5\n\t" move " 6*" width "(%1), %%" reg \
                 "6\n\t" move " 7*" width "(%1), %%" reg                                                        \
                 "7\n\t"                                                                                        \
                 "add $8*" width ", %1\n\tdec %0\n\tjnz 1b\n\t" finish                                          \
                 : "+r"(iterations), "+r"(from)                                                                 \
                 :                                                                                              \
                 : "cc", "memory", VECTORS_CLOBBERED);                                                          \
  }
READ_LOOP(read_16, "xmm", "movups", "16", "")
READ_LOOP(read_32, "ymm", "vmovups", "32", "vzeroupper")
READ_LOOP(read_64, "zmm", "vmovups", "64", "vzeroupper")

// Four vectors an iteration.
#define COPY_LOOP(name, reg, move, stream, width, finish)                                                     \
  void name(int64_t iterations, void* to, const void* from) {                                                 \
    asm volatile(".p2align 5\n1:\n\t" move " (%1), %%" reg "0\n\t" move " " width "(%1), %%" reg "1\n\t" move \
                 " 2*" width "(%1), %%" reg "2\n\t" move " 3*" width "(%1), %%" reg "3\n\t" stream " %%" reg  \
                 "0, (%2)\n\t" stream " %%" reg "1, " width "(%2)\n\t" stream " %%" reg "2, 2*" width         \
                 "(%2)\n\t" stream " %%" reg "3, 3*" width                                                    \
                 "(%2)\n\t"                                                                                   \
                 "add $4*" width ", %1\n\tadd $4*" width ", %2\n\tdec %0\n\tjnz 1b\n\tsfence\n\t" finish      \
                 : "+r"(iterations), "+r"(from), "+r"(to)                                                     \
                 :                                                                                            \
                 : "cc", "memory", VECTORS_CLOBBERED);                                                        \
  }
COPY_LOOP(copy_16, "xmm", "movups", "movntps", "16", "")
COPY_LOOP(copy_32, "ymm", "vmovups", "vmovntps", "32", "vzeroupper")
COPY_LOOP(copy_64, "zmm", "vmovups", "vmovntps", "64", "vzeroupper")

struct LoopRow {
  MeterOp op;
  MeterLoop loops[3];  // for 16, 32 and 64 bytes
};
constexpr LoopRow loop_rows[] = {
    {MeterOp::add, {add_16, add_32, add_64}},
    {MeterOp::mul, {mul_16, mul_32, mul_64}},
    {MeterOp::fma, {fma_16, fma_32, fma_64}},
    {MeterOp::logic, {logic_16, logic_32, logic_64}},
    {MeterOp::divide, {divide_16, divide_32, divide_64}},
    {MeterOp::popcount, {popcount_16, popcount_32, popcount_64}},
    {MeterOp::load, {load_16, load_32, load_64}},
    {MeterOp::store, {store_16, store_32, store_64}},
};

bool cpu_has(MeterOp op, int vector_bytes) {
  if (vector_bytes == 32 && !__builtin_cpu_supports("avx2")) return false;
  if (vector_bytes == 64 && !__builtin_cpu_supports("avx512f")) return false;
  if (op == MeterOp::fma && vector_bytes < 64) return __builtin_cpu_supports("fma");
  if (op != MeterOp::popcount) return true;
  return __builtin_cpu_supports("avx512vpopcntdq") && (vector_bytes == 64 || __builtin_cpu_supports("avx512vl"));
}

}  // namespace

MeterData::MeterData() {
  std::fill(std::begin(small), std::end(small), 1e-6f);
  std::fill(std::begin(near_one), std::end(near_one), 1.0000001f);
  for (auto& line : lines) std::fill(std::begin(line), std::end(line), 1.0f);
}

MeterLoop meter_loop(MeterOp op, int vector_bytes) {
  int column = vector_bytes == 16 ? 0 : vector_bytes == 32 ? 1 : vector_bytes == 64 ? 2 : -1;
  if (column < 0 || !cpu_has(op, vector_bytes)) return nullptr;
  for (const LoopRow& row : loop_rows) {
    if (row.op == op) return row.loops[column];
  }
  return nullptr;
}

#define ADD_1 "add %1, %2\n\t"
#define ADD_8 ADD_1 ADD_1 ADD_1 ADD_1 ADD_1 ADD_1 ADD_1 ADD_1
#define ADD_64 ADD_8 ADD_8 ADD_8 ADD_8 ADD_8 ADD_8 ADD_8 ADD_8
void run_dependent_additions(int64_t iterations) {
  int64_t step = 1, total = 0;
  asm volatile(".p2align 5\n1:\n\t" ADD_64 ADD_64 "dec %0\n\tjnz 1b"
               : "+r"(iterations), "+r"(step), "+r"(total)
               :
               : "cc");
}

void run_read(const void* from, int64_t bytes) {
  if (__builtin_cpu_supports("avx512f")) return read_64(bytes / (8 * 64), from);
  if (__builtin_cpu_supports("avx2")) return read_32(bytes / (8 * 32), from);
  read_16(bytes / (8 * 16), from);
}

void run_streaming_copy(void* to, const void* from, int64_t bytes) {
  if (__builtin_cpu_supports("avx512f")) return copy_64(bytes / (4 * 64), to, from);
  if (__builtin_cpu_supports("avx2")) return copy_32(bytes / (4 * 32), to, from);
  copy_16(bytes / (4 * 16), to, from);
}

}  // namespace lathe
