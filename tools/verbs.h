// The verbs of the `lathe` command. Each declares its options on its sub-command and gives back what runs it; main.cpp
// holds the table. Data go to stdout, messages to stderr.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace lathe::tools {

// What the process returns.
enum ExitCode : int {
  good = 0,
  refused = 1,  // the check said no
  bad_use = 2,  // the command line, a file or an argument is wrong
  broken = 3,   // a fault of Lathe itself
};

using Action = std::function<int()>;

Action add_run(CLI::App& app);
Action add_check(CLI::App& app);
Action add_bench(CLI::App& app);
Action add_show(CLI::App& app);
Action add_explain(CLI::App& app);
Action add_build(CLI::App& app);
Action add_list(CLI::App& app);
Action add_doctor(CLI::App& app);
Action add_tune(CLI::App& app);
Action add_store(CLI::App& app);
Action add_tune_worker(CLI::App& app);  // what `tune` starts

}  // namespace lathe::tools
