// What is declared of sizes makes shorter programs, of the same results.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

constexpr const char* scaled =
    "scaled(X: f32[M, N], Y: f32[N]) -> Z: f32[M, N]\n  size N multiple of 16\n  Z[i, j] = X[i, j] * Y[j]\n"
    "schedule for scaled\nZ.split(j, jo, ji, 16).vectorize(ji)\n"
    "specialize(N == 32) {\n  Z.parallel(i)\n}\n";

}  // namespace

TEST_CASE("a size that is a multiple of the vector's width needs no body for the rest") {
  const SourceFile file = parse_file_text(scaled, "scaled.lathe");
  const Operator& op = file.operators.at(0);
  const CompileOptions options{.schedule = schedule_for(file, op, "x86-64-v3")};
  const std::string program = ir::print(compile_to_ir(op, options, "lower"));
  CHECK_MESSAGE(program.find(".rest") == std::string::npos, program);
  const Kernel kernel = compile(op, options);
  for (const auto& sizes : default_check_sizes(op)) {
    CHECK(sizes.at("N") % 16 == 0);
    const CheckData data = make_check_data(op, sizes, {.seed = 7});
    kernel.run(data.bindings.tensors, {.threads = 1}, {});
    CHECK(compare(op, data, {.seed = 7}).first_difference == "");
  }
}

TEST_CASE("dimensions that collapse over a size that is a multiple are compared with strides before the call") {
  const SourceFile file = parse_file_text(
      "halves(X: f32[M, N, (N + 1)/2]) -> Z: f32[M, N, (N + 1)/2]\n  size N multiple of 4\n  Z[i, j, k] = X[i, j, k] * 2\n"
      "schedule for halves\nZ.collapse(j, k, jk)\n",
      "halves.lathe");
  const Operator& op = file.operators.at(0);
  const ir::Program program = compile_to_ir(op, {.schedule = schedule_for(file, op, "x86-64-v3")}, "lower");
  CHECK_MESSAGE(ir::print(program).find("entry halves") != std::string::npos, ir::print(program));
  const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, "x86-64-v3")});
  const CheckData data = make_check_data(op, {{"M", 3}, {"N", 8}}, {.seed = 7});
  kernel.run(data.bindings.tensors, {.threads = 1}, {});
  CHECK(compare(op, data, {.seed = 7}).first_difference == "");
}

}  // namespace lathe
