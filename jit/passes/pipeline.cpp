#include "jit/passes/pipeline.h"

#include <fmt/format.h>

#include <ctime>

#include "jit/ir/text.h"
#include "jit/passes/carry_values.h"
#include "jit/passes/collapse_loops.h"
#include "jit/passes/contract.h"
#include "jit/passes/expand_loops.h"
#include "jit/passes/expand_math.h"
#include "jit/passes/flatten.h"
#include "jit/passes/hoist_masks.h"
#include "jit/passes/hoist_scalars.h"
#include "jit/passes/hoist_storage.h"
#include "jit/passes/outline_repeats.h"
#include "jit/passes/outline_units.h"
#include "jit/passes/share_values.h"
#include "jit/passes/simplify_program.h"
#include "support/environment.h"
#include "support/messages.h"

namespace lathe {

namespace {

// Passes that do not look at the target.
template <ir::Program (*pass)(const ir::Program&)>
ir::Program plain(const ir::Program& program, const Target&) {
  return pass(program);
}

constexpr Pass kPipeline[] = {
    {"carry_values", plain<carry_values>, ir::Stage::nested},
    {"flatten", plain<flatten>, ir::Stage::flat},
    {"simplify", plain<simplify_program>, ir::Stage::flat},
    {"hoist_storage", plain<hoist_storage>, ir::Stage::flat},
    {"collapse_loops", plain<collapse_loops>, ir::Stage::flat},
    {"outline_units", plain<outline_units>, ir::Stage::flat},
    {"outline_repeats", plain<outline_repeats>, ir::Stage::flat},
    {"hoist_scalars", plain<hoist_scalars>, ir::Stage::flat},
    {"expand_loops", expand_loops, ir::Stage::flat},
    {"tidy", plain<simplify_program>, ir::Stage::final},
    {"contract", plain<contract>, ir::Stage::final},
    {"hoist_masks", plain<hoist_masks>, ir::Stage::final},
    {"share_values", share_values, ir::Stage::final},
    {"expand_math", expand_math, ir::Stage::final},
};

constexpr PassOrder kOrder[] = {
    {"carry_values", "flatten", "elements are told apart by their indices"},
    {"flatten", "collapse_loops", "chained strides show only in element offsets"},
    {"simplify", "hoist_storage", "extents that do not change must look so"},
    {"hoist_storage", "outline_repeats", "nothing moves out of a function"},
    {"simplify", "outline_units", "equal bodies must look equal to be shared"},
    {"collapse_loops", "outline_units", "a unit's inner loops keep the strides they were collapsed by"},
    {"outline_units", "expand_loops", "a shared body is expanded once, and compares fast while it is small"},
    {"outline_units", "outline_repeats", "code that calls equal units is equal"},
    {"outline_repeats", "expand_loops", "a shared piece is expanded once, and compares fast while it is small"},
    {"outline_repeats", "hoist_scalars", "equal pieces must look equal to be shared"},
    {"hoist_scalars", "expand_loops", "a value of a vector loop that all lanes share is still a scalar"},
    {"expand_loops", "tidy", "indices of unrolled copies become constants"},
    {"expand_loops", "share_values", "copies of a body share their loads"},
    {"contract", "share_values", "a product that is named can no longer be contracted"},
    {"contract", "expand_math", "a formula's roundings are part of its meaning"},
    {"share_values", "expand_math", "equal functions of equal values are found while each is one node"},
    {"hoist_masks", "share_values", "masks that leave a loop need no name inside it"},
};

bool verifies() {
#ifdef NDEBUG
  return is_on(Setting::verify);
#else
  return true;
#endif
}

double cpu_ms() { return static_cast<double>(std::clock()) * 1e3 / CLOCKS_PER_SEC; }

void print_if_asked(const Pass& pass, const ir::Program& program) {
  const std::string_view wish = setting(Setting::print);
  if (wish.empty()) return;
  std::string_view name = wish.substr(0, wish.find('@'));
  std::string_view kernel = wish.size() > name.size() ? wish.substr(name.size() + 1) : "";
  if ((name != pass.name && name != "all") || (!kernel.empty() && kernel != program.name)) return;
  send_message(fmt::format("# after {} of {}\n{}", pass.name, program.name, ir::print(program)));
}

}  // namespace

bool prints_passes() { return !setting(Setting::print).empty(); }

std::span<const Pass> pipeline() { return kPipeline; }
std::span<const PassOrder> pass_order() { return kOrder; }

ir::Program run_passes(ir::Program program, const Target& target, std::string_view last,
                       std::vector<PassTime>* times) {
  bool check = verifies();
  if (check) ir::verify(program, ir::Stage::nested);
  if (last == "lower") return program;
  std::vector<std::string> names{"lower"};
  for (const Pass& pass : kPipeline) names.emplace_back(pass.name);
  for (const Pass& pass : kPipeline) {
    const double start = times ? cpu_ms() : 0;
    program = pass.run(program, target);
    if (times) times->push_back({pass.name, cpu_ms() - start});
    if (check) ir::verify(program, pass.reached);
    print_if_asked(pass, program);
    if (pass.name == last) return program;
  }
  if (last.empty()) return program;
  std::string near = nearest_name(last, names);
  throw Error(ErrorCode::unknown_name, {"passes", "no pass of this name", std::string(last),
                                        fmt::format("one of {}", fmt::join(names, ", ")), {},
                                        near.empty() ? "" : fmt::format("did you mean {}?", near)});
}

}  // namespace lathe
