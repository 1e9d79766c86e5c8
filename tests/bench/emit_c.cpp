// The C that the zero-shot bench compares with must mean what the kernel means: it is compiled by the compiler that
// builds this, without optimisation, and compared with the interpreter.
#include "bench/emit_c.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "bench/c_library.h"
#include "jit/compile.h"
#include "jit/signature.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/fuzz/trial.h"
#include "tests/source_dir.h"

namespace lathe::bench {
namespace {

const CCompiler compiler{C_COMPILER, {"-O0", "-std=gnu17", "-ffp-contract=off"}};

std::string text_of(const Operator& op, const std::string& name, bool unit_strides) {
  return c_text(compile_to_ir(op, {.schedule = plain_nest(op), .target = target_named("x86-64-v2")}, "simplify"), name, unit_strides);
}

Kernel kernel_of(const Operator& op, const std::shared_ptr<CLibrary>& library, const std::string& name) {
  void* address = library->find(name);
  REQUIRE_MESSAGE(address != nullptr, name);
  return Kernel(signature_of(op, {}), LoadedCode{reinterpret_cast<LatheEntry>(address), library}, {});
}

int64_t compare_at_some_sizes(const Kernel& kernel, const Operator& op, uint64_t seed) {
  Random random(seed);
  int64_t compared = 0;
  for (uint64_t i = 0; i < 4; ++i) {
    const CheckOptions options{
        .seed = i + 1, .exact = i % 2 == 0, .max_points = 100, .strides = static_cast<CheckStrides>(i % 3)};
    const auto sizes = random_sizes(op, random, 2'000);
    try {
      const CheckData data = make_check_data(op, sizes, options);
      kernel.run(data.bindings.tensors, {.threads = 1}, data.bindings.params);
      const CheckReport report = compare(op, data, options);
      CHECK_MESSAGE(report.good, fmt::format("{}\n{}", print(op), report.first_difference));
      compared += report.compared;
    } catch (const Error& error) {
      const bool refused = error.code() == ErrorCode::read_outside_at_call || error.code() == ErrorCode::wrong_shape ||
                           error.code() == ErrorCode::out_of_memory;   // of a size that no argument has
      CHECK_MESSAGE(refused, fmt::format("{}\n{}", print(op), error.what()));
    }
  }
  return compared;
}

// The language takes some operators that lowering refuses.
bool is_lowered(const Operator& op) {
  try {
    text_of(op, "op", false);
    return true;
  } catch (const Error& error) {
    CHECK_MESSAGE(kind_of(error.code()) == ErrorKind::user, error.what());
    return false;
  }
}

void check_all(const std::vector<Operator>& operators) {
  std::string file = c_prelude();
  for (size_t i = 0; i < operators.size(); ++i) file += text_of(operators[i], fmt::format("k{}", i), false);
  const auto library = std::make_shared<CLibrary>(std::vector<std::string>{file}, compiler);
  int64_t compared = 0;
  for (size_t i = 0; i < operators.size(); ++i)
    compared += compare_at_some_sizes(kernel_of(operators[i], library, fmt::format("k{}", i)), operators[i], i);
  CHECK(compared > 0);
}

}  // namespace

TEST_CASE("the C of an operator computes what the interpreter does") {
  std::vector<Operator> operators;
  for (const Operator& op : read_lathe_file(source_dir() + "/tests/fuzz/operators.lathe").operators) {
    operators.push_back(with_static_params(op, {}));
  }
  check_all(operators);
}

TEST_CASE("the C of a random operator computes what the interpreter does") {
  std::vector<Operator> operators;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    const Operator op = with_static_params(legal_random_algorithm(random, {.most_funcs = 3, .most_rank = 3}), {});
    if (is_lowered(op)) operators.push_back(op);
  }
  check_all(operators);
}

TEST_CASE("the C of a nest has its loops, last strides of 1, and the arithmetic of the language") {
  const Operator op =
      parse_file_text("moved(X: i32[N, M]) -> Y: i32[N, M]\n  Y[i, j] = X[i, j] * 3 + 1\n", "moved.lathe")
          .operators.at(0);
  const std::string text = text_of(op, "moved", true);
  CHECK_MESSAGE(text.find("for (int64_t") != std::string::npos, text);
  CHECK_MESSAGE(text.find("(uint32_t)") != std::string::npos, text);
  CHECK_MESSAGE(text.find("int32_t moved(LatheContext* context, void* const* buffers, const int64_t* scalars) {") !=
                    std::string::npos,
                text);
  CHECK_MESSAGE(text.find("i64_argument(scalars[2]), 1, i64_argument(scalars[4]), 1,") != std::string::npos, text);
}

}  // namespace lathe::bench
