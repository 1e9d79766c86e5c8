// before   variant f(A: f32 readonly, C: f32; M: i64, first: i64, lda: i64) {
//            for i in 0, first serial {
//              C[i] = f32(1)
//              for j in 0, M serial {
//                call unit_0(A + i*lda + j, C + i; lda)
//              }
//            }
//            for i_1 in first, M - first serial {
//              for j_1 in 0, M serial {
//                call unit_0(A + i_1*lda + j_1, C + i_1; lda)
//              }
//            }
//          }
// after    unit unit_1(b0: f32 readonly, b1: f32; p0: i64, p1: i64) {
//            for x0 in 0, p0 serial {
//              call unit_0(b0 + x0, b1; p1)
//            }
//          }
//          variant f(A: f32 readonly, C: f32; M: i64, first: i64, lda: i64) {
//            for i in 0, first serial {
//              C[i] = f32(1)
//              call unit_1(A + i * lda, C + i; M, lda)
//            }
//            for i_1 in first, M - first serial {
//              call unit_1(A + i_1 * lda, C + i_1; M, lda)
//            }
//          }
//
// A loop that is cut into ranges, because a border makes one statement of its body differ, repeats all that does not
// differ; code generation would pay for each copy. What is taken out holds a call of a unit or a loop in a loop, so that
// one more call costs nothing beside it, and enough that one more function pays. A piece that stands in another, and elsewhere too, is a function of its own.
//
// Why here: units are outlined, so that code which calls equal ones is equal; loops are not yet expanded. Refuses pieces
// that use a register buffer of the code around them, and those in vector loops.
#include "jit/passes/outline_repeats.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "jit/ir/text.h"
#include "jit/passes/rename.h"
#include "jit/passes/unit_body.h"

namespace lathe {

namespace {

using ir::Stmt;
using ir::StmtKind;

// A function costs code generation about as much as these nodes in a larger one.
constexpr size_t kLeastNodes = 120;

// What decides cheaply whether two statements may be equal, and whether one is worth a call.
struct Shape {
  size_t hash = 0;                                          // equal for equal pieces, whatever their names
  size_t nodes = 0;
  int loops = 0;                                            // one in the other
  bool calls = false;
};

size_t mixed(size_t a, size_t b) { return (a ^ b) * 0x9e3779b97f4a7c15u; }

class Outliner {
 public:
  Outliner(const ir::Program& program, size_t least_nodes)
      : before_(program), callees_(program), least_nodes_(least_nodes) {
    after_.name = program.name;
    after_.strict = program.strict;
  }

  ir::Program run() {
    for (const ir::Function& f : before_.functions) measure(f.body);
    for (const ir::Function& f : before_.functions) collect(f.body, buffers_of(f), 1);
    for (const ir::Function& f : before_.functions) {
      ir::Function changed = f;
      changed.body = rewritten(f.body, buffers_of(f));
      after_.functions.push_back(std::move(changed));
    }
    return std::move(after_);
  }

 private:
  static OuterBuffers buffers_of(const ir::Function& f) {
    OuterBuffers buffers;
    for (const ir::Buffer& b : f.buffers) buffers[b.name] = {b.dtype, b.space};
    ir::visit(f.body, [&](const ir::StmtNode& s) {
      if (s.kind == StmtKind::alloc) buffers[s.name] = {s.dtype, s.space};
    });
    return buffers;
  }

  static bool is_vector_loop(const ir::StmtNode& s) {
    return s.kind == StmtKind::loop && s.loop == ir::LoopKind::vector;
  }

  // A call costs code generation as much as some fifty nodes, which are not counted.
  bool worth_a_call(const Shape& s) const {
    return s.calls ? s.nodes >= least_nodes_ * 2 / 3 : s.nodes >= least_nodes_ && s.loops >= 2;
  }

  // Sums and products are sorted by names: their operands count in any order.
  size_t hash_of(const Expr& e) {
    if (const auto known = hashes_.find(e); known != hashes_.end()) return known->second;
    size_t hash = static_cast<size_t>(e.kind());
    if (is_integer_constant(e)) hash = mixed(hash, static_cast<size_t>(e->integer_value));
    const bool chain = e.is_op(Op::add) || e.is_op(Op::sub) || e.is_op(Op::mul);
    if (e.kind() == ExprKind::op && !chain) hash = mixed(hash, static_cast<size_t>(e->op));
    for (const Expr& child : children_of(e)) hash = chain ? hash + hash_of(child) : mixed(hash, hash_of(child));
    if (!chain) hash = mixed(hash, 1);
    hashes_.emplace(e, hash);
    return hash;
  }

