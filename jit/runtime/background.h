// One thread of the process for work that nobody waits for: jobs run one after the other, in the order they came.
#pragma once

#include <functional>

namespace lathe {

// A job must not throw. When the process ends, the job that runs is finished and those behind it are dropped.
void run_in_background(std::function<void()> job);

}  // namespace lathe
