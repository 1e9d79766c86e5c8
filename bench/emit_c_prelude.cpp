// Scalar operators in C, one function for each element type. Each is what lang/ops.def says; lang/scalar.cpp is the
// same in C++, one value at a time.
#include <fmt/format.h>

#include <string>

#include "bench/emit_c.h"
#include "bench/emit_c_expr.h"

namespace lathe::bench {

namespace {

constexpr const char* kHead = R"(#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct LatheContext LatheContext;
struct LatheContext {
  int32_t (*parallel_for)(LatheContext*, int64_t, int32_t (*)(LatheContext*, void*, int64_t, int64_t), void*);
  void* (*allocate)(LatheContext*, int64_t);
  void (*release)(LatheContext*, void*);
  void* user;
};
__attribute__((malloc, noinline, unused)) static void* scratch(LatheContext* context, int64_t bytes) {
  return context->allocate(context, bytes);
}

#define inline_function static inline __attribute__((always_inline, unused))
)";

// T, U: the type and its unsigned one of at least 32 bits; BITS; S: whether it is signed.
constexpr const char* kIntegers = R"(
inline_function T min_N(T a, T b) { return b < a ? b : a; }
inline_function T max_N(T a, T b) { return a < b ? b : a; }
inline_function T min_number_N(T a, T b) { return b < a ? b : a; }
inline_function T max_number_N(T a, T b) { return a < b ? b : a; }
inline_function T abs_N(T a) { return S && a < 0 ? (T)(0 - (U)a) : a; }
inline_function T popcount_N(T a) { return (T)__builtin_popcountll((uint64_t)a & (~UINT64_C(0) >> (64 - BITS))); }
inline_function T shift_left_N(T a, T b) { return (S && b < 0) || (uint64_t)b >= BITS ? (T)0 : (T)((U)a << (b & (BITS - 1))); }
inline_function T shift_right_N(T a, T b) {
  if (S && b < 0) return 0;
  if ((uint64_t)b >= BITS) return S && a < 0 ? (T)-1 : (T)0;
  return (T)(a >> (b & (BITS - 1)));
}
inline_function T div_N(T a, T b) {
  if (b == 0) return 0;
  if (S && b == (T)-1) return (T)(0 - (U)a);
  return (T)(a / b - (S && a % b != 0 && (a < 0) != (b < 0)));
}
inline_function T mod_N(T a, T b) { return b == 0 ? (T)0 : (T)((U)a - (U)div_N(a, b) * (U)b); }
inline_function T N_argument(int64_t bits) { return (T)bits; }
)";

// F: the suffix of the C library's functions.
constexpr const char* kFloats = R"(
inline_function T min_N(T a, T b) { return __builtin_isunordered(a, b) ? a + b : b < a ? b : a; }
inline_function T max_N(T a, T b) { return __builtin_isunordered(a, b) ? a + b : a < b ? b : a; }
inline_function T min_number_N(T a, T b) { return __builtin_fminF(a, b); }
inline_function T max_number_N(T a, T b) { return __builtin_fmaxF(a, b); }
inline_function T abs_N(T a) { return __builtin_fabsF(a); }
inline_function T div_N(T a, T b) { return a / b; }
inline_function T mod_N(T a, T b) { return a - __builtin_floorF(a / b) * b; }
inline_function T fma_N(T a, T b, T c) { return __builtin_fmaF(a, b, c); }
inline_function T floor_N(T a) { return __builtin_floorF(a); }
inline_function T ceil_N(T a) { return __builtin_ceilF(a); }
inline_function T round_N(T a) { return __builtin_rintF(a); }
inline_function T sqrt_N(T a) { return __builtin_sqrtF(a); }
inline_function T rsqrt_N(T a) { return 1 / __builtin_sqrtF(a); }
inline_function T reciprocal_N(T a) { return 1 / a; }
inline_function T exp_N(T a) { return expF(a); }
inline_function T exp2_N(T a) { return exp2F(a); }
inline_function T log_N(T a) { return logF(a); }
inline_function T log2_N(T a) { return log2F(a); }
inline_function T sin_N(T a) { return sinF(a); }
inline_function T cos_N(T a) { return cosF(a); }
inline_function T tanh_N(T a) { return tanhF(a); }
inline_function T sigmoid_N(T a) { return 1 / (1 + expF(-a)); }
inline_function T erf_N(T a) { return erfF(a); }
inline_function T pow_N(T a, T b) { return powF(a, b); }
inline_function W bits_of_N(T a) { W w; memcpy(&w, &a, sizeof w); return w; }
inline_function T float_of_bits_V(W a) { T t; memcpy(&t, &a, sizeof t); return t; }
inline_function T N_argument(int64_t bits) { T t; memcpy(&t, &bits, sizeof t); return t; }
)";

