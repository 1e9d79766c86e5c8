// The thread that compiles the rest of kernels, held up.
#pragma once

#include <future>
#include <memory>

#include "jit/runtime/background.h"

namespace lathe {

// Returns when the background has nothing left from before. What it is given then waits until the promise is kept: code
// that runs first goes on running, and kernels that are dropped are never compiled whole.
inline std::promise<void> hold_background() {
  std::promise<void> open;
  const auto begun = std::make_shared<std::promise<void>>();
  run_in_background([gate = open.get_future().share(), begun] {
    begun->set_value();
    gate.wait();
  });
  begun->get_future().wait();
  return open;
}

}  // namespace lathe
