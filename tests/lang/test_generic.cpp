// Operators that are generic over element types: what their text gives for each type, and what is refused.
#include "lang/generic.h"

#include <doctest/doctest.h>

#include "lang/func.h"
#include "tests/lang/texts.h"

namespace lathe {
namespace {

constexpr const char* soft =
    "soft(X: dtype[M, N]; dtype: floats = f32, scale: dtype = 2) -> Y: dtype[M, N]\n"
    "  top[i] = max(k < N: X[i, k])\n"
    "  E[i, j] = select(abs(top[i]) < dtype(inf), scale, dtype(0)) * (X[i, j] - top[i])\n"
    "  Y[i, j] = E[i, j] / dtype(N)\n";

// The same, written for one type.
std::string soft_of(const std::string& type) {
  return "soft(X: " + type + "[M, N]; scale: " + type + " = 2) -> Y: " + type +
         "[M, N]\n"
         "  top[i] = max(k < N: X[i, k])\n"
         "  E[i, j] = select(abs(top[i]) < " + type + "(inf), scale, 0) * (X[i, j] - top[i])\n"
         "  Y[i, j] = E[i, j] / " + type + "(N)\n";
}

Operator instance(const std::string& text, const ElementTypes& types) {
  return find_operator(with_types(parse_file_text(text, "t.lathe"), "", types), "");
}

std::string instance_error(const std::string& text, const ElementTypes& types) {
  return error_of([&] { instance(text, types); });
}

Operator scaled(Numbers dtype = f32) {
  Var i("i");
  Size N("N");
  Input X("X", dtype, {N});
  Func Y("Y");
  Y(i) = X(i) * cast(dtype, N);
  return make_operator("scaled", {X}, {{Y, {N}}});
}

}  // namespace

TEST_CASE("a generic operator stands in its file as the one of the default types") {
  const SourceFile file = parse_file_text(soft, "t.lathe");
  REQUIRE(file.operators.size() == 1);
  CHECK(file.operators[0] == parse_one(soft_of("f32")));
  CHECK(print(file.operators[0]) == soft_of("f32"));
  REQUIRE(file.generics.size() == 1);
  CHECK(file.generics[0].header == "soft(X: dtype[M, N]; dtype: floats = f32, scale: dtype = 2) -> Y: dtype[M, N]");
  CHECK(file.generics[0].find("dtype")->admitted == dtypes::floats);
  CHECK(file.find_generic("soft") == &file.generics[0]);
  CHECK(file.find_generic("hard") == nullptr);
  CHECK(parse_file_text(soft_of("f32"), "t.lathe").generics.empty());
}

TEST_CASE("an instance is what its text says with the type in place of the parameter") {
  CHECK(instance(soft, {{"dtype", f64}}) == parse_one(soft_of("f64")));
  CHECK(print(instance(soft, {{"dtype", f64}})) == soft_of("f64"));
  CHECK(instance(soft, {{"dtype", f32}}) == instance(soft, {}));
}

TEST_CASE("an instance prints as text that reads back to an equal one") {
  for (DType type : {f32, f64}) {
    const Operator op = instance(soft, {{"dtype", type}});
    CHECK(parse_one(print(op)) == op);
  }
}

TEST_CASE("a type parameter stands wherever a type does") {
  const std::string text =
      "f(X: S[N]; S: numbers = f32, D: f32 | i32 = f32) -> P: (D, S)[], Q: S[N]\n"
      "  P[] = reduce(k < N, (D(0), S(0)), ((a, b), (c, d)) -> (a + D(1) - D(1) + c, b + d): (D(X[k]), X[k]))\n"
      "  Q[i] = X[i + 1] outside S(1)\n";
  const Operator op = instance(text, {{"S", u8}, {"D", i32}});
  CHECK(op.inputs[0].dtype == u8);
  CHECK(op.find_func("P")->dtype(0) == i32);
  CHECK(op.find_func("P")->dtype(1) == u8);
  CHECK(op.find_func("Q")->dtype(0) == u8);
}

TEST_CASE("types of storage are in the class any alone, packed ones in none") {
  CHECK(dtypes::floats == DTypeSet{f32, f64});
  CHECK(names_of(dtypes::integers) == "i8, i16, i32, i64, u8, u16, u32, u64");
  CHECK(dtypes::numbers == (dtypes::floats | dtypes::integers));
  for (DType type : {f16, bf16, DType::boolean}) {
    CHECK(dtypes::any.has(type));
    CHECK_FALSE(dtypes::numbers.has(type));
  }
  for (DType type : {i4, u4}) CHECK_FALSE(dtypes::any.has(type));
}

TEST_CASE("schedules in the file are for the default types") {
  const std::string text = std::string(soft) + "\nschedule for soft\nY.vectorize(j)\n\nother(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i]\n\n"
                           "schedule for other\nY.vectorize(i)\n";
  const SourceFile file = parse_file_text(text, "t.lathe");
  CHECK(file.schedules.size() == 2);
  CHECK(with_types(file, "soft", {{"dtype", f32}}).schedules.size() == 2);
  const SourceFile exact = with_types(file, "soft", {{"dtype", f64}});
  REQUIRE(exact.schedules.size() == 1);
  CHECK(exact.schedules[0].text.find("schedule for other") == 0);
  CHECK(find_operator(exact, "other") == find_operator(file, "other"));
}

TEST_CASE("alternatives get the type together") {
  const std::string text =
      "one(X: dtype[N]; dtype: floats = f32) -> Y: dtype[N]\n  Y[i] = X[i] + X[i]\n\n"
      "two(X: dtype[N]; dtype: floats = f32) -> Y: dtype[N]\n  Y[i] = 2 * X[i]\n\n"
      "alternatives twice = one, two\n";
  const SourceFile file = parse_file_text(text, "t.lathe");
  for (const char* name : {"twice", "one", "two"}) {
    const SourceFile exact = with_types(file, name, {{"dtype", f64}});
    for (const Operator& op : exact.operators) CHECK(op.inputs[0].dtype == f64);
    CHECK(exact.alternatives.at(0).meaning() == exact.operators[0]);
  }
}

TEST_CASE("a type that is not admitted is refused with those that are, at the parameter's place") {
  const std::string error = instance_error(soft, {{"dtype", i32}});
  CHECK(error.find("L104 lathe: types: soft does not admit this element type for dtype: got i32, need one of f32, f64") == 0);
  CHECK(error.find("t.lathe:1:22") != std::string::npos);
  const std::string unknown = instance_error(soft, {{"dtyp", f64}});
  CHECK(unknown.find("L102 lathe: types: soft has no type parameter of this name: got dtyp, need one of dtype") == 0);
  CHECK(unknown.find("did you mean dtype?") != std::string::npos);
  CHECK(instance_error(soft_of("f32"), {{"dtype", f64}}).find("need none: it is not generic") != std::string::npos);
}

TEST_CASE("a function that builds a generic operator refuses other types at the caller's line") {
  CHECK(print(scaled(i16)) == "scaled(X: i16[N]) -> Y: i16[N]\n  Y[i] = X[i] * i16(N)\n");
  CHECK(scaled() == scaled(f32));
  const int line = __LINE__ + 1;
  const std::string error = error_of([] { scaled(bf16); });
  CHECK(error.find("L104 lathe: types: an operator does not admit this element type: got bf16, need one of i8, i16") == 0);
  CHECK(error.find("test_generic.cpp:" + std::to_string(line)) != std::string::npos);
}

TEST_CASE("each type that an operator admits is checked when the text is read") {
  const std::string error = text_error("f(X: T[N]; T: numbers = f32) -> Y: T[N]\n  Y[i] = exp(X[i])\n");
  CHECK(error.find("L104 ") == 0);
  CHECK(error.find("where T is i8") != std::string::npos);
  CHECK(error.find("t.lathe:2:10") != std::string::npos);
}

TEST_CASE("type parameters that say nothing are refused") {
  const auto header = [](const std::string& params) { return text_error("f(X: f32[N]; " + params + ") -> Y: f32[N]\n  Y[i] = X[i]\n"); };
  CHECK(header("T: floats = f32") == "no error");
  CHECK(header("T: floats | i32 | i64 = f32") == "no error");
  CHECK(header("T: flots = f32").find("did you mean floats?") != std::string::npos);
  CHECK(header("T: floats = i32").find("the default of T is not among its types: got i32, need one of f32, f64") != std::string::npos);
  CHECK(header("T: floats = 1").find("an element type such as f32") != std::string::npos);
  CHECK(header("T: floats").find("unexpected text") != std::string::npos);
  CHECK(header("X: floats = f32").find("a name is declared twice") != std::string::npos);
  CHECK(header("T: f32 = 1, T: floats = f32").find("a name is declared twice") != std::string::npos);
  CHECK(text_error("f(X: dtyp[N]; dtype: floats = f32) -> Y: f32[N]\n  Y[i] = X[i]\n").find("did you mean dtype?") != std::string::npos);
  CHECK(text_error("f(X: T[T]; T: floats = f32) -> Y: T[T]\n  Y[i] = X[i]\n").find("a size has a name that it cannot have") != std::string::npos);
  CHECK(text_error("f(X: T[N]; T: floats = f32) -> Y: T[N]\n  Y[i] = X[i] + T\n").find("an element type is used as a value: got 'T', need T(...)") != std::string::npos);
}

}  // namespace lathe
