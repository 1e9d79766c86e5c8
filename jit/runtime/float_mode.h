// The floating-point mode that kernels compute in (docs/semantics.md): nearest, denormals kept. A program may have set
// another one in its threads, and threads of a pool start with the mode of whoever started them.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace lathe {

// In force for a scope, on this thread.
#if defined(__SSE__)
class KernelFloatMode {
 public:
  KernelFloatMode() : before_(_mm_getcsr()) {
    if (differs()) [[unlikely]]
      _mm_setcsr(kernel_mode);
  }
  ~KernelFloatMode() {
    if (differs()) [[unlikely]]
      _mm_setcsr(before_);
  }
  KernelFloatMode(const KernelFloatMode&) = delete;
  KernelFloatMode& operator=(const KernelFloatMode&) = delete;

 private:
  static constexpr unsigned kernel_mode = 0x1f80, flags = 0x3f;  // exceptions masked; flags: what happened so far
  bool differs() const { return (before_ & ~flags) != kernel_mode; }
  unsigned before_;
};
#else
class KernelFloatMode {
 public:
  KernelFloatMode() {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~KernelFloatMode() { std::fesetenv(&before_); }
  KernelFloatMode(const KernelFloatMode&) = delete;
  KernelFloatMode& operator=(const KernelFloatMode&) = delete;

 private:
  std::fenv_t before_;
};
#endif

}  // namespace lathe
