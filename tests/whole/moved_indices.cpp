// Boundary rules that move an index: where they cost a body, and where they do not.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

// Loops over the variable in the first variant of Y[y, x] = `value`, eight x at a time.
int loops_over(const std::string& variable, const std::string& value) {
  const Operator op = parse_file_text("shift(X: f32[H, W]) -> Y: f32[H, W]\n  size H in 1..1000\n  size W in 1..1000\n"
                                      "  Y[y, x] = " + value + "\n", "shift.lathe").operators.at(0);
  CompileOptions options;
  options.schedule = parse_schedule({"schedule for shift\nY.split(x, xo, xi, 8).vectorize(xi)\n", {"shift.lathe", 1, 1}}, op);
  const std::string nest = ir::print(compile_to_ir(op, options, "lower").functions.at(0));
  int found = 0;
  for (size_t at = nest.find("for " + variable); at != std::string::npos; at = nest.find("for " + variable, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a rule that moves an index of whole vectors makes no bodies of its own") {
  for (const std::string rule : {"edge", "mirror", "wrap"}) {
    CHECK(loops_over("y", "X[y - 1, x] outside " + rule) == 1);
    CHECK(loops_over("xo", "X[y, x - 1] outside " + rule) > 1);
  }
  CHECK(loops_over("y", "X[y - 1, x] outside 0") > 1);
}

}  // namespace lathe
