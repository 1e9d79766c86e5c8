/* The call of a kernel that was built ahead of time: its checks, and the choice of the code that this CPU can run. It
   reads a description that `lathe build` writes; jit/build.cpp has its layout. Needs the C library alone. */
#ifndef LATHE_CALL
#define LATHE_CALL

#include "jit/runtime/abi.h"

/* Instruction set levels, strongest first. */
enum { LATHE_LEVELS = 3 }; /* x86-64-v4, -v3, -v2 */

/* What a call has room for; `lathe build` refuses what needs more. Depth: steps of a size formula. */
enum { MOST_ARGUMENTS = 64, MOST_SCALARS = 512, MOST_RANK = 32, MOST_DEPTH = 64 };

typedef struct LatheKernel {
  const int64_t* table;
  const char* text;
  LatheEntry entries[LATHE_LEVELS]; /* null: not built for this level */
} LatheKernel;

/* Checks everything, then runs. Returns 0, or the code of an error that `error`, where given, describes; nothing was
   written then, but after 509 (no scratch memory). `context` null: this thread and the C library's memory. */
int32_t lathe_call(const LatheKernel* kernel, const LatheTensor* const* tensors, const int64_t* param_bits,
                   LatheContext* context, LatheError* error);

#endif
