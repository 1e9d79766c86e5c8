// The passes of the loop IR as data: in this order, each with the stage that the program is in afterwards.
#pragma once

#include <span>
#include <string_view>

#include "jit/ir/ir.h"
#include "jit/ir/verify.h"
#include "targets/target.h"

namespace lathe {

struct Pass {
  std::string_view name;
  ir::Program (*run)(const ir::Program&, const Target&);
  ir::Stage reached;
};
std::span<const Pass> pipeline();

// Facts about the order, each with its reason; a test checks them against the table.
struct PassOrder {
  std::string_view before, after, reason;
};
std::span<const PassOrder> pass_order();

// What one pass took of this process's CPU time.
struct PassTime {
  std::string_view name;
  double cpu_ms;
};

// Runs all passes, or up to and including `last`. Prints those that LATHE_PRINT names ("pass", "pass@kernel", "all") to
// the message stream. Verifies after each pass in debug builds, and where LATHE_VERIFY is 1 (the tests set it). A wrong
// pass name throws Error{unknown_name}. Appends what each pass took to `times`, where given.
ir::Program run_passes(ir::Program program, const Target& target, std::string_view last = "",
                       std::vector<PassTime>* times = nullptr);

// Whether LATHE_PRINT asks for something.
bool prints_passes();

}  // namespace lathe
