// Compiles an operator with the installed library, shows its loop nest and runs it.
#include <lathe.h>

#include <cstdio>

int main() {
  using namespace lathe;
  const Operator op =
      parse_file_text("twice(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] + X[i]\n", "twice.lathe").operators.at(0);
  std::printf("%s\n", ir::print(compile_to_ir(op, {.schedule = plain_nest(op)}, "lower").functions[0]).c_str());
  const Kernel kernel = compile(op, {.cache = Cache::none});
  Tensor x(f32, {3}), y(f32, {3});
  for (int i = 0; i < 3; ++i) x.as<float>()[i] = static_cast<float>(i + 1);
  kernel(x, y);
  std::printf("%g %g %g\n", y.as<float>()[0], y.as<float>()[1], y.as<float>()[2]);
}
