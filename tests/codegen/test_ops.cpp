// Every operator and cast on every element type, one element and eight lanes at a time, against the interpreter's
// meaning of it, on values where instructions and definitions like to differ.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "lang/interpret.h"
#include "support/small_float.h"
#include "support/tensor_view.h"
#include "tests/codegen/run_program.h"

namespace lathe::test {
namespace {

constexpr DType all_types[] = {DType::boolean, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64};
constexpr int lanes = 8;

std::vector<Scalar> interesting(DType type) {
  std::vector<Scalar> values;
  if (is_float(type)) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (double v : {0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 3.5, 0.5, -0.5, 7.0, -7.0, 1e-40, 300.0, -300.0, 3e9, -3e9, 1e19,
                     -1e19, 1e30, infinity, -infinity, std::nan("")}) {
      values.push_back(convert(type, convert(is_storage(type) ? f32 : type, {f64, 0, v})));
    }
    return values;
  }
  if (type == DType::boolean) return {{type, 0, 0}, {type, 1, 0}};
  for (int64_t v : {0, 1, 2, 3, 5, 7, 8, 31, 63, 64, 100, 127, 128, 255, -1, -2, -3, -7, -8, -100, -128}) {
    values.push_back(convert(type, {i64, v, 0}));
  }
  const int bits = bits_of(type);
  const uint64_t top = uint64_t{1} << (bits - 1);
  for (uint64_t v : {top, top - 1, top + 1, ~uint64_t{0}}) {
    values.push_back(convert(type, {u64, static_cast<int64_t>(v), 0}));
  }
  return values;
}

void store(const Tensor& tensor, int64_t i, const Scalar& value) {
  auto* place = static_cast<char*>(tensor.view().data) + i * bytes_of(value.dtype);
  if (is_storage(value.dtype)) {
    const uint16_t bits = value.dtype == f16 ? Float16(value.floating).bits : BFloat16(value.floating).bits;
    std::memcpy(place, &bits, sizeof bits);
  } else if (value.dtype == f32) {
    const auto narrow = static_cast<float>(value.floating);
    std::memcpy(place, &narrow, sizeof narrow);
  } else {
    const void* from = value.dtype == f64 ? static_cast<const void*>(&value.floating) : &value.integer;
    std::memcpy(place, from, static_cast<size_t>(bytes_of(value.dtype)));
  }
}

bool agrees(const Tensor& tensor, int64_t i, const Scalar& want, double tolerance) {
  if (!is_float(want.dtype)) return load_as_integer(tensor.view(), i) == want.integer;
  const double got = load_as_double(tensor.view(), i);
  if (std::isnan(want.floating)) return std::isnan(got);
  if (got == want.floating) return true;
  return std::fabs(got - want.floating) <= tolerance * std::fabs(want.floating);
}

// Z[i] = value of the operands x0, x1, x2 at i; `width` 1 or lanes.
ir::Program program_of(const std::vector<DType>& operands, const std::function<Expr(std::vector<Expr>)>& value,
                       int width) {
  const Expr i = make_var("i");
  const Expr index = width == 1 ? i : make_ramp(i * Expr(width), Expr(int64_t{1}), width);
  ir::Function entry{.name = "main", .kind = ir::FunctionKind::entry, .buffers = {}, .params = {}, .body = nullptr};
  std::vector<Expr> args;
  for (size_t a = 0; a < operands.size(); ++a) {
    const std::string name = fmt::format("x{}", a);
    entry.buffers.push_back({.name = name, .dtype = operands[a], .strides = {}, .read_only = true});
    args.push_back(make_access(name, operands[a], {index}));
  }
  const Expr result = value(args);
  entry.buffers.push_back({.name = "z", .dtype = result.type().dtype, .strides = {}});
  entry.params = {{"n", {i64, 1}}};
  entry.body = ir::make_loop("i", Expr(int64_t{0}), make_var("n"), ir::LoopKind::serial,
                             ir::make_store("z", {index}, result));
  return {.name = "ops", .functions = {entry}};
}

// Runs over all combinations of interesting operands and compares with `want`.
void check_all(const std::string& what, const std::vector<DType>& operands,
               const std::function<Expr(std::vector<Expr>)>& value,
               const std::function<Scalar(const std::vector<Scalar>&)>& want, double tolerance, const Target& target) {
  std::vector<std::vector<Scalar>> columns(operands.size());
  size_t count = 1;
  for (DType type : operands) count *= interesting(type).size();
  for (size_t row = 0; row < count; ++row) {
    size_t rest = row;
    for (size_t a = 0; a < operands.size(); ++a) {
      const std::vector<Scalar> values = interesting(operands[a]);
      columns[a].push_back(values[rest % values.size()]);
      rest /= values.size();
    }
  }
  const auto padded = static_cast<int64_t>((count + lanes - 1) / lanes * lanes);
  std::vector<Tensor> tensors;
  for (size_t a = 0; a < operands.size(); ++a) {
    tensors.emplace_back(operands[a], std::vector<int64_t>{padded});
    for (size_t row = 0; row < count; ++row) store(tensors.back(), static_cast<int64_t>(row), columns[a][row]);
  }
  for (int width : {1, lanes}) {
    const ir::Program program = program_of(operands, value, width);
    Tensor z(program.entry().buffers.back().dtype, {padded});
    CompileStats stats;
    const LoadedCode code = load(program, target, stats);
    std::vector<void*> buffers;
    for (const Tensor& tensor : tensors) buffers.push_back(tensor.view().data);
    buffers.push_back(z.view().data);
    const int64_t scalars[] = {padded / width};
    CountingContext context;
    REQUIRE(code.entry(context.get(), buffers.data(), scalars) == 0);
    for (size_t row = 0; row < count; ++row) {
      std::vector<Scalar> args;
      for (const auto& column : columns) args.push_back(column[row]);
      if (agrees(z, static_cast<int64_t>(row), want(args), tolerance)) continue;
      std::string shown;
      for (const Scalar& arg : args) {
        shown += fmt::format(" {}", is_float(arg.dtype) ? arg.floating : static_cast<double>(arg.integer));
      }
      INFO(what << " of" << shown << " with " << width << " lanes on " << target.name << ": got "
                << load_as_double(z.view(), static_cast<int64_t>(row)) << ", need " << want(args).floating << " or "
                << want(args).integer);
      CHECK(false);
      return;
    }
  }
}

// The passes leave none of these.
bool is_expanded(Op op) { return op == Op::rsqrt || op == Op::reciprocal || op == Op::sigmoid; }
constexpr Op all_ops[] = {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) Op::name,
#include "lang/ops.def"
#undef LATHE_OP
};

