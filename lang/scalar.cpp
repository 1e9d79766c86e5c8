// The scalar meaning of every operator and cast, one template over the C++ type of the operands. Integers are computed
// modulo 2^64 and wrapped to their width; f32 is computed in float, so that each operation rounds once. Transcendental
// functions of an f32 are computed in double and rounded.
#include "lang/scalar.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "lang/interpret.h"
#include "support/small_float.h"
#include "support/tensor_view.h"

namespace lathe {
namespace {

// Four bits.
template <DType dtype> struct Packed {
  int64_t value = 0;
  Packed() = default;
  explicit Packed(int64_t v) : value(dtype == DType::i4 ? ((v & 15) ^ 8) - 8 : v & 15) {}
};
using Int4 = Packed<DType::i4>;
using UInt4 = Packed<DType::u4>;

template <class T> constexpr bool is_packed_type = std::is_same_v<T, Int4> || std::is_same_v<T, UInt4>;
template <class T> constexpr bool is_stored_only = std::is_class_v<T>;

template <class T> T get(Cell c) {
  if constexpr (is_packed_type<T>) {
    return T(c.i);
  } else if constexpr (is_stored_only<T>) {
    return T(c.f);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(c.f);
  } else {
    return static_cast<T>(c.i);
  }
}

template <class T> Cell put(T value) {
  Cell c;
  if constexpr (is_packed_type<T>) {
    c.i = value.value;
  } else if constexpr (is_stored_only<T> || std::is_floating_point_v<T>) {
    c.f = static_cast<double>(value);
  } else {
    c.i = static_cast<int64_t>(value);
  }
  return c;
}

template <class T> constexpr int width = std::is_same_v<T, bool> ? 1 : 8 * static_cast<int>(sizeof(T));

// The low bits of an integer computed modulo 2^64.
template <class T> T wrapped(uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>) {
    return (bits & 1) != 0;
  } else {
    return static_cast<T>(bits);
  }
}

template <class T> T floor_div(T a, T b) {
  if (b == T(0)) return T(0);
  if constexpr (std::is_signed_v<T>) {
    if (b == T(-1)) return wrapped<T>(uint64_t{0} - static_cast<uint64_t>(a));
    const int64_t quotient = int64_t{a} / int64_t{b};
    const bool inexact = int64_t{a} % int64_t{b} != 0;
    return static_cast<T>(quotient - (inexact && (a < 0) != (b < 0) ? 1 : 0));
  } else {
    return wrapped<T>(static_cast<uint64_t>(a) / static_cast<uint64_t>(b));
  }
}

template <class T> T shifted_left(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    if (b < 0) return 0;
  }
  const auto by = static_cast<uint64_t>(b);
  return by >= static_cast<uint64_t>(width<T>) ? T(0) : wrapped<T>(static_cast<uint64_t>(a) << by);
}

template <class T> T shifted_right(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    if (b < 0) return 0;
  }
  const auto by = static_cast<uint64_t>(b);
  if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(int64_t{a} >> (by >= static_cast<uint64_t>(width<T>) ? 63 : by));
  } else {
    return by >= static_cast<uint64_t>(width<T>) ? T(0) : wrapped<T>(static_cast<uint64_t>(a) >> by);
  }
}

template <class T> constexpr uint64_t low_bits_mask = width<T> == 64 ? ~uint64_t{0} : (uint64_t{1} << width<T>) - 1;

template <Op op, class T> Cell integer_op(T a, T b, T c) {
  const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b), z = static_cast<uint64_t>(c);
  switch (op) {
    case Op::add: return put(wrapped<T>(x + y));
    case Op::sub: return put(wrapped<T>(x - y));
    case Op::mul: return put(wrapped<T>(x * y));
    case Op::fma: return put(wrapped<T>(x * y + z));
    case Op::div: return put(floor_div(a, b));
    case Op::mod: return put(b == T(0) ? T(0) : wrapped<T>(x - static_cast<uint64_t>(floor_div(a, b)) * y));
    case Op::min: case Op::min_number: return put(b < a ? b : a);
    case Op::max: case Op::max_number: return put(a < b ? b : a);
    case Op::neg: return put(wrapped<T>(uint64_t{0} - x));
    case Op::abs: return put(a < T(0) ? wrapped<T>(uint64_t{0} - x) : a);
    case Op::bit_and: return put(wrapped<T>(x & y));
    case Op::bit_or: return put(wrapped<T>(x | y));
    case Op::bit_xor: return put(wrapped<T>(x ^ y));
    case Op::bit_not: return put(wrapped<T>(~x));
    case Op::shift_left: return put(shifted_left(a, b));
    case Op::shift_right: return put(shifted_right(a, b));
    case Op::popcount: return put(wrapped<T>(static_cast<uint64_t>(std::popcount(x & low_bits_mask<T>))));
    default: return put(a);                                 // floor, ceil, round
  }
}

