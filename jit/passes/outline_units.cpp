// before   variant f(A: f32 readonly, C: f32; M: i64, K: i64, lda: i64) {
//            for i in 0, M parallel {
//              unit {
//                C[i] = f32(0)
//                for k in 0, K serial {
//                  C[i] = C[i] + A[i*lda + k]
//                }
//              }
//            }
//          }
// after    unit unit_0(b0: f32, b1: f32 readonly; p0: i64) {
//            b0[0] = f32(0)
//            for x0 in 0, p0 serial {
//              b0[0] = b0[0] + b1[x0]
//            }
//          }
//          variant f(A: f32 readonly, C: f32; M: i64, K: i64, lda: i64) {
//            for i in 0, M parallel {
//              call unit_0(C + i, A + i * lda; K)
//            }
//          }
//
// Why here: offsets are explicit, so that what the caller can add to a base address is known; loops are not yet
// expanded, so that bodies are small and a shared one is expanded and compiled once. Refuses units that use a register
// buffer of the code around them, and units in vector loops, whose iterations run in lockstep: these stay in place.
#include "jit/passes/outline_units.h"

#include <map>
#include <string>

#include "jit/ir/text.h"
#include "jit/passes/rename.h"
#include "jit/passes/unit_body.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

Stmt unmarked(const Stmt& s) {
  if (!s->unit) return s;
  ir::StmtNode plain = *s;
  plain.unit = false;
  if (s->kind == StmtKind::block) return ir::make_block(std::move(plain.body));
  return std::make_shared<const ir::StmtNode>(std::move(plain));
}

// What was held so that bodies look equal has served.
Stmt let_go(const Stmt& s) { return s->held ? ir::make_let(s->name, s->value(0), s->body[0]) : s; }

class Outliner {
 public:
  explicit Outliner(const ir::Program& program) : before_(program) {
    after_.name = program.name;
    after_.strict = program.strict;
  }

  ir::Program run() {
    for (ir::Function f : before_.functions) {
      outer_.clear();
      for (const ir::Buffer& b : f.buffers) outer_[b.name] = {b.dtype, b.space};
      ir::visit(f.body, [&](const ir::StmtNode& s) {
        if (s.kind == StmtKind::alloc) outer_[s.name] = {s.dtype, s.space};
      });
      f.body = ir::transform(f.body, [](const Stmt& s) {
        if (s->kind != StmtKind::loop || s->loop != ir::LoopKind::vector) return s;
        return ir::transform(s, [&](const Stmt& inner) { return unmarked(inner); });
      });
      f.body = ir::transform(f.body, [&](const Stmt& s) { return s->unit ? outlined(s) : let_go(s); });
      after_.functions.push_back(std::move(f));
    }
    return std::move(after_);
  }

 private:
  Stmt outlined(const Stmt& s) {
    const Stmt body = unmarked(s);
    if (!body) return nullptr;
    auto unit = unit_of(body, outer_, after_);
    if (!unit) return body;
    unit->function.name = "unit";
    auto [known, is_new] = name_of_text_.emplace(ir::print(unit->function), "");
    if (is_new) {
      known->second = fresh_unit_name(before_, next_);
      unit->function.name = known->second;
      after_.functions.push_back(std::move(unit->function));
    }
    return ir::make_call(known->second, std::move(unit->values), std::move(unit->buffers));
  }

  const ir::Program& before_;
  ir::Program after_;
  OuterBuffers outer_;                               // of the function at hand
  std::map<std::string, std::string> name_of_text_;  // printed without its name -> the function's name
  int next_ = 0;
};

}  // namespace

ir::Program outline_units(const ir::Program& program) { return Outliner(program).run(); }

}  // namespace lathe
