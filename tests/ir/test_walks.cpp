// Makers, transform, visit, substitute and equality.
#include <doctest/doctest.h>

#include "jit/ir/text.h"
#include "lang/text.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

Stmt body_of(const std::string& body) {
  return parse_program("program p\nentry f(A: f32, B: f32; n: i64) {\n" + body + "\n}\n").entry().body;
}

}  // namespace

TEST_CASE("blocks drop nulls and merge blocks inside them") {
  const Stmt a = body_of("A[0] = 1"), b = body_of("A[1] = 2");
  CHECK(make_block({nullptr, a}) == a);
  CHECK(make_block({}) == nullptr);
  CHECK(make_block({make_block({a, b}), nullptr, a})->body == std::vector<Stmt>{a, b, a});
  CHECK(make_block({a, make_unit(make_block({a, b}))})->body.size() == 2);
}

TEST_CASE("make_unit marks loops and blocks and wraps anything else") {
  const Stmt store = body_of("A[0] = 1"), loop = body_of("for i in 0, n serial {\nA[i] = 1\n}");
  CHECK(make_unit(store)->kind == StmtKind::block);
  CHECK(make_unit(store)->body[0] == store);
  CHECK(make_unit(loop)->kind == StmtKind::loop);
  CHECK(make_unit(loop)->unit);
  CHECK_FALSE(loop->unit);
  CHECK(make_unit(nullptr) == nullptr);
}

TEST_CASE("transform shares what it does not touch") {
  const Stmt s = body_of("for i in 0, n serial {\nA[i] = 1\nB[i] = 2\n}\nfor j in 0, n parallel unit {\nB[j] = 3\n}");
  const auto keep = [](const Stmt& x) { return x; };
  CHECK(transform(s, keep, [](const Expr& e) { return e; }) == s);
  CHECK(transform(s, {}) == s);
  const Stmt changed = transform(s, [](const Stmt& x) {
    return x->kind == StmtKind::store && x->name == "A" ? make_store("A", {make_var("i")}, make_float(DType::f32, 7))
                                                        : x;
  });
  CHECK(changed != s);
  CHECK(changed->body[1] == s->body[1]);
  CHECK(changed->body[0]->body[0]->body[1] == s->body[0]->body[0]->body[1]);
  CHECK(changed->body[0]->values == s->body[0]->values);
}

TEST_CASE("transform keeps every attribute") {
  const Stmt s = body_of(R"(alloc P: f64[n, n] heap strides[n + 8, 1]
  for i in 0, n parallel unit {
    stream A[i] = (B[i]) if i < n
    prefetch A[i + n] write
    call g(A + i*n, B; i + n)
    unit {
      B[i] = A[i] if i < n
    }
  })");
  const Expr m = make_var("m");
  const Stmt t = substitute(s, {{"n", m}});
  CHECK_FALSE(equal(s, t));
  CHECK(equal(substitute(t, {{"m", make_var("n")}}), s));
  visit(t, {}, [](const Expr& e) { CHECK_FALSE(uses_var(e, "n")); });
  CHECK(t->strides[0] == m + 8);
  CHECK(substitute(s, {{"unused", m}}) == s);
}

TEST_CASE("transform may remove statements") {
  const auto without_stores = [](const Stmt& s) {
    return transform(s, [](const Stmt& x) { return x->kind == StmtKind::store ? nullptr : x; });
  };
  CHECK(without_stores(body_of("A[0] = 1\nA[1] = 2")) == nullptr);
  CHECK(print(without_stores(body_of("if n > 0 {\nprefetch A[0] read\n} else {\nA[0] = 1\n}"))) ==
        "if n > 0 {\n  prefetch A[0] read\n}\n");
  CHECK(print(without_stores(body_of("A[0] = 1\nprefetch A[0] read"))) == "prefetch A[0] read\n");
  CHECK(print(without_stores(body_of("for i in 0, n serial {\nA[i] = 1\n}"))) == "for i in 0, n serial {\n}\n");
}

TEST_CASE("a block put in place of a statement becomes part of the block around it") {
  const Stmt s = body_of("A[0] = 1\nB[0] = 1");
  const Stmt twice = transform(s, [](const Stmt& x) { return x->kind == StmtKind::store ? make_block({x, x}) : x; });
  CHECK(twice->body.size() == 4);
}

TEST_CASE("visit sees parents first and expressions whole") {
  const Stmt s = body_of("for i in 0, n serial {\nA[i + 1] = B[i] if i < n\n}");
  std::vector<StmtKind> kinds;
  std::vector<std::string> expressions;
  visit(
      s, [&](const StmtNode& x) { kinds.push_back(x.kind); },
      [&](const Expr& e) { expressions.push_back(lathe::print(e)); });
  CHECK(kinds == std::vector<StmtKind>{StmtKind::loop, StmtKind::store});
  CHECK(expressions == std::vector<std::string>{"0", "n", "B[i] if i < n", "i + 1"});
}

TEST_CASE("equality looks at everything that the text shows") {
  const Stmt s = body_of("for i in 0, n serial {\nA[i] = 1\n}");
  CHECK(equal(s, body_of("for i in 0, n serial {\nA[i] = 1\n}")));
  for (const char* other : {"for i in 0, n parallel {\nA[i] = 1\n}", "for j in 0, n serial {\nA[j] = 1\n}",
                            "for i in 0, n serial unit {\nA[i] = 1\n}", "for i in 0, n serial {\nB[i] = 1\n}",
                            "for i in 0, n serial {\nstream A[i] = 1\n}", "for i in 0, n serial {\n}"}) {
    CHECK_FALSE(equal(s, body_of(other)));
  }
  CHECK(equal(nullptr, nullptr));
  CHECK_FALSE(equal(s, nullptr));
}

TEST_CASE("nodes are counted in statements and expressions") {
  CHECK(count_nodes(nullptr) == 0);
  CHECK(count_nodes(body_of("A[n + 1] = B[n]")) == 6);
}