void check_op(Op op, DType type, const Target& target) {
  std::vector<DType> operands(static_cast<size_t>(info_of(op).arity), type);
  if (op == Op::select) operands[0] = DType::boolean;
  const double tolerance = info_of(op).pipe == Pipe::math ? (type == f32 ? 3e-7 : 1e-15) : 0;
  check_all(
      std::string(info_of(op).name) + " " + std::string(name_of(type)), operands,
      [&](const std::vector<Expr>& args) { return make_op(op, args); },
      [&](const std::vector<Scalar>& args) { return evaluate(op, args); }, tolerance, target);
}

}  // namespace

TEST_CASE("operators mean on every element type what the interpreter says") {
  set_module_verification(true);
  const std::vector<Target> targets = runnable_targets();
  for (Op op : all_ops) {
    for (DType type : all_types) {
      if (!exists_for(op, type) || is_expanded(op)) continue;
      // Three operands make many combinations: one width of each kind is enough.
      if (info_of(op).arity == 3 && type != f32 && type != i32 && type != DType::boolean) continue;
      check_op(op, type, targets.back());
      if (type == f32 || type == i32) check_op(op, type, targets.front());
    }
  }
}

TEST_CASE("casts saturate from floats and wrap between integers") {
  for (DType from : all_types) {
    for (DType to : all_types) {
      if (from == to || !converts(from, to)) continue;
      const std::string what = std::string(name_of(from)) + " to " + std::string(name_of(to));
      check_all(
          what, {from}, [&](const std::vector<Expr>& args) { return make_cast(to, args[0]); },
          [&](const std::vector<Scalar>& args) { return convert(to, args[0]); }, 0, runnable_targets().back());
    }
  }
}

TEST_CASE("division and remainder by constants are total too") {
  for (DType type : {i32, u32, i64, i8}) {
    for (int64_t by : {0, 1, 2, 3, 7, 8, 64, -1, -2, -3, -8, -128}) {
      const Scalar divisor = convert(type, {i64, by, 0});
      for (Op op : {Op::div, Op::mod}) {
        check_all(
            std::string(info_of(op).name) + " by " + std::to_string(by), {type},
            [&](const std::vector<Expr>& args) {
              const Expr constant = make_integer(type, divisor.integer);
              const int width = args[0].type().lanes;
              return make_op(op, {args[0], width == 1 ? constant : make_broadcast(constant, width)});
            },
            [&](const std::vector<Scalar>& args) { return evaluate(op, {args[0], divisor}); }, 0,
            runnable_targets().back());
      }
    }
  }
}

TEST_CASE("min and max with an operand that is never NaN keep their meaning") {
  for (Op op : {Op::min, Op::max, Op::min_number, Op::max_number}) {
    for (bool constant_first : {true, false}) {
      check_all(
          std::string(info_of(op).name), {f32},
          [&](const std::vector<Expr>& args) {
            const Expr half = make_float(f32, 0.5);
            const int width = args[0].type().lanes;
            const Expr constant = width == 1 ? half : make_broadcast(half, width);
            return constant_first ? make_op(op, {constant, args[0]}) : make_op(op, {args[0], constant});
          },
          [&](const std::vector<Scalar>& args) {
            return evaluate(op, {{f32, 0, 0.5}, args[0]});
          },
          0, runnable_targets().back());
    }
  }
}

TEST_CASE("a sine and a cosine of one value may become one call") {
  check_all(
      "sin + cos", {f32}, [](const std::vector<Expr>& args) {
        return make_op(Op::sin, {args[0]}) + make_op(Op::cos, {args[0]});
      },
      [](const std::vector<Scalar>& args) {
        return evaluate(Op::add, {evaluate(Op::sin, {args[0]}), evaluate(Op::cos, {args[0]})});
      },
      1e-6, runnable_targets().front());
}

}  // namespace lathe::test
