/* What generated code, the run time and programs in C agree on. Plain C: the same for JIT and for kernels built ahead
   of time (`lathe build` writes this file as lathe_kernel.h). */
#ifndef LATHE_KERNEL_ABI
#define LATHE_KERNEL_ABI

#include <stdint.h>

/* Counts up when anything below is added to, taken away or changes its meaning, and when a description of a kernel
   (jit/build.cpp) does. What was built with one version runs with no other. */
#define LATHE_ABI_VERSION 2

#ifdef __cplusplus
extern "C" {
#endif

typedef struct LatheContext LatheContext;

/* Iterations [begin, end) of a parallel loop. Returns 0, or a status that ends the loop. */
typedef int32_t (*LatheTask)(LatheContext* context, void* closure, int64_t begin, int64_t end);

/* Services for one call of a kernel. Generated code calls only through these pointers. A program that brings its own
   threads or memory fills one in; several calls may use it at once. */
struct LatheContext {
  /* Runs task over [0, count) in pieces, on any threads; returns when all are done: 0, or the first non-zero result.
     Loops may be nested. Its threads must round to nearest and keep denormals. */
  int32_t (*parallel_for)(LatheContext* context, int64_t count, LatheTask task, void* closure);
  /* Scratch of this thread, 64-byte aligned, released in reverse order; null when there is none left. */
  void* (*allocate)(LatheContext* context, int64_t bytes);
  void (*release)(LatheContext* context, void* memory);
  void* user; /* whatever these functions need */
  /* Told the values that a schedule traces: an element of a tensor, its type by name ("f32"). Null: nobody wants to know. */
  void (*trace)(LatheContext* context, const char* tensor, const char* type, const void* value, int64_t rank,
                const int64_t* indices);
};

/* The entry of a kernel. `buffers`: first element of each tensor argument, in order. `scalars`: sizes, then the strides
   of each argument dimension by dimension, then the address of each argument modulo 64, then run-time parameters (in
   their own bits, low end), then schedule parameters. Returns 0, or 1 when scratch could not be had. */
typedef int32_t (*LatheEntry)(LatheContext* context, void* const* buffers, const int64_t* scalars);

/* --- Kernels built ahead of time. */

/* Element types: 256 times the kind, and the bits of an element. Types of 4 bits lie two in a byte along the last
   dimension, the even index in the low bits; each row begins at a byte: the last stride is 1, all others are even. */
enum {
  LATHE_I4 = 0x104,
  LATHE_U4 = 0x204,
  LATHE_I8 = 0x108,
  LATHE_I16 = 0x110,
  LATHE_I32 = 0x120,
  LATHE_I64 = 0x140,
  LATHE_U8 = 0x208,
  LATHE_U16 = 0x210,
  LATHE_U32 = 0x220,
  LATHE_U64 = 0x240,
  LATHE_F16 = 0x310,
  LATHE_F32 = 0x320,
  LATHE_F64 = 0x340,
  LATHE_BOOL = 0x408,
  LATHE_BF16 = 0x510
};

typedef struct LatheTensor {
  void* data; /* the first element */
  int32_t dtype;
  int32_t rank;
  const int64_t* shape;   /* extents, outermost first */
  const int64_t* strides; /* in elements; null: row-major without gaps but what fills up packed rows */
} LatheTensor;

/* Why a call was refused: the number in the code of docs/errors ("L503" is 503), and a text that names the argument,
   the value and the rule. */
typedef struct LatheError {
  int32_t code;
  char text[1020];
} LatheError;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
