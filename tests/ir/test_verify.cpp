// Each rule of the verifier, broken once.
#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "jit/ir/verify.h"
#include "lang/algorithm.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

std::string error_of(const Program& program, Stage stage) {
  try {
    verify(program, stage);
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::internal);
    return e.what();
  }
  return "";
}

std::string error_in(const std::string& text, Stage stage) {
  return error_of(parse_program("program p\n" + text), stage);
}

// Of a body in a function with two buffers, one to read and one to write, and the params n and m.
std::string flat(const std::string& body, Stage stage = Stage::flat) {
  return error_in("entry f(A: f32 readonly, C: f32, N: i32; n: i64, m: i64, x: f32) {\n" + body + "\n}\n", stage);
}
std::string final_stage(const std::string& body) { return flat(body, Stage::final); }
std::string nested(const std::string& body) {
  return error_in("entry f(A: f32 readonly strides[n, 1], C: f32 strides[1], S: f32; n: i64) {\n" + body + "\n}\n",
                  Stage::nested);
}

// The entry's body made by hand, for what the text form cannot say.
std::string error_in_body(Stmt body) {
  Program p = parse_program("program p\nentry f(C: f32; n: i64) {\n}\n");
  p.functions[0].body = std::move(body);
  return error_of(p, Stage::flat);
}

#define CHECK_SAYS(text, part)                   \
  do {                                           \
    const std::string said = text;               \
    INFO(said);                                  \
    CHECK(said.find(part) != std::string::npos); \
  } while (false)

}  // namespace

TEST_CASE("well formed programs pass") {
  CHECK(nested("alloc P: f32[4, n] heap strides[n + 8, 1]\nfor i in 0, 4 vector {\nP[i, 0] = A[i, 0]\nC[i] = P[i, "
               "0]\n}\nS[] = 1") == "");
  CHECK(nested("C[ramp(0, 1, 4)] = A[n, ramp(0, 1, 4)]") == "");
  CHECK(flat("for i in 0, 4 unroll {\nC[i] = A[i*n] if i < n\n}\nprefetch A[n] read") == "");
  CHECK(final_stage("alloc r: f32[32] registers\nr[ramp(0, 1, 16)] = 0\nr[ramp(16, 1, 16)] = r[ramp(0, 1, 16)]\n"
                    "for i in 0, n parallel {\nC[ramp(i*16, 1, 16)] = r[ramp(16, 1, 16)]\n}") == "");
}

TEST_CASE("an error names the function, the stage, the statement and the rule") {
  CHECK(final_stage("for i in 0, 4 vector {\nC[i] = 1\nC[i] = 2\nC[i] = 3\n}") ==
        "lathe: verify: function f is not well formed in the final stage, at\n"
        "    for i in 0, 4 vector {\n"
        "      C[i] = f32(1)\n"
        "      C[i] = f32(2)\n"
        "    ...\n"
        "  : got a loop of kind vector, need serial and parallel loops only");
}

TEST_CASE("names are defined once and before use") {
  CHECK_SAYS(flat("let y = m\nlet y = n"), "got y defined again, need names that are defined once");
  CHECK_SAYS(flat("for n in 0, 4 serial {\n}"), "got n defined again");
  CHECK_SAYS(flat("{\nlet y = m\nC[y] = 1\n}\nlet y = n\nC[y] = 1"), "got y defined again");
  CHECK_SAYS(flat("alloc A: f32[4] heap"), "got A defined again");
  CHECK_SAYS(flat("C[q] = 1"), "got the name q, need a definition before the use");
  CHECK_SAYS(flat("{\nlet y = m\nC[y] = 1\n}\nC[y] = 1"), "got the name y");
  CHECK_SAYS(flat("{\nalloc P: f32[4] heap\n}\nC[0] = P[0]"), "got the buffer P");
  CHECK_SAYS(error_in_body(make_store("n", {0}, make_float(DType::f32, 1))), "got the value n as a buffer");
  CHECK_SAYS(error_in_body(make_store("C", {make_var("C")}, make_float(DType::f32, 1))), "got the buffer C as a value");
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_var("n", {DType::f32, 1}))),
             "got n: f32, need i64, as it is defined");
  CHECK_SAYS(error_in_body(make_let("", make_var("n"), nullptr)), "got an empty name");
}

