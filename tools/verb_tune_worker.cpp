// lathe tune-worker: what `lathe tune` starts to try candidates in. Not for people.
#include <unistd.h>

#include "tools/verbs.h"
#include "tuner/worker.h"

namespace lathe::tools {

Action add_tune_worker(CLI::App&) {
  return [] {
    const int answers = dup(1);                             // what anything prints goes elsewhere
    dup2(2, 1);
    return tuner::run_worker(0, answers);
  };
}

}  // namespace lathe::tools
