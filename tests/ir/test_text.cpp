// Programs survive printing and parsing.
#include <doctest/doctest.h>

#include "jit/ir/text.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

const std::string everything = R"(program everything

unit unit_0(A: f32 readonly, C: f32; K: i64, lda: i64, alpha: f32, lanes: boolx16) {
  alloc acc: f32[32] registers
  acc[ramp(0, 1, 16)] = broadcast(f32(0), 16)
  for k in 0, K serial {
    let a = A[ramp(k*lda, 1, 16)] if lanes
    let b = A[k*lda]
    acc[ramp(0, 1, 16)] = fma(broadcast(b, 16), a, acc[ramp(0, 1, 16)]) if lanes
    prefetch A[k*lda + 64] read
    prefetch A[k*lda + 8] soon
  }
  stream C[ramp(0, 1, 16)] = (acc[ramp(0, 1, 16)]) if lanes
  stream(K > 4) C[ramp(32, 1, 16)] = acc[ramp(0, 1, 16)]
  C[ramp(16, 1, 16)] = A[ramp(16, 1, 16)] if lanes
}

variant empty() {
}

variant everything_0(A: f32 readonly strides[lda, 1], C: f32 strides[stride(A, 0) + 1, 1]; K: i64, lda: i64, A.stride.0: i64) {
  {
    let n = lda / 8
    for i in 0, n parallel {
      C[i, 0] = f32(1)
    }
  }
  {
    alloc P: f32[K, 16] heap align 4096 strides[24, 1]
    unit {
      P[0, 0] = A[0, 0] + A[1, 1]
    }
    for i in 0, 4 unroll unit {
      for j in 0, 16 vector {
        P[i, j] = select(i < K and not j == 3, A[i, j], -A[i, j]) if i < K
      }
    }
  }
  if K == 0 {
    call empty()
  } else {
    if lda > 4 {
      prefetch C[0, 0] write
      trace everything[3, K] = C[0, 0]
    }
  }
  call unit_0(A + K * lda, C; K, lda, f32(0.5), broadcast(true, 16))
}

entry everything(A: f32 readonly, C: f32; K: i64) {
  call everything_0(A, C; K, K, 4)
}
)";

// The program with this statement as the body of its entry.
Program with_body(Stmt body) {
  Function entry{.name = "f", .kind = FunctionKind::entry, .buffers = {}, .params = {}, .body = std::move(body)};
  entry.buffers = {{.name = "A", .dtype = DType::f32, .space = Space::argument, .strides = {}}};
  return {.name = "p", .functions = {entry}};
}

void check_round_trip(const Stmt& s) {
  const Program p = with_body(s);
  const std::string text = print(p);
  CAPTURE(text);
  const Program back = parse_program(text);
  CHECK(equal(back.entry().body, s));
  CHECK(print(back) == text);
}

std::string parse_error(const std::string& body) {
  try {
    parse_program("program p\nentry f(A: f32; n: i64) {\n" + body + "\n}\n", "p.ir");
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a program with every kind of statement prints back as it was written") {
  const Program p = parse_program(everything);
  CHECK(print(p) == everything);
  CHECK(p.functions.size() == 4);
  CHECK(p.find("unit_0")->kind == FunctionKind::unit);
  CHECK(p.find("unit_0")->buffers[0].read_only);
  CHECK(p.find("unit_0")->params[3].type == Type{DType::boolean, 16});
  CHECK(p.entry().kind == FunctionKind::entry);
  const Program again = parse_program(print(p));
  for (size_t i = 0; i < p.functions.size(); ++i) {
    CHECK(p.functions[i].buffers == again.functions[i].buffers);
    CHECK(p.functions[i].params == again.functions[i].params);
    CHECK(equal(p.functions[i].body, again.functions[i].body));
  }
}

TEST_CASE("masks of loads and of stores are told apart") {
  const Expr i = make_var("i"), on = lt(i, make_var("n"));
  const Expr plain = make_access("A", DType::f32, {i});
  ExprNode masked_node = *plain;
  masked_node.mask = on;
  const Expr masked = make_access(std::move(masked_node));
  check_round_trip(make_store("A", {i}, plain));
  check_round_trip(make_store("A", {i}, masked));
  check_round_trip(make_store("A", {i}, plain, on));
  check_round_trip(make_store("A", {i}, masked, on));
  check_round_trip(make_store("A", {i}, masked + plain, on));
  check_round_trip(make_store("A", {i}, plain + masked));
}

TEST_CASE("machine instructions take groups of lanes") {
  const std::string text = "program p\n\nentry p(A: u8 readonly, B: i8 readonly, C: i32; k: i64) {\n"
                           "  C[ramp(0, 1, 8)] = instruction(vpdpbusd, C[ramp(0, 1, 8)], A[ramp(k*4, 1, 4)], B[ramp(0, 1, 32)])\n}\n";
  CHECK(print(parse_program(text)) == text);
}

TEST_CASE("lets keep their scope when statements follow it") {
  const Expr zero = make_integer(DType::i64, 0), one = make_float(DType::f32, 1);
  const Stmt first = make_store("A", {make_var("x")}, one), second = make_store("A", {zero}, one);
  check_round_trip(make_block({make_let("x", zero, first), second}));
  check_round_trip(make_block({second, make_let("x", zero, make_block({first, second}))}));
  check_round_trip(make_block({make_alloc("x", DType::f32, Space::heap, {zero}, nullptr), second}));
  check_round_trip(make_let("x", zero, nullptr));
  check_round_trip(make_unit(make_let("x", zero, first)));
  check_round_trip(make_unit(make_unit(make_block({first, second}))));
  check_round_trip(make_loop("i", zero, zero, LoopKind::serial, make_unit(make_block({first, second}))));
}

TEST_CASE("buffers may be named like words of the text form") {
  for (const char* name : {"let", "for", "alloc", "stream", "prefetch", "call", "unit"}) {
    const std::string text = std::string("program p\n\nentry f(") + name + ": f32) {\n  " + name + "[0] = f32(1)\n}\n";
    CHECK(print(parse_program(text)) == text);
  }
}

TEST_CASE("a bare number stored takes the type of its place") {
  const Program p = parse_program("program p\nentry f(A: f64) {\nA[0] = 1\nA[ramp(0, 1, 4)] = 0.5\n}\n");
  const auto& body = p.entry().body->body;
  CHECK(body[0]->value(0) == make_float(DType::f64, 1));
  CHECK(body[1]->value(0) == make_broadcast(make_float(DType::f64, 0.5), 4));
}

TEST_CASE("broken programs are refused with the place and what was expected") {
  CHECK(parse_error("for i in 0, n sideways {\n}") ==
        "lathe: parse: IR: got 'sideways', need serial, parallel, vector or unroll\n  at p.ir:3:15");
  CHECK(parse_error("D[0] = 1").find("a store to an unknown buffer: got D") != std::string::npos);
  CHECK(parse_error("A[0] = 1 A[1] = 2").find("need a new line") != std::string::npos);
  CHECK(parse_error("alloc P: f32x4[3] heap").find("buffer of vectors") != std::string::npos);
  CHECK(parse_error("for i in 0, n serial {").find("got the end") != std::string::npos);
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{ ";
  CHECK(parse_error(deep).find("nested too deeply") != std::string::npos);
}

TEST_CASE("thousands of lets in a row parse") {
  std::string body;
  for (int i = 0; i < 3000; ++i) body += "let x" + std::to_string(i) + " = n + " + std::to_string(i) + "\n";
  CHECK(parse_error(body + "A[x2999] = 1") == "no error");
}
