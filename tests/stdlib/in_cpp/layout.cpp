#include "lang/func.h"
#include "tests/stdlib/in_cpp/library.h"

namespace lathe::in_cpp {

Operator transpose(AnyType dtype) {
  Var j("j"), i("i");
  Size M("M"), N("N");
  Input X("X", dtype, {M, N});
  Func Y("Y");
  Y(j, i) = X(i, j);
  return make_operator("transpose", {X}, {{Y, {N, M}}});
}

Operator nchw_to_nhwc(AnyType dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), C("C"), H("H"), W("W");
  Input X("X", dtype, {N, C, H, W});
  Func Y("Y");
  Y(n, y, x, c) = X(n, c, y, x);
  return make_operator("nchw_to_nhwc", {X}, {{Y, {N, H, W, C}}});
}

Operator nhwc_to_nchw(AnyType dtype) {
  Var n("n"), c("c"), y("y"), x("x");
  Size N("N"), H("H"), W("W"), C("C");
  Input X("X", dtype, {N, H, W, C});
  Func Y("Y");
  Y(n, c, y, x) = X(n, y, x, c);
  return make_operator("nhwc_to_nchw", {X}, {{Y, {N, C, H, W}}});
}

Operator pad(Numbers dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), C("C");
  Param top("top", 1), bottom("bottom", 1), left("left", 1), right("right", 1), fill("fill", dtype, 0);
  Input X("X", dtype, {N, H, W, C});
  Func Y("Y");
  Y(n, y, x, c) = X.at({n, y - top, x - left, c}, Boundary::constant, fill);
  return make_operator("pad", {X, top, bottom, left, right, fill}, {{Y, {N, H + top + bottom, W + left + right, C}}});
}

Operator pad_edge(AnyType dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param top("top", 1), bottom("bottom", 1), left("left", 1), right("right", 1);
  Input X("X", dtype, {N, H, W, C});
  Func Y("Y");
  Y(n, y, x, c) = X.at({n, y - top, x - left, c}, Boundary::edge);
  return make_operator("pad_edge", {X, top, bottom, left, right}, {{Y, {N, H + top + bottom, W + left + right, C}}});
}

Operator pad_mirror(AnyType dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H", 1, 1 << 20), W("W", 1, 1 << 20), C("C");
  Param top("top", 1), bottom("bottom", 1), left("left", 1), right("right", 1);
  Input X("X", dtype, {N, H, W, C});
  Func Y("Y");
  Y(n, y, x, c) = X.at({n, y - top, x - left, c}, Boundary::mirror);
  return make_operator("pad_mirror", {X, top, bottom, left, right}, {{Y, {N, H + top + bottom, W + left + right, C}}});
}

Operator concat_rows(AnyType dtype) {
  Var i("i"), j("j");
  Size P("P"), N("N"), Q("Q");
  Input A("A", dtype, {P, N}), B("B", dtype, {Q, N});
  Func C("C");
  C(i, j) = select(lt(i, P), A(i, j), B(i - P, j));
  return make_operator("concat_rows", {A, B}, {{C, {P + Q, N}}});
}

Operator concat_cols(AnyType dtype) {
  Var i("i"), j("j");
  Size M("M"), P("P"), Q("Q");
  Input A("A", dtype, {M, P}), B("B", dtype, {M, Q});
  Func C("C");
  C(i, j) = select(lt(j, P), A(i, j), B(i, j - P));
  return make_operator("concat_cols", {A, B}, {{C, {M, P + Q}}});
}

Operator split_rows(AnyType dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param at("at", 1);
  Input X("X", dtype, {M, N});
  Func A("A"), B("B");
  A(i, j) = X(i, j);
  B(i, j) = X(i + at, j);
  return make_operator("split_rows", {X, at}, {{A, {at, N}}, {B, {M - at, N}}});
}

Operator split_cols(AnyType dtype) {
  Var i("i"), j("j");
  Size M("M"), N("N");
  Param at("at", 1);
  Input X("X", dtype, {M, N});
  Func A("A"), B("B");
  A(i, j) = X(i, j);
  B(i, j) = X(i, j + at);
  return make_operator("split_cols", {X, at}, {{A, {M, at}}, {B, {M, N - at}}});
}

Operator gather(AnyType dtype) {
  Var i("i"), k("k");
  Size M("M"), N("N"), K("K");
  Input X("X", dtype, {M, N}), index("index", i64, {M, K});
  Func Y("Y");
  Y(i, k) = X.at({i, index(i, k)}, Boundary::constant);
  return make_operator("gather", {X, index}, {{Y, {M, K}}});
}

Operator take(AnyType dtype) {
  Var b("b"), k("k"), e("e");
  Size B("B"), N("N"), E("E"), K("K");
  Input X("X", dtype, {B, N, E}), index("index", i64, {K});
  Func Y("Y");
  Y(b, k, e) = X.at({b, index(k), e}, Boundary::constant);
  return make_operator("take", {X, index}, {{Y, {B, K, E}}});
}

Operator space_to_depth(AnyType dtype) {
  Var n("n"), y("y"), x("x"), z("z");
  Size N("N"), H("H"), W("W"), C("C");
  Param block("block", 2);
  Input X("X", dtype, {N, H, W, C});
  Func Y("Y");
  Y(n, y, x, z) = X.at({n, y * block + z / C / block, x * block + z / C % block, z % C}, Boundary::constant);
  return make_operator("space_to_depth", {X, block}, {{Y, {N, H / block, W / block, block * block * C}}});
}

Operator depth_to_space(AnyType dtype) {
  Var n("n"), y("y"), x("x"), c("c");
  Size N("N"), H("H"), W("W"), Z("Z");
  Param block("block", 2);
  Input X("X", dtype, {N, H, W, Z});
  Func Y("Y");
  Y(n, y, x, c) = X.at({n, y / block, x / block, (y % block * block + x % block) * (Z / (block * block)) + c},
                       Boundary::constant);
  return make_operator("depth_to_space", {X, block}, {{Y, {N, H * block, W * block, Z / (block * block)}}});
}

}  // namespace lathe::in_cpp
