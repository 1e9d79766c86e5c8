/* A C program that runs a kernel built ahead of time: it links the archive of `lathe build` and nothing else of Lathe.

     lathe build examples/layer.lathe -o built
     cc examples/embed.c -I built -L built -llathe_layer -lm -o embed

   It brings its own memory, and threads as simple as can be; and it shows what a refused call says. */
#include <stdio.h>
#include <stdlib.h>

#include "lathe_layer.h"

enum { K = 3, N = 4 };

/* Scratch memory from here; `user` counts what was asked for. */
static void* allocate(LatheContext* context, int64_t bytes) {
  *(int64_t*)context->user += bytes;
  return aligned_alloc(64, (size_t)(bytes + 64) / 64 * 64);
}

static void release(LatheContext* context, void* memory) {
  (void)context;
  free(memory);
}

/* A pool of threads would hand pieces of [0, count) to its workers; this one does two pieces itself. */
static int32_t parallel_for(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  const int64_t half = count / 2;
  const int32_t status = half > 0 ? task(context, closure, 0, half) : 0;
  return status || half == count ? status : task(context, closure, half, count);
}

int main(void) {
  float x[K] = {1, 2, 3}, B[K][N], bias[N] = {-32, -38, -39, -36}, y[N];
  for (int k = 0; k < K; ++k) {
    for (int j = 0; j < N; ++j) B[k][j] = (float)(N * k + j);
  }
  const int64_t shape_x[] = {K}, shape_B[] = {K, N}, shape_y[] = {N}, wrong[] = {N + 1};
  const LatheTensor X = {x, LATHE_F32, 1, shape_x, NULL}, W = {B, LATHE_F32, 2, shape_B, NULL};
  const LatheTensor b = {bias, LATHE_F32, 1, shape_y, NULL};
  LatheTensor Y = {y, LATHE_F32, 1, shape_y, NULL};
  int64_t scratch_bytes = 0;
  LatheContext context = {parallel_for, allocate, release, &scratch_bytes, NULL};
  LatheError error;

  if (lathe_layer(&X, &W, &b, &Y, &context, &error)) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  printf("y = %g %g %g %g\n", y[0], y[1], y[2], y[3]);

  Y.shape = wrong;
  const int32_t code = lathe_layer(&X, &W, &b, &Y, NULL, &error);
  printf("error %d: %s\n", (int)code, error.text);
  return code == 503 ? 0 : 1;
}
