// Blocks that meet a border and short last blocks: little code, the same results.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "targets/target.h"

namespace lathe {
namespace {

constexpr const char* blur =
    "blur(X: f32[H, W, C]) -> Y: f32[H, W, C]\n"
    "  B[y, x, c] = (X[y, x - 1, c] outside edge) + X[y, x, c] outside edge + X[y, x + 2, c] outside edge\n"
    "  Y[y, x, c] = B[y - 1, x, c] + B[y, x, c] + B[y + 1, x, c]\n";

CompileOptions with_schedule(const Operator& op, const std::string& directives) {
  CompileOptions options;
  options.target = target_named("x86-64-v3");
  options.schedule = parse_schedule({"schedule for blur\n" + directives, {"borders.lathe", 1, 1}}, op);
  return options;
}

const char* const rows_and_lanes =
    "Y.collapse(x, c, xc).split(y, yo, yi, 4).split(xc, xo, xv, 8)\n"
    "Y.reorder(yo, xo, yi, xv).vectorize(xv).unroll(yi)";

}  // namespace

TEST_CASE("blocks before and after the borders, and the last one, have one body along each axis") {
  const Operator op = parse_file_text(blur, "borders.lathe").operators.at(0);
  for (const char* parallel : {"", ".parallel(yo)"}) {
    const ir::Program program = compile_to_ir(op, with_schedule(op, std::string(rows_and_lanes) + parallel), "lower");
    size_t stores = 0, unrolled = 0;
    ir::visit(program.functions.at(0).body, [&](const ir::StmtNode& s) {
      stores += s.kind == ir::StmtKind::store;
      unrolled += s.kind == ir::StmtKind::loop && s.loop == ir::LoopKind::unroll;
    });
    CHECK(stores == 4);
    CHECK(unrolled == 1);
  }
}

TEST_CASE("only elements whose reads are outside run one by one: vectors move inwards") {
  const Operator op = parse_file_text(
      "near(X: f32[N]) -> Y: f32[N]\n  Y[i] = (X[i - 2] outside 0) + (X[i + 1] outside edge)\n", "borders.lathe").operators.at(0);
  CompileOptions options;
  options.target = target_named("x86-64-v2");
  options.schedule = parse_schedule({"schedule for near\nY.split(i, io, ii, 8).vectorize(ii)", {"borders.lathe", 1, 1}}, op);
  const std::string text = ir::print(compile_to_ir(op, options, "lower").functions.at(0));
  CHECK(text.find("let io.start = min(max(io * 8, 2), io.after - 1)") != std::string::npos);
  CHECK(text.find("let ii.count = select(io.side == 0, io.head, N - io.tail)") != std::string::npos);
  const Kernel kernel = compile(op, options);
  for (int64_t size = 0; size < 40; ++size) {
    const CheckData data = make_check_data(op, {{"N", size}}, {});
    kernel.run(data.bindings.tensors, {}, {});
    const CheckReport report = compare(op, data, {});
    CHECK_MESSAGE(report.good, report.first_difference);
  }
}

TEST_CASE("every size of a picture meets its borders in the right rows and lanes") {
  const Operator op = parse_file_text(blur, "borders.lathe").operators.at(0);
  for (const char* parallel : {"", ".parallel(yo)"}) {
    const Kernel kernel = compile(op, with_schedule(op, std::string(rows_and_lanes) + parallel));
    for (int64_t height : {1, 3, 4, 5, 12, 15}) {
      for (int64_t width : {1, 2, 3, 7, 8, 13}) {
        for (int64_t channels : {1, 3, 9}) {
          const CheckData data = make_check_data(op, {{"H", height}, {"W", width}, {"C", channels}}, {});
          kernel.run(data.bindings.tensors, {.threads = 2}, {});
          const CheckReport report = compare(op, data, {});
          CHECK_MESSAGE(report.good, report.first_difference);
        }
      }
    }
  }
}

TEST_CASE("a short last block of vectors moves inwards, where masks are dear") {
  const Operator op = parse_file_text("twice(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] * 2\n", "borders.lathe").operators.at(0);
  const auto moves = [&](const char* target) {
    CompileOptions options;
    options.target = target_named(target);
    options.schedule = parse_schedule({"schedule for twice\nY.split(i, io, ii, 16).vectorize(ii)", {"borders.lathe", 1, 1}}, op);
    return ir::print(compile_to_ir(op, options, "lower").functions.at(0)).find("Y[N + ii") != std::string::npos;
  };
  CHECK(moves("x86-64-v3"));
  CHECK_FALSE(moves("x86-64-v4"));
}

}  // namespace lathe
