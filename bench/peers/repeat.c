// Calls a peer's function many times in a row, so that nothing of Python is in what is timed. Built by native.py.
#include <stdint.h>
#include <time.h>

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

typedef void (*Sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                      const float* b, int ldb, float beta, float* c, int ldc);

// Mean microseconds of C = A B, row-major; the copies of the arguments take turns, beginning with `first`.
double time_sgemm(void* function, int m, int n, int k, float** a, float** b, float** c, int copies, int first, int calls) {
  const Sgemm sgemm = (Sgemm)function;
  const double start = now_us();
  for (int i = 0; i < calls; ++i) {
    const int turn = (first + i) % copies;
    sgemm(101, 111, 111, m, n, k, 1.0f, a[turn], k, b[turn], n, 0.0f, c[turn], n);
  }
  return (now_us() - start) / calls;
}

typedef int (*Execute)(void* primitive, void* stream, int count, const void* arguments);

// The same of oneDNN primitives that run one after the other: arguments[copy * steps + step].
double time_primitives(void* execute, void* stream, void** primitives, int steps, const int* counts, const void** arguments,
                       int copies, int first, int calls) {
  const double start = now_us();
  for (int i = 0; i < calls; ++i) {
    const int turn = (first + i) % copies;
    for (int step = 0; step < steps; ++step) {
      ((Execute)execute)(primitives[step], stream, counts[step], arguments[turn * steps + step]);
    }
  }
  return (now_us() - start) / calls;
}

// What the bench measures itself with: `additions` that wait for each other, one cycle each.
double time_additions(int64_t additions, int calls) {
  const double start = now_us();
  for (int i = 0; i < calls; ++i) {
    int64_t sum = i;
    for (int64_t k = 0; k < additions; ++k) __asm__ volatile("add $1, %0" : "+r"(sum));
  }
  return (now_us() - start) / calls;
}

double time_sleep(int64_t us, int calls) {
  const double start = now_us();
  for (int i = 0; i < calls; ++i) {
    const struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, 0);
  }
  return (now_us() - start) / calls;
}
