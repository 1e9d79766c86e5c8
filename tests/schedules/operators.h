// Operators that the schedules of these tests are for, written as plain data.
#pragma once

#include "schedules/text.h"

namespace lathe {

inline FuncContents func_of(std::string name, std::vector<std::string> vars, Expr value) {
  FuncContents func;
  func.name = std::move(name);
  func.vars = std::move(vars);
  func.values = {std::move(value)};
  return func;
}

// C = A * B, D = max(C + bias, 0), with a sum inside an expression as a Func of its own.
inline Operator dense() {
  Expr M = make_var("M"), N = make_var("N"), K = make_var("K");
  Operator op;
  op.name = "dense";
  op.sizes = {{.name = "M"}, {.name = "K"}, {.name = "N"}};
  op.params = {{.name = "stride_y", .default_value = 1},
               {.name = "alpha", .is_static = false, .dtype = DType::f32, .default_value = 1}};
  op.inputs = {{"A", DType::f32, {M, K}, {}},
               {"B", DType::f32, {K, N}, {}},
               {"bias", DType::f32, {N}, {}},
               {"S", DType::f64, {N, N}, {}}};
  Expr c = make_access("A", DType::f32, {make_var("i"), make_var("j")});
  op.funcs = {func_of("C", {"i", "j"}, c), func_of("D.sum", {"i"}, c), func_of("D.sum2", {"i"}, c),
              func_of("D", {"i", "j"}, c)};
  op.outputs = {{"D", {M, N}, {}}};
  return op;
}

inline SourceBlock block_of(std::string text, int first_line = 1) {
  return {std::move(text), {"dense.lathe", first_line, 1}};
}

// The schedule of these lines for dense.
inline Schedule parsed(const std::string& lines) {
  return parse_schedule(block_of("schedule for dense\n" + lines), dense());
}

// The message of the Error that parsing these lines throws, and its code.
struct Failure {
  std::string text;
  ErrorCode code = ErrorCode::internal;
};
inline Failure failure_of(const std::string& lines) {
  try {
    parsed(lines);
  } catch (const Error& e) {
    return {e.what(), e.code()};
  }
  return {"no error", ErrorCode::internal};
}

}  // namespace lathe