// From the float type F to the integer type T: LOW and ABOVE are floats, the least value and the first one too large.
constexpr const char* kToInteger = R"(
inline_function T N_of_FN(F a) { return a != a ? (T)0 : a >= ABOVE ? MAX : a <= LOW ? MIN : (T)a; }
)";

// Floats of 16 bits, kept as their bits. From double: first to a float whose last bit says that something was cut off.
constexpr const char* kSmallFloats = R"(
inline_function float f32_odd_of_f64(double a) {
  const float near = (float)a;
  if (a != a || (double)near == a) return near;
  const int32_t away = fabs((double)near) > fabs(a);
  return float_of_bits_i32((bits_of_f32(near) - away) | 1);
}
inline_function float f32_of_bf16(uint16_t a) { return float_of_bits_i32((int32_t)((uint32_t)a << 16)); }
inline_function uint16_t bf16_of_f32(float a) {
  const uint32_t bits = (uint32_t)bits_of_f32(a);
  if (a != a) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
inline_function uint16_t bf16_of_f64(double a) { return bf16_of_f32(f32_odd_of_f64(a)); }
inline_function float f32_of_f16(uint16_t a) { _Float16 t; memcpy(&t, &a, sizeof t); return (float)t; }
inline_function uint16_t f16_of_f32(float a) { const _Float16 t = (_Float16)a; uint16_t b; memcpy(&b, &t, sizeof b); return b; }
inline_function uint16_t f16_of_f64(double a) { return f16_of_f32(f32_odd_of_f64(a)); }
)";

// The text with whole words replaced; `_` separates words.
std::string with_words(std::string_view text, const std::vector<std::pair<std::string, std::string>>& words) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    if (end == at) {
      result += text[at++];
      continue;
    }
    std::string word(text.substr(at, end - at));
    for (const auto& [from, to] : words)
      if (word == from) word = to;
    result += word;
    at = end;
  }
  return result;
}

std::string integers_text(DType type) {
  const std::string bits = std::to_string(bits_of(type));
  return with_words(kIntegers, {{"T", c_type(type)},
                                {"U", bits_of(type) == 64 ? "uint64_t" : "uint32_t"},
                                {"BITS", bits},
                                {"S", is_signed(type) ? "1" : "0"},
                                {"N", std::string(name_of(type))}});
}

std::string floats_text(DType type) {
  std::string text = kFloats;
  const std::string suffix = type == DType::f32 ? "f" : "";
  for (size_t at = text.find("F("); at != std::string::npos; at = text.find("F(", at)) text.replace(at, 1, suffix);
  const bool wide = type == DType::f64;
  return with_words(text, {{"T", c_type(type)},
                           {"N", std::string(name_of(type))},
                           {"W", wide ? "int64_t" : "int32_t"},
                           {"V", wide ? "i64" : "i32"}});
}

std::string conversion_text(DType to, DType from) {
  const int bits = bits_of(to) - (is_signed(to) ? 1 : 0);
  const std::string limit = fmt::format("{}INT{}_", is_signed(to) ? "" : "U", bits_of(to));
  return with_words(kToInteger, {{"T", c_type(to)},
                                 {"N", std::string(name_of(to))},
                                 {"F", c_type(from)},
                                 {"FN", std::string(name_of(from))},
                                 {"ABOVE", fmt::format("0x1p{}f", bits)},
                                 {"LOW", is_signed(to) ? fmt::format("-0x1p{}f", bits) : "0.0f"},
                                 {"MAX", limit + "MAX"},
                                 {"MIN", is_signed(to) ? limit + "MIN" : "0"}});
}

}  // namespace

std::string c_prelude() {
  std::string text = kHead;
  const DType integers[] = {DType::i8, DType::i16, DType::i32, DType::i64,
                            DType::u8, DType::u16, DType::u32, DType::u64};
  const DType floats[] = {DType::f32, DType::f64};
  for (DType t : integers) text += integers_text(t);
  for (DType t : floats) text += floats_text(t);
  text += kSmallFloats;
  for (DType to : integers)
    for (DType from : floats) text += conversion_text(to, from);
  return text + "\ninline_function bool bool_argument(int64_t bits) { return bits & 1; }\n\n";
}

}  // namespace lathe::bench
