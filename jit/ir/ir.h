// The loop IR: what lowering makes of an algorithm and a schedule, what passes rewrite, what code generation consumes.
// Every node kind is in this file, with its meaning.
//
// Expressions are those of lang/expr.h. Here `access` reads a buffer, `var` is a parameter, loop variable or let.
//   An access reads element args of its buffer. Its mask, where present, is a boolean of the same lanes; a lane that is
//   off reads nothing and gives 0. A vector access has a vector index; lanes are loaded as if one by one.
//   ramp and broadcast make vectors from scalars; every other operator works lane by lane on operands of equal lanes.
//
// Two stages (verify.h checks which one a program is in):
//   nested    accesses and stores have one index for each dimension of the buffer
//   flat      exactly one index, an element offset; strides are explicit arithmetic. Loops may still be of any kind
//   final     flat; no vector or unroll loops; register buffers are addressed by constants only
//
// All integers that address memory are i64 and do not overflow (checked at the call). Statements run in order. Distinct
// buffers never overlap: argument checks refuse calls where an output does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lang/expr.h"

namespace lathe::ir {

enum class StmtKind : uint8_t {
  block,       // body statements one after the other
  let,         // the scalar or vector `name` is value(0) in body(0); names are unique in a function; see `held`
  loop,        // for name in [value(0), value(0) + value(1)): body(0); an extent below 1 runs nothing; see LoopKind
  branch,      // if value(0), a scalar boolean: body(0), else body(1) where present
  alloc,       // the buffer `name` exists in body(0); contents undefined; extents = values; see Space
  store,       // buffer `name` at indices values[1..] becomes value(0); `mask`: lanes off write nothing; lanes in order
  prefetch,    // the cache line of buffer `name` at indices values is asked for; never faults; see Request
  trace,       // somebody wants to see value(0), what `name` is at the indices values[1..]: scalars; see LatheContext
  call,        // the function `name` of this program with arguments values and buffers: no result
};

// The order of iterations and what may be assumed about it.
enum class LoopKind : uint8_t {
  serial,      // in order
  parallel,    // any order, at the same time, on any thread
  vector,      // constant extent; all iterations in lockstep: each statement for all lanes before the next statement
  unroll,      // constant extent; in order, becomes straight code
};

// Where a buffer lives. Storage allocated in a parallel loop is private to an iteration; those in turn may share it.
enum class Space : uint8_t {
  argument,    // the caller's memory: function parameters
  heap,        // scratch from the run time's arena of this thread, 64-byte aligned unless more is asked for
  stack,       // small, constant extents, aligned alike
  registers,   // constant extents and, in the final stage, constant indices: elements stored together are a value
};

// What a prefetch asks for.
enum class Request : uint8_t {
  read,        // into the second-level cache: what is wanted later must not push out what the first level holds now
  soon,        // into the first-level cache, to be read after a few iterations of an innermost loop
  write,       // into the second-level cache, to be written
};

// A buffer as a function sees it. Offsets count elements of `dtype`.
struct Buffer {
  std::string name;
  DType dtype = DType::f32;
  Space space = Space::argument;
  std::vector<Expr> strides;                   // nested stage: in elements, one a dimension
  bool read_only = false;
  bool operator==(const Buffer&) const = default;
};

struct StmtNode;
using Stmt = std::shared_ptr<const StmtNode>;  // null: nothing

// A buffer argument of a call: the callee's parameter begins at `offset` elements of the caller's buffer.
struct BufferArgument {
  std::string name;
  Expr offset;
  bool operator==(const BufferArgument&) const = default;
};

struct StmtNode {
  StmtKind kind = StmtKind::block;
  std::string name = {};                       // let, loop, alloc, store, prefetch, trace, call
  std::vector<Expr> values = {};
  std::vector<Stmt> body = {};
  LoopKind loop = LoopKind::serial;            // loop
  Space space = Space::heap;                   // alloc
  DType dtype = DType::f32;                    // alloc
  std::vector<Expr> strides = {};              // alloc in the nested stage, where rows are padded; empty: dense
  int64_t align_bytes = 64;                    // alloc: the first element lies at a multiple
  Expr mask = {};                              // store
  Expr streaming = {};                         // store: where this scalar boolean holds, the line is not kept in the caches
  Request request = Request::read;             // prefetch
  std::vector<BufferArgument> buffers = {};    // call
  bool unit = false;                           // loop, block: its body becomes a function of its own (outline_units)
  bool held = false;                           // let: passes do not look through the name until bodies have become functions

  const Expr& value(size_t i) const { return values[i]; }
};

struct Param {
  std::string name;
  Type type;
  bool operator==(const Param&) const = default;
};

enum class FunctionKind : uint8_t {
  entry,       // what a kernel call runs: checks nothing, chooses the variant. One in a program
  variant,     // a whole operator under some conditions
  unit,        // an outlined body, shared by content
};

struct Function {
  std::string name;
  FunctionKind kind = FunctionKind::variant;
  std::vector<Buffer> buffers;                 // parameters of pointer type
  std::vector<Param> params;                   // scalar parameters
  Stmt body;
};

// Callees before callers; the entry last.
struct Program {
  std::string name;
  bool strict = false;                         // numeric class: passes keep the written order and rounding of floats
  std::vector<Function> functions;
  const Function* find(std::string_view name) const;
  const Function& entry() const { return functions.back(); }
};

// --- Making statements. Null children are dropped, blocks in a block are merged into it (units are not); a block of
// one is that one, and of none null.
Stmt make_block(std::vector<Stmt> body);
Stmt make_let(std::string name, Expr value, Stmt body, bool held = false);
Stmt make_loop(std::string name, Expr min, Expr extent, LoopKind kind, Stmt body, Expr when = {});   // when: parallel only
Stmt make_branch(Expr condition, Stmt yes, Stmt no = nullptr);
Stmt make_alloc(std::string name, DType dtype, Space space, std::vector<Expr> extents, Stmt body);
Stmt make_store(std::string buffer, std::vector<Expr> indices, Expr value, Expr mask = {});
Stmt make_trace(std::string name, Expr value, std::vector<Expr> indices);
Stmt make_prefetch(std::string buffer, std::vector<Expr> indices, Request request);
Stmt make_call(std::string function, std::vector<Expr> values, std::vector<BufferArgument> buffers);
Stmt make_unit(Stmt body);                     // marks a body for outlining

// --- Looking at and rebuilding.
// Rebuilds bottom-up: `on_stmt` sees each statement after its children were rebuilt; `on_expr` each expression, whole.
Stmt transform(const Stmt& s, const std::function<Stmt(const Stmt&)>& on_stmt,
               const std::function<Expr(const Expr&)>& on_expr = {});
void visit(const Stmt& s, const std::function<void(const StmtNode&)>& on_stmt,
           const std::function<void(const Expr&)>& on_expr = {});          // parents first; expressions whole
Stmt substitute(const Stmt& s, const Substitution& values);
// The statement with other parts; the object itself where nothing changes.
Stmt with_changed_children(const Stmt& s, const std::function<Stmt(const Stmt&)>& change);
Stmt with_changed_expressions(const Stmt& s, const std::function<Expr(const Expr&)>& change);
bool equal(const Stmt& a, const Stmt& b);
size_t count_nodes(const Stmt& s);             // statements and expression nodes

}  // namespace lathe::ir
