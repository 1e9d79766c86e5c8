// Results that bypass the caches, under schedules whose stores may begin anywhere in a row.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "targets/target.h"

namespace lathe {
namespace {

constexpr const char* twice = "twice(X: f32[H, W]) -> Y: f32[H, W]\n  Y[y, x] = X[y, x] * 2\n";

CompileOptions with_schedule(const Operator& op, const std::string& directives) {
  CompileOptions options;
  options.target = target_named("x86-64-v3");
  options.schedule = parse_schedule({"schedule for " + op.name + "\n" + directives, {"streaming.lathe", 1, 1}}, op);
  return options;
}

size_t streaming_stores(const ir::Program& program) {
  size_t count = 0;
  for (const ir::Function& f : program.functions) {
    ir::visit(f.body, [&](const ir::StmtNode& s) { count += s.streaming.defined(); });
  }
  return count;
}

}  // namespace

TEST_CASE("only stores that begin at whole vectors in every row bypass the caches") {
  const Operator op = parse_file_text(twice, "streaming.lathe").operators.at(0);
  const struct {
    const char* directives;
    bool streams;
  } cases[] = {
      {"Y.split(x, xo, xi, 16).vectorize(xi).stream()", true},
      {"Y.split(x, xs, xr, 48).split(xr, xo, xi, 8).vectorize(xi).stream()", true},
      {"Y.split(x, xo, xi, 12).vectorize(xi).stream()", false},
      {"Y.split(x, xs, xr, 40, even).split(xr, xo, xi, 16).vectorize(xi).stream()", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.directives);
    const CompileOptions options = with_schedule(op, c.directives);
    CHECK((streaming_stores(compile_to_ir(op, options, "lower")) > 0) == c.streams);
    const Kernel kernel = compile(op, options);
    for (int64_t width : {8, 96, 112, 113}) {
      const CheckData data = make_check_data(op, {{"H", 3}, {"W", width}}, {});
      kernel.run(data.bindings.tensors, {}, {});
      const CheckReport report = compare(op, data, {});
      CHECK_MESSAGE(report.good, report.first_difference);
    }
  }
}

TEST_CASE("a result that may bypass the caches has one variant for both") {
  const Operator op = parse_file_text(twice, "streaming.lathe").operators.at(0);
  const std::string nest = "Y.split(x, xo, xi, 16).vectorize(xi)";
  auto functions_with = [&](const std::string& end) {
    return compile_to_ir(op, with_schedule(op, nest + end), "lower").functions.size();
  };
  CHECK(functions_with(".stream(when bytes(Y) > 1000)") == functions_with(""));
}

}  // namespace lathe