template <class T> T smaller(T a, T b) { return b < a ? b : a; }
template <class T> T larger(T a, T b) { return a < b ? b : a; }
template <class T> T first_nan(T a, T b) { return std::isnan(a) ? a : b; }

// e^-|a| is at most 1: nothing overflows, and tiny results keep their digits.
double sigmoid_of(double a) {
  const double small = std::exp(-std::fabs(a));
  return (a < 0 ? small : 1) / (1 + small);
}

template <Op op, class T> T float_op(T a, T b, T c) {
  const bool any_nan = std::isnan(a) || std::isnan(b);
  switch (op) {
    case Op::add: return a + b;
    case Op::sub: return a - b;
    case Op::mul: return a * b;
    case Op::div: return a / b;
    case Op::mod: return a - std::floor(a / b) * b;
    case Op::fma: return std::fma(a, b, c);
    case Op::min: return any_nan ? first_nan(a, b) : smaller(a, b);
    case Op::max: return any_nan ? first_nan(a, b) : larger(a, b);
    case Op::min_number: return std::isnan(a) ? b : std::isnan(b) ? a : smaller(a, b);
    case Op::max_number: return std::isnan(a) ? b : std::isnan(b) ? a : larger(a, b);
    case Op::neg: return -a;
    case Op::abs: return std::fabs(a);
    case Op::floor: return std::floor(a);
    case Op::ceil: return std::ceil(a);
    case Op::round: return std::nearbyint(a);               // the default rounding mode: ties to even
    case Op::sqrt: return std::sqrt(a);
    case Op::exp: return static_cast<T>(std::exp(static_cast<double>(a)));
    case Op::log: return static_cast<T>(std::log(static_cast<double>(a)));
    case Op::sin: return static_cast<T>(std::sin(static_cast<double>(a)));
    case Op::cos: return static_cast<T>(std::cos(static_cast<double>(a)));
    case Op::tanh: return static_cast<T>(std::tanh(static_cast<double>(a)));
    case Op::exp2: return static_cast<T>(std::exp2(static_cast<double>(a)));
    case Op::log2: return static_cast<T>(std::log2(static_cast<double>(a)));
    case Op::erf: return static_cast<T>(std::erf(static_cast<double>(a)));
    case Op::sigmoid: return static_cast<T>(sigmoid_of(static_cast<double>(a)));
    case Op::rsqrt: return static_cast<T>(1 / std::sqrt(static_cast<double>(a)));
    case Op::reciprocal: return 1 / a;
    default: return static_cast<T>(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
}

constexpr bool is_comparison(Op op) {
  return op == Op::eq || op == Op::ne || op == Op::lt || op == Op::le || op == Op::gt || op == Op::ge;
}
constexpr bool is_float_only(Operands operands) { return operands == Operands::floats; }
constexpr bool is_integer_only(Operands operands) {
  return operands == Operands::integers || operands == Operands::logical || operands == Operands::words;
}

template <Op op, class T> bool compared(T a, T b) {
  switch (op) {
    case Op::eq: return a == b;
    case Op::ne: return a != b;
    case Op::lt: return a < b;
    case Op::le: return a <= b;
    case Op::gt: return a > b;
    default: return a >= b;
  }
}

template <Op op, class T> Cell applied(Cell a, Cell b, Cell c) {
  if constexpr (op == Op::select) {
    return a.i != 0 ? b : c;
  } else if constexpr (is_comparison(op)) {
    return put(compared<op, T>(get<T>(a), get<T>(b)));
  } else if constexpr (op == Op::bits_of) {
    return put(std::bit_cast<std::conditional_t<sizeof(T) == 4, int32_t, int64_t>>(get<T>(a)));
  } else if constexpr (op == Op::float_of_bits) {
    return put(std::bit_cast<std::conditional_t<sizeof(T) == 4, float, double>>(get<T>(a)));
  } else if constexpr (std::is_floating_point_v<T>) {
    return put(float_op<op, T>(get<T>(a), get<T>(b), get<T>(c)));
  } else {
    return integer_op<op, T>(get<T>(a), get<T>(b), get<T>(c));
  }
}

template <Op op, Operands operands, class T> constexpr CellFunction function_or_null() {
  if constexpr (is_stored_only<T>) {
    if constexpr (op == Op::select) return applied<op, T>;
    return nullptr;
  } else if constexpr (std::is_floating_point_v<T> ? is_integer_only(operands) : is_float_only(operands)) {
    return nullptr;
  } else if constexpr (operands == Operands::words && !(std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>)) {
    return nullptr;
  } else {
    return applied<op, T>;
  }
}

template <class T> CellFunction function_on(Op op) {
  switch (op) {
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) \
  case Op::name:                                                 \
    return function_or_null<Op::name, Operands::operands, T>();
#include "lang/ops.def"
#undef LATHE_OP
  }
  return nullptr;
}

// A value of a storage type in a type that holds it exactly.
template <class T> auto operand(Cell c) {
  if constexpr (is_packed_type<T>) {
    return static_cast<int32_t>(c.i);
  } else if constexpr (is_stored_only<T>) {
    return static_cast<float>(c.f);
  } else {
    return get<T>(c);
  }
}

// Floats to integers truncate and saturate, NaN gives 0; integers wrap; anything but zero is true.
template <class To, class From> Cell converted(Cell value, Cell, Cell) {
  const auto from = operand<From>(value);
  using Given = std::remove_const_t<decltype(from)>;
  if constexpr (std::is_same_v<To, bool>) {
    return put(from != Given(0));
  } else if constexpr (std::is_floating_point_v<Given> && std::is_integral_v<To>) {
    using Limits = std::numeric_limits<To>;
    // The first value above the range is a power of two, exact in every float type.
    const Given above = std::ldexp(Given(1), width<To> - (std::is_signed_v<To> ? 1 : 0));
    if (std::isnan(from)) return put(To(0));
    if (from >= above) return put(Limits::max());
    if (from <= static_cast<Given>(Limits::min())) return put(Limits::min());
    return put(static_cast<To>(from));
  } else if constexpr (is_packed_type<To>) {
    return put(To(static_cast<int64_t>(from)));
  } else {
    return put(static_cast<To>(from));
  }
}

template <class T> Cell loaded(const void* data, int64_t offset) {
  if constexpr (is_packed_type<T>) {
    return put(T(load_packed(std::is_same_v<T, Int4> ? DType::i4 : DType::u4, data, offset)));
  } else if constexpr (std::is_same_v<T, bool>) {
    return put(static_cast<const uint8_t*>(data)[offset] != 0);
  } else {
    return put(static_cast<const T*>(data)[offset]);
  }
}

template <class T> void stored(void* data, int64_t offset, Cell value) {
  if constexpr (is_packed_type<T>) {
    uint8_t& byte = static_cast<uint8_t*>(data)[offset >> 1];
    const int shift = offset & 1 ? 4 : 0;
    byte = static_cast<uint8_t>((byte & ~(15 << shift)) | ((get<T>(value).value & 15) << shift));
  } else {
    static_cast<T*>(data)[offset] = get<T>(value);
  }
}

// Calls `use` with a value of the C++ type of a dtype.
template <class Use> auto with_type(DType type, const Use& use) {
  switch (type) {
    case DType::boolean: return use(bool{});
    case DType::i4: return use(Int4{});
    case DType::i8: return use(int8_t{});
    case DType::i16: return use(int16_t{});
    case DType::i32: return use(int32_t{});
    case DType::i64: return use(int64_t{});
    case DType::u4: return use(UInt4{});
    case DType::u8: return use(uint8_t{});
    case DType::u16: return use(uint16_t{});
    case DType::u32: return use(uint32_t{});
    case DType::u64: return use(uint64_t{});
    case DType::f16: return use(Float16{});
    case DType::bf16: return use(BFloat16{});
    case DType::f32: return use(float{});
    case DType::f64: return use(double{});
  }
  internal_error("scalar", "an unknown element type");
}

Cell cell_of(const Scalar& s) { return is_float(s.dtype) ? put(s.floating) : put(s.integer); }

Scalar scalar_of(DType type, Cell c) {
  Scalar s;
  s.dtype = type;
  if (is_float(type)) {
    s.floating = c.f;
  } else {
    s.integer = c.i;
  }
  return s;
}

}  // namespace

