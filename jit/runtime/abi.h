// What generated code and the run time agree on. Plain C layout: the same for JIT and for kernels built ahead of time.
#pragma once

#include <cstdint>

extern "C" {

typedef struct LatheContext LatheContext;

// Iterations [begin, end) of a parallel loop.
typedef int32_t (*LatheTask)(LatheContext* context, void* closure, int64_t begin, int64_t end);

// Services for one call of a kernel. Generated code calls only through these pointers.
struct LatheContext {
  // Runs task over [0, count) in pieces, on any threads; returns when all are done: 0, or the first non-zero result.
  int32_t (*parallel_for)(LatheContext* context, int64_t count, LatheTask task, void* closure);
  // Scratch of this thread, 64-byte aligned, released in reverse order; null when there is none left.
  void* (*allocate)(LatheContext* context, int64_t bytes);
  void (*release)(LatheContext* context, void* memory);
  void* user;
};

// The entry of a kernel. `buffers`: first element of each tensor argument, in order. `scalars`: sizes, then the strides
// of each argument dimension by dimension, then the address of each argument modulo 64, then run-time parameters (in
// their own bits, low end), then schedule parameters. Returns 0, or 1 when scratch could not be had.
typedef int32_t (*LatheEntry)(LatheContext* context, void* const* buffers, const int64_t* scalars);

}  // extern "C"
