// What a schedule says is bounded in the code that it makes: no combination of directives takes minutes to compile.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "targets/target.h"
#include "tests/errors.h"

namespace lathe {
namespace {

const char* const conv_text =
    "conv(X: f32[N, H, W, C], F: f32[R, S, C, O]) -> Y: f32[N, H + 3 - R, W + 3 - S, O]\n"
    "  P[n, y, x, c] = X[n, y - 1, x - 1, c] outside 0\n"
    "  Y[n, y, x, o] = sum(r < R, s < S, c < C: P[n, y + r, x + s, c] * F[r, s, c, o])\n";

CompileOptions scheduled(const Operator& op, const std::string& lines) {
  CompileOptions options;
  options.target = target_named("x86-64-v3");
  options.schedule = parse_schedule({"schedule for conv\n" + lines, {"conv.lathe", 1, 1}}, op);
  return options;
}

size_t nodes_of(const ir::Program& program) {
  size_t nodes = 0;
  for (const ir::Function& f : program.functions) nodes += ir::count_nodes(f.body);
  return nodes;
}

}  // namespace

TEST_CASE("values kept along many loops do not write the body once for each combination of first iterations") {
  const Operator op = parse_file_text(conv_text, "conv.lathe").operators.at(0);
  auto nodes_with = [&](const std::string& place) {
    return nodes_of(compile_to_ir(op, scheduled(op, "Y.reorder(n, y, x, o, r, s, c)\n" + place), "lower"));
  };
  const size_t one_loop = nodes_with("P.compute_at(Y, y).store_at(Y, n)");
  CHECK(nodes_with("P.compute_at(Y, c).store_at(Y, n)") < 4 * one_loop);   // six loops; 64 combinations
}

TEST_CASE("rows of a tile's short panel run by the bodies of its edge where masks are registers") {
  const Operator op = parse_file_text("matmul(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
                                      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n", "matmul.lathe").operators.at(0);
  CompileOptions options;
  options.target = target_named("x86-64-v4");
  options.schedule = parse_schedule({"schedule for matmul\nC.tile(j, i -> jo, io, ji, ii; width 64: 6 rows; even)\n"
                                     "C.reorder(jo, io, k, ii, ji).vectorize(ji).unroll(ii)\n"
                                     "C.tail(io, rows: full, 1/2, then clamp).tail(ji, mask).store_in(registers, at = io)\n",
                                     {"matmul.lathe", 1, 1}}, op);
  int units = 0;
  for (const ir::Function& f : compile_to_ir(op, options, "outline_units").functions) units += f.kind == ir::FunctionKind::unit;
  CHECK(units == 3);                                        // whole panels, six rows and three rows with masks
}

TEST_CASE("what the plain nest does at borders does not grow with the combinations of axes") {
  const Operator op = parse_file_text(conv_text, "conv.lathe").operators.at(0);
  int bodies = 0;
  const ir::Program program = compile_to_ir(op, scheduled(op, ""), "lower");
  ir::visit(program.find("conv.plain")->body, [&](const ir::StmtNode& s) { bodies += s.kind == ir::StmtKind::alloc; });
  CHECK(bodies == 3);                                       // inside, and at the borders of each of two axes
}

TEST_CASE("a program whose loops expand beyond the code budget together is refused") {
  const Operator op = parse_file_text(conv_text, "conv.lathe").operators.at(0);
  const CompileOptions options = scheduled(op,
                                           "Y.split(r, ro, ri, 64)\nY.unroll(ri)\nP.compute_at(Y, ro).store_at(Y, y)\n"
                                           "P.tile(c, y -> co, yo, ci, yi; width 64: 18 rows, 48: 24, 32: 36, 16: 36; even)\n"
                                           "P.reorder(n, x, co, yo, ci, yi).vectorize(ci).unroll(yi).tail(ci, mask)\n");
  const std::string message = failure_of([&] { compile_to_ir(op, options); });
  CHECK_MESSAGE(message.find("lathe: compile: conv would expand beyond the code budget: got ") == 0, message);
}

TEST_CASE("columns of many lanes under masks are refused where each lane becomes a branch") {
  const Operator op =
      parse_file_text("transposed(A: f32[N, M]) -> C: f32[M, N]\n  C[i, j] = A[j, i] * 2\n", "t.lathe").operators.at(0);
  CompileOptions options;
  options.schedule =
      parse_schedule({"schedule for transposed\nC.split(i, io, ii, 48).vectorize(ii).split(io, ib, iu, 16).unroll(iu)\n"
                      "C.split(j, jo, ji, 8).unroll(ji).reorder(jo, ib, iu, ii, ji).tail(ib, guard)\n",
                      {"t.lathe", 1, 1}},
                     op);
  options.target = target_named("x86-64-v3");
  const std::string message = failure_of([&] { compile_to_ir(op, options); });
  CHECK_MESSAGE(message.find("lathe: compile: transposed would expand beyond the code budget: got ") == 0, message);
  options.target = target_named("x86-64-v4");
  CHECK_NOTHROW(compile_to_ir(op, options));
}

}  // namespace lathe