TEST_CASE("values have the types of their places") {
  CHECK_SAYS(flat("C[0] = n"), "got n: i64, need f32 for the stored value");
  CHECK_SAYS(flat("C[ramp(0, 1, 4)] = x"), "got x: f32, need f32x4 for the stored value");
  CHECK_SAYS(flat("if n {\n}"), "got n: i64, need bool for a condition");
  CHECK_SAYS(flat("for i in 0, x serial {\n}"), "need i64 for a loop's extent");
  CHECK_SAYS(flat("for i in x, 4 serial {\n}"), "need i64 for a loop's start");
  CHECK_SAYS(flat("alloc P: f32[x] heap"), "need i64 for an extent");
  CHECK_SAYS(flat("C[x] = x"), "need i64 indices of equal lanes");
  CHECK_SAYS(flat("C[0] = x if n"), "need bool for the mask");
  CHECK_SAYS(flat("prefetch A[ramp(0, 1, 4)] read"), "need one element to prefetch");
  const Expr one = make_float(DType::f32, 1);
  CHECK_SAYS(error_in_body(make_store("C", {Expr()}, one)), "got an undefined expression");
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_access("C", DType::f64, {0}))), "need f32 from this buffer");
}

TEST_CASE("operators have operands that fit") {
  const Expr one = make_float(DType::f32, 1), n = make_var("n");
  ExprNode mixed = *(n + n);
  mixed.args[1] = one;
  CHECK_SAYS(error_in_body(make_store("C", {make_node(mixed)}, one)), "operands of + have different types");
  ExprNode wrong = *lt(n, n);
  wrong.type.dtype = DType::f32;
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_node(wrong))), "need the type that the operator gives");
  ExprNode cast = *make_cast(DType::f32, n);
  cast.type.lanes = 4;
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_node(cast))), "a cast that keeps the lanes");
  ExprNode vector = *one;
  vector.type.lanes = 4;
  CHECK_SAYS(error_in_body(make_store("C", {make_ramp(0, 1, 4)}, make_node(vector))), "a broadcast for a vector");
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_ramp(one, one, 4))), "ramps of i64 scalars");
  ExprNode spread = *make_broadcast(one, 4);
  spread.args[0] = n;
  CHECK_SAYS(error_in_body(make_store("C", {make_ramp(0, 1, 4)}, make_node(spread))), "a broadcast of one scalar");
}

TEST_CASE("only plain accesses are in the loop IR") {
  ExprNode edge = *make_access("C", DType::f32, {0});
  edge.boundary = Boundary::edge;
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_access(edge))), "need plain elements");
  ExprNode masked = *make_access("C", DType::f32, {0});
  masked.mask = make_var("n");
  CHECK_SAYS(error_in_body(make_store("C", {0}, make_access(masked))), "got a mask of type i64, need bool");
  const Expr sum =
      make_reduce({{"k", make_var("n")}}, builtin_combiner("sum", {DType::f32}), {make_float(DType::f32, 1)});
  CHECK_SAYS(error_in_body(make_store("C", {0}, sum)), "need no reductions in the loop IR");
}

TEST_CASE("ranks fit the stage") {
  CHECK_SAYS(nested("C[0] = A[0]"), "got 1 indices of A, need 2");
  CHECK_SAYS(nested("C[0, 0] = 1"), "got 2 indices of C, need 1");
  CHECK_SAYS(nested("S[0] = 1"), "got 1 indices of S, need 0");
  CHECK_SAYS(nested("alloc P: f32[4, n] heap\nP[0] = 1"), "got 1 indices of P, need 2");
  CHECK_SAYS(nested("alloc P: f32[4, n] heap strides[1]"), "got 1 strides, need one for each of 2 dimensions");
  CHECK_SAYS(flat("C[0, 0] = 1"), "got 2 indices of C, need 1");
  CHECK_SAYS(flat("prefetch C[0, 0] write"), "got 2 indices of C, need 1");
  CHECK_SAYS(flat("alloc P: f32[4] heap strides[1]"), "strides in the nested stage only");
  CHECK_SAYS(error_in("entry f(A: f32 strides[1]) {\n}\n", Stage::flat), "strides in the nested stage only");
  CHECK_SAYS(error_in("entry f(A: f32 strides[n]; n: f32) {\n}\n", Stage::nested), "need f32, as it is defined");
}

