// The machine this runs on, as a target description: LLVM's CPU detection, hwloc for caches and threads.
#pragma once

#include "targets/target.h"

namespace lathe {

const Target& host_target();                                // detected once
// The description for `--target NAME`: "" or "host" the host, a level such as x86-64-v3 the host's caches, threads and
// clock with that instruction set. Rates are measured where the host can run it, else those of the description.
Target target_on_host(const std::string& name);

// The features that `target` names and `machine` has not.
std::vector<std::string> missing_features(const Target& target, const Target& machine);
// Error{missing_feature} naming them, if any: code for `target` must not run on `machine`.
void check_runs_on(const Target& target, const Target& machine);

}  // namespace lathe
