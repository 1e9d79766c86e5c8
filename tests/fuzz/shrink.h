// Makes a trial small that shows a fault: fewer runs, directives, sizes, Funcs, and simpler values, as long as the fault
// shows.
#pragma once

#include <functional>

#include "tests/fuzz/trial.h"

namespace lathe {

// `still` tells whether a trial shows it; it is asked at most `attempts` times.
Trial shrunk(Trial trial, const std::function<bool(const Trial&)>& still, int attempts = 600);

}  // namespace lathe