TEST_CASE("calls fit the functions they call") {
  const auto call = [](const std::string& call) {
    return error_in(
        "unit g(X: f32, Y: f32 readonly; k: i64) {\n}\nentry f(A: f32 readonly, C: f32, N: i32; n: i64, x: f32) {\n"
        "alloc r: f32[4] registers\n" +
            call + "\n}\n",
        Stage::flat);
  };
  CHECK(call("call g(C + n*4, A; n)") == "");
  CHECK_SAYS(call("call h(C, A; n)"), "got a call of h, need a function defined before its callers");
  CHECK_SAYS(call("call f(C, A; n)"), "got a call of f, need a function defined before its callers");
  CHECK_SAYS(call("call g(C; n)"), "got 1 buffers and 1 values, need 2 and 1, as g has");
  CHECK_SAYS(call("call g(C, A)"), "got 2 buffers and 0 values");
  CHECK_SAYS(call("call g(C, A; x)"), "got x: f32, need i64 for the argument for k");
  CHECK_SAYS(call("call g(N, A; n)"), "got N: i32, need f32 for X");
  CHECK_SAYS(call("call g(A, A; n)"), "got readonly A, need X that the callee may write");
  CHECK_SAYS(call("call g(r, A; n)"), "got r in registers, need buffers in memory");
  CHECK_SAYS(call("call g(C + x, A; n)"), "need i64 for the offset of C");
  CHECK_SAYS(call("call g(Z, A; n)"), "got the buffer Z");
}

TEST_CASE("stores and prefetches go where they can") {
  CHECK_SAYS(flat("A[0] = 1"), "got a store to A, need stores to buffers that are not readonly");
  CHECK_SAYS(flat("alloc r: f32[4] registers\nprefetch r[0] read"), "got a prefetch of registers");
}

TEST_CASE("extents of vector and unroll loops, stack and registers are constants") {
  CHECK_SAYS(flat("for i in 0, n vector {\n}"), "got n, need constants for extents of vector loops");
  CHECK_SAYS(flat("for i in 0, n unroll {\n}"), "constants for extents of unroll loops");
  CHECK_SAYS(flat("alloc P: f32[n] stack"), "constants for extents of stack buffers");
  CHECK_SAYS(flat("alloc P: f32[4, n] registers"), "constants for extents of registers buffers");
  CHECK_SAYS(flat("alloc P: f32[4] argument"), "got P in space argument, need heap, stack or registers");
}

TEST_CASE("in the final stage registers are addressed by constants that do not partly overlap") {
  const auto use = [](const std::string& body) { return final_stage("alloc r: f32[32] registers\n" + body); };
  CHECK_SAYS(use("r[n] = 1"), "need constant indices of register buffers");
  CHECK_SAYS(use("C[0] = r[0 + 1]"), "need constant indices of register buffers");
  CHECK_SAYS(use("r[ramp(0, 2, 4)] = 1"), "need constant indices of register buffers");
  CHECK_SAYS(use("r[ramp(n, 1, 4)] = 1"), "need constant indices of register buffers");
  CHECK_SAYS(use("r[ramp(0, 1, 16)] = 1\nr[ramp(8, 1, 16)] = 1"),
             "groups of register elements that are equal or apart");
  CHECK_SAYS(use("r[ramp(8, 1, 16)] = 1\nr[ramp(0, 1, 16)] = 1"), "equal or apart");
  CHECK_SAYS(use("r[ramp(0, 1, 16)] = 1\nr[0] = 1"), "equal or apart");
  CHECK_SAYS(use("r[ramp(24, 1, 16)] = 1"), "need an index below 32");
  CHECK_SAYS(use("r[-1] = 1"), "need an index below 32");
  CHECK_SAYS(final_stage("for i in 0, 4 unroll {\n}"), "got a loop of kind unroll");
}

TEST_CASE("functions have the form their kind asks for") {
  CHECK_SAYS(error_in("entry f() {\n}\nentry g() {\n}\n", Stage::flat),
             "got entry f before the end, need one entry, at the end");
  CHECK_SAYS(error_in("variant f() {\n}\n", Stage::flat), "got variant f at the end");
  CHECK_SAYS(error_in("variant f() {\n}\nentry f() {\n}\n", Stage::flat), "got two functions f");
  CHECK_SAYS(error_in("", Stage::flat), "got no functions, need an entry");
  CHECK_SAYS(error_in("entry f(; x: f32x4) {\n}\n", Stage::flat), "got x: f32x4, need scalar parameters");
  CHECK(error_in("unit g(; x: f32x4) {\n}\nentry f() {\n}\n", Stage::flat) == "");
  CHECK_SAYS(error_in("entry f(A: f32 heap) {\n}\n", Stage::flat), "got A in heap, need parameters in space argument");
}

TEST_CASE("statements have the parts of their kind") {
  StmtNode loop = *make_loop("i", 0, 4, LoopKind::serial, nullptr);
  loop.values.pop_back();
  CHECK_SAYS(error_in_body(std::make_shared<const StmtNode>(loop)), "got a loop with 1 values and 1 bodies");
  StmtNode store = *make_store("C", {0}, make_float(DType::f32, 1));
  store.unit = true;
  CHECK_SAYS(error_in_body(std::make_shared<const StmtNode>(store)),
             "got a store as a unit, need loops and blocks as units");
}
