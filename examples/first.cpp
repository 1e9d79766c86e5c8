// The first lesson: an operator is a formula, a schedule says how it is computed, a kernel runs it at every size.
//
//   y[j] = max(sum_k x[k] * B[k, j] + bias[j], 0)        one row of a dense layer
#include <fmt/core.h>

#include "lathe.h"

using namespace lathe;

int main() {
  // What: sizes and inputs are symbols, a Func is defined at every point of its indices.
  Var j("j");
  Size K("K"), N("N");
  Input x("x", f32, {K}), B("B", f32, {K, N}), bias("bias", f32, {N});
  RDom k(0, K, "k");
  Func c("c"), y("y");
  c(j) = sum(k, x(k) * B(k, j));
  y(j) = max(c(j) + bias(j), 0.f);
  Operator layer = make_operator("layer", {x, B, bias}, {{y, {N}}});
  fmt::print("The algorithm:\n\n{}\n", print(layer));

  // As written, c is computed whole before y. The loop nest says so.
  fmt::print("Its plain loop nest:\n\n{}\n",
             ir::print(compile_to_ir(layer, {.schedule = plain_nest(layer)}, "lower").functions[0]));

  // How: nobody has to say. Compiled once, called at any size: 3 x 4 here.
  Tensor x_values(f32, {3}), B_values(f32, {3, 4}), bias_values(f32, {4}), y_values(f32, {4});
  for (int i = 0; i < 3; ++i) x_values.as<float>()[i] = float(i + 1);                   // 1 2 3
  for (int i = 0; i < 12; ++i) B_values.as<float>()[i] = float(i);                      // rows 0..3, 4..7, 8..11
  for (int i = 0; i < 4; ++i) bias_values.as<float>()[i] = float(-45 + 3 * i);          // -45 -42 -39 -36
  const auto run = [&](const Kernel& kernel) {
    kernel(x_values, B_values, bias_values, y_values);
    for (int i = 0; i < 4; ++i) fmt::print(" {}", y_values.as<float>()[i]);
    fmt::print("\n");
  };
  fmt::print("y =");
  run(compile(layer));

  // What it ran is a schedule that was constructed for this machine: a text like one that an author writes.
  fmt::print("\nWhat was constructed:\n\n{}\n", print(constructed_schedule(layer)));

  // By hand: 32 columns at a time, as lanes of vectors, in registers; y is applied to them before they are stored.
  ScheduleBuilder s(layer);
  s["c"].split("j", "jo", "ji", 32).reorder({"jo", "k", "ji"}).vectorize("ji").store_in("registers", "jo");
  s["y"].epilogue_of("c");
  fmt::print("The nest of a schedule by hand:\n\n{}\n", ir::print(compile_to_ir(layer, {.schedule = s}, "lower").functions[0]));
  fmt::print("y by hand =");
  run(compile(layer, {.schedule = s}));
}