  Shape measure(const Stmt& s) {
    if (!s) return {};
    Shape shape;
    shape.nodes = 1;
    const auto mix = [&](size_t value) { shape.hash = mixed(shape.hash, value); };
    mix(static_cast<size_t>(s->kind)), mix(static_cast<size_t>(s->loop)), mix(s->body.size());
    for (const Expr& e : s->values) mix(hash_of(e)), shape.nodes += count_of(e);
    for (const ir::BufferArgument& b : s->buffers) shape.nodes += count_of(b.offset);
    if (s->kind == StmtKind::call) mix(std::hash<std::string>()(s->name));
    for (const Stmt& child : s->body) {
      const Shape inner = measure(child);
      mix(inner.hash);
      shape.nodes += inner.nodes;
      shape.loops = std::max(shape.loops, inner.loops);
      shape.calls = shape.calls || inner.calls;
    }
    shape.calls = shape.calls || s->kind == StmtKind::call;
    if (s->kind == StmtKind::loop && !is_vector_loop(*s)) ++shape.loops;
    shapes_[s.get()] = shape;
    if (worth_a_call(shape)) ++frequency_[shape.hash];
    return shape;
  }

  static size_t count_of(const Expr& e) {
    size_t nodes = 0;
    visit(e, [&](const Expr&) { ++nodes; });
    return nodes;
  }

  static std::string text_of(ir::Function function) {
    function.name = "piece";
    return ir::print(function);
  }

  // Finds the pieces that may be repeated, and what they look like. A statement that occurs no more often than one around
  // it occurs in that one only.
  void collect(const Stmt& s, const OuterBuffers& outer, int frequency_around) {
    if (!s || is_vector_loop(*s)) return;
    const Shape& shape = shapes_.at(s.get());
    if (!worth_a_call(shape)) return;
    if (const int frequency = frequency_.at(shape.hash); frequency > frequency_around) {
      if (const auto unit = unit_of(s, outer, before_)) {
        ++count_[text_of_[s.get()] = text_of(unit->function)];
        frequency_around = frequency;
      }
    }
    for (const Stmt& child : s->body) collect(child, outer, frequency_around);
  }

  // Smaller pieces first, so that those in a larger one are calls in its function too.
  Stmt rewritten(const Stmt& s, const OuterBuffers& outer) {
    if (!s || !worth_a_call(shapes_.at(s.get())) || is_vector_loop(*s)) return s;
    const Stmt changed = ir::with_changed_children(s, [&](const Stmt& child) { return rewritten(child, outer); });
    const auto text = text_of_.find(s.get());
    if (text == text_of_.end() || count_.at(text->second) < 2) return changed;
    return call_of(*unit_of(changed, outer, callees_));
  }

  Stmt call_of(Unit unit) {
    auto [known, is_new] = name_of_text_.emplace(text_of(unit.function), "");
    if (is_new) {
      known->second = unit.function.name = fresh_unit_name(before_, next_);
      callees_.functions.push_back(unit.function);
      after_.functions.push_back(std::move(unit.function));
    }
    return ir::make_call(known->second, std::move(unit.values), std::move(unit.buffers));
  }

  const ir::Program& before_;
  ir::Program after_;
  ir::Program callees_;                                     // those before, and the pieces
  std::unordered_map<const ir::StmtNode*, Shape> shapes_;
  std::unordered_map<size_t, int> frequency_;               // of shapes
  std::unordered_map<Expr, size_t> hashes_;
  std::unordered_map<const ir::StmtNode*, std::string> text_of_;   // of what may be a piece
  std::unordered_map<std::string, int> count_;              // of pieces, by their text
  std::map<std::string, std::string> name_of_text_;
  const size_t least_nodes_;
  int next_ = 0;
};

}  // namespace

ir::Program outline_repeats(const ir::Program& program) { return outline_repeats(program, kLeastNodes); }

ir::Program outline_repeats(const ir::Program& program, size_t least_nodes) {
  return Outliner(program, least_nodes).run();
}

}  // namespace lathe