CellFunction cell_function(Op op, DType operands) {
  return with_type(operands, [&](auto t) { return function_on<decltype(t)>(op); });
}

CellFunction cell_conversion(DType to, DType from) {
  return with_type(to, [&](auto t) {
    return with_type(from, [](auto f) -> CellFunction { return converted<decltype(t), decltype(f)>; });
  });
}

CellLoad cell_load(DType type) {
  return with_type(type, [](auto t) -> CellLoad { return loaded<decltype(t)>; });
}

CellStore cell_store(DType type) {
  return with_type(type, [](auto t) -> CellStore { return stored<decltype(t)>; });
}

Scalar evaluate(Op op, const std::vector<Scalar>& args) {
  const OpInfo& info = info_of(op);
  if (static_cast<int>(args.size()) != info.arity) {
    internal_error("scalar", fmt::format("{} takes {} operands, not {}", info.name, info.arity, args.size()));
  }
  const DType type = args[op == Op::select ? 1 : 0].dtype;
  const CellFunction function = cell_function(op, type);
  if (!function) {
    throw Error(ErrorCode::type_mismatch, {.step = "expression",
                                           .what = fmt::format("{} does not exist for this type", info.name),
                                           .got = std::string(name_of(type)),
                                           .need = is_float(type) ? "integers or booleans" : "floats"});
  }
  const auto cell = [&](size_t i) { return i < args.size() ? cell_of(args[i]) : Cell{}; };
  return scalar_of(result_of(op, type), function(cell(0), cell(1), cell(2)));
}

Scalar convert(DType type, const Scalar& value) {
  return scalar_of(type, cell_conversion(type, value.dtype)(cell_of(value), {}, {}));
}

}  // namespace lathe
