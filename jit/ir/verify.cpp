// Checks a program function by function, in one walk over each body with the names that are defined at each point.
//
// Expressions: an operator is checked by making it again, so that the rules about operand types stand in
// lang/make_expr.cpp alone. Equal statements are checked each time they occur, because names may be defined at one
// place and not at another.
#include "jit/ir/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "jit/ir/text.h"
#include "jit/ir/words.h"
#include "lang/text.h"

namespace lathe::ir {

std::string_view name_of(Stage stage) {
  static constexpr std::array<std::string_view, 3> names = {"nested", "flat", "final"};
  return names[static_cast<size_t>(stage)];
}

namespace {

constexpr Type index_type = {DType::i64, 1};

// What a name stands for: a buffer, or else a value of `type`.
struct Definition {
  bool is_buffer = false;
  Type type;
  Space space = Space::argument;
  bool read_only = false;
  size_t rank = 0;
  int64_t elements = 0;  // of a buffer in registers
};

std::string first_lines(const std::string& text, int lines) {
  size_t end = 0;
  for (int i = 0; i < lines && end != std::string::npos; ++i) end = text.find('\n', end + (i > 0));
  std::string head = end == std::string::npos || end + 1 >= text.size() ? text : text.substr(0, end) + "\n...";
  while (!head.empty() && head.back() == '\n') head.pop_back();
  for (size_t at = 0; (at = head.find('\n', at)) != std::string::npos; at += 5) head.replace(at, 1, "\n    ");
  return head;
}

class FunctionCheck {
 public:
  FunctionCheck(const Program& program, const Function& f, Stage stage) : program_(program), f_(f), stage_(stage) {}

  void run() {
    for (const Param& p : f_.params) {
      if (p.type.lanes != 1 && f_.kind != FunctionKind::unit)
        fail(p.name + ": " + to_string(p.type), "scalar parameters");
      define(p.name, {.type = p.type});
    }
    for (const Buffer& b : f_.buffers) {
      if (b.space != Space::argument)
        fail(fmt::format("{} in {}", b.name, word_of(b.space)), "parameters in space argument");
      if (stage_ != Stage::nested && !b.strides.empty())
        fail(b.name + " with strides", "strides in the nested stage only");
      for (const Expr& e : b.strides) typed(e, index_type, "a stride");
      define(b.name, {.is_buffer = true, .type = {b.dtype, 1}, .read_only = b.read_only, .rank = b.strides.size()});
    }
    statement(f_.body);
  }

 private:
  // --- Statements.
  void statement(const Stmt& s) {
    if (!s) return;
    shape(*s);
    const Stmt* outer = std::exchange(at_, &s);
    switch (s->kind) {
      case StmtKind::block:
        bodies(*s);
        break;
      case StmtKind::let:
        let(*s);
        break;
      case StmtKind::loop:
        loop(*s);
        break;
      case StmtKind::branch:
        typed(s->value(0), {DType::boolean, 1}, "a condition");
        bodies(*s);
        break;
      case StmtKind::alloc:
        alloc(*s);
        break;
      case StmtKind::store:
        store(*s);
        break;
      case StmtKind::prefetch:
        prefetch(*s);
        break;
      case StmtKind::trace:
        trace(*s);
        break;
      case StmtKind::call:
        call(*s);
        break;
    }
    at_ = outer;
  }

  void bodies(const StmtNode& s) {
    for (const Stmt& child : s.body) statement(child);
  }

  // The number of values and bodies, by kind.
  void shape(const StmtNode& s) {
    const size_t values = s.values.size(), children = s.body.size();
    bool good = true;
    switch (s.kind) {
      case StmtKind::block:
        good = values == 0;
        break;
      case StmtKind::let:
        good = values == 1 && children == 1;
        break;
      case StmtKind::loop:
        good = (values == 2 || values == 3) && children == 1;
        break;
      case StmtKind::branch:
        good = values == 1 && (children == 1 || children == 2);
        break;
      case StmtKind::alloc:
        good = children == 1;
        break;
      case StmtKind::store:
      case StmtKind::trace:
        good = values >= 1 && children == 0;
        break;
      case StmtKind::prefetch:
      case StmtKind::call:
        good = children == 0;
        break;
    }
    if (!good) {
      at_ = nullptr;  // it cannot be printed
      fail(fmt::format("a {} with {} values and {} bodies", word_of(s.kind), values, children),
           "the number that this kind of statement has");
    }
    if (s.unit && s.kind != StmtKind::loop && s.kind != StmtKind::block)
      fail(fmt::format("a {} as a unit", word_of(s.kind)), "loops and blocks as units");
  }

  void let(const StmtNode& s) {
    value(s.value(0));
    define(s.name, {.type = s.value(0).type()});
    bodies(s);
    scope_.erase(s.name);
  }

  void loop(const StmtNode& s) {
    typed(s.value(0), index_type, "a loop's start");
    typed(s.value(1), index_type, "a loop's extent");
    if (s.values.size() > 2) {
      typed(s.value(2), Type{DType::boolean, 1}, "a loop's condition");
      if (s.loop != LoopKind::parallel) fail(fmt::format("a {} loop with a condition", word_of(s.loop)), "parallel loops only");
    }
    const bool straight = s.loop == LoopKind::vector || s.loop == LoopKind::unroll;
    if (straight && stage_ == Stage::final)
      fail(fmt::format("a loop of kind {}", word_of(s.loop)), "serial and parallel loops only");
    if (straight) constant(s.value(1), fmt::format("extents of {} loops", word_of(s.loop)));
    define(s.name, {.type = index_type});
    bodies(s);
    scope_.erase(s.name);
  }

  void alloc(const StmtNode& s) {
    if (s.space == Space::argument) fail(s.name + " in space argument", "heap, stack or registers");
    int64_t elements = 1;
    for (const Expr& e : s.values) {
      typed(e, index_type, "an extent");
      if (s.space != Space::heap) elements *= constant(e, fmt::format("extents of {} buffers", word_of(s.space)));
    }
    for (const Expr& e : s.strides) typed(e, index_type, "a stride");
    if (s.align_bytes < 1 || (s.align_bytes & (s.align_bytes - 1))) fail(fmt::format("{} at {} bytes", s.name, s.align_bytes), "a power of two");
    if (!s.strides.empty() && stage_ != Stage::nested)
      fail(s.name + " with strides", "strides in the nested stage only");
    if (!s.strides.empty() && s.strides.size() != s.values.size()) {
      fail(fmt::format("{} strides", s.strides.size()), fmt::format("one for each of {} dimensions", s.values.size()));
    }
    define(s.name,
           {.is_buffer = true, .type = {s.dtype, 1}, .space = s.space, .rank = s.values.size(), .elements = elements});
    bodies(s);
    scope_.erase(s.name);
    groups_.erase(s.name);
  }

  void store(const StmtNode& s) {
    const std::vector<Expr> indices(s.values.begin() + 1, s.values.end());
    for (const Expr& e : indices) value(e);
    const Definition& to = buffer(s.name);
    if (to.read_only) fail("a store to " + s.name, "stores to buffers that are not readonly");
    const Type place = element(s.name, to, indices, true);
    typed(s.value(0), place, "the stored value");
    if (s.mask.defined()) typed(s.mask, {DType::boolean, place.lanes}, "the mask");
    if (s.streaming.defined()) typed(s.streaming, {DType::boolean, 1}, "the condition of streaming");
  }

  void prefetch(const StmtNode& s) {
    const Definition& b = buffer(s.name);
    for (const Expr& e : s.values) value(e);
    if (b.space == Space::registers) fail("a prefetch of registers", "a buffer in memory");
    const Type place = element(s.name, b, s.values);
    if (place.lanes != 1) fail(to_string(place), "one element to prefetch");
  }

  void call(const StmtNode& s) {
    const Function* callee = program_.find(s.name);
    if (!callee || callee >= &f_) fail("a call of " + s.name, "a function defined before its callers");
    if (s.values.size() != callee->params.size() || s.buffers.size() != callee->buffers.size()) {
      fail(fmt::format("{} buffers and {} values", s.buffers.size(), s.values.size()),
           fmt::format("{} and {}, as {} has", callee->buffers.size(), callee->params.size(), s.name));
    }
    for (size_t i = 0; i < s.values.size(); ++i) {
      typed(s.values[i], callee->params[i].type, "the argument for " + callee->params[i].name);
    }
    for (size_t i = 0; i < s.buffers.size(); ++i) buffer_argument(s.buffers[i], callee->buffers[i]);
  }

  void buffer_argument(const BufferArgument& given, const Buffer& param) {
    const Definition& b = buffer(given.name);
    if (b.space == Space::registers) fail(given.name + " in registers", "buffers in memory as arguments");
    if (b.type.dtype != param.dtype) {
      fail(fmt::format("{}: {}", given.name, name_of(b.type.dtype)),
           fmt::format("{} for {}", name_of(param.dtype), param.name));
    }
    if (b.read_only && !param.read_only) fail("readonly " + given.name, param.name + " that the callee may write");
    typed(given.offset, index_type, "the offset of " + given.name);
  }

  void trace(const StmtNode& s) {
    value(s.value(0));
    scalar(s.value(0), "traced value");
    for (size_t i = 1; i < s.values.size(); ++i) typed(s.value(i), index_type, "an index");
  }

  // --- Expressions.
  void typed(const Expr& e, Type type, const std::string& what) {
    value(e);
    if (e.type() != type)
      fail(fmt::format("{}: {}", print(e), to_string(e.type())), fmt::format("{} for {}", to_string(type), what));
  }

  // Checked nodes are remembered only inside one expression: afterwards other names are defined.
  void value(const Expr& e) {
    if (!e.defined()) fail("an undefined expression", "a value");
    lathe::visit(e, [&](const Expr& node) { check_node(node); });
  }

  void check_node(const Expr& e) {
    switch (e.kind()) {
      case ExprKind::constant:
        scalar(e, "constant");
        break;
      case ExprKind::var:
        variable(e);
        break;
      case ExprKind::op:
        operation(e);
        break;
      case ExprKind::cast:
        if (e.args().size() != 1 || e.arg(0).type().lanes != e.type().lanes)
          fail(print(e), "a cast that keeps the lanes");
        break;
      case ExprKind::access:
        access(e);
        break;
      case ExprKind::reduce:
        fail(print(e), "no reductions in the loop IR");
      case ExprKind::ramp:
        if (e.arg(0).type() != index_type || e.arg(1).type() != index_type) fail(print(e), "ramps of i64 scalars");
        break;
      case ExprKind::broadcast:
        if (e.arg(0).type() != e.type().with_lanes(1)) fail(print(e), "a broadcast of one scalar of its type");
        break;
      case ExprKind::instruction:
        if (e.arg(0).type() != e.type()) fail(print(e), "an instruction of the type that it adds to");
        break;
    }
  }

  void scalar(const Expr& e, std::string_view what) {
    if (e.type().lanes != 1)
      fail(fmt::format("a {} of type {}", what, to_string(e.type())), "a broadcast for a vector");
  }

  void variable(const Expr& e) {
    auto it = scope_.find(e->name);
    if (it == scope_.end()) fail("the name " + e->name, "a definition before the use");
    if (it->second.is_buffer) fail("the buffer " + e->name + " as a value", "an access with indices");
    if (it->second.type != e.type()) {
      fail(fmt::format("{}: {}", e->name, to_string(e.type())),
           fmt::format("{}, as it is defined", to_string(it->second.type)));
    }
  }

  void operation(const Expr& e) {
    std::string why;
    try {
      if (make_op(e->op, e.args()).type() == e.type()) return;
      why = "the type that the operator gives";
    } catch (const Error& error) {
      why = error.parts().need + ": " + error.parts().what;
    }
    fail(fmt::format("{}: {}", print(e), to_string(e.type())), why);
  }

  void access(const Expr& e) {
    const Definition& b = buffer(e->name);
    const Type place = element(e->name, b, e.args());
    if (place != e.type())
      fail(fmt::format("{}: {}", print(e), to_string(e.type())), fmt::format("{} from this buffer", to_string(place)));
    if (e->boundary != Boundary::inside || e->component != 0)
      fail(print(e), "plain elements: no boundary rules, no components");
    const Type mask = {DType::boolean, e.type().lanes};
    if (e->mask.defined() && e->mask.type() != mask)
      fail("a mask of type " + to_string(e->mask.type()), to_string(mask));
  }

  // The type of an element, or of a vector of them, at these indices.
  Type element(const std::string& name, const Definition& b, const std::vector<Expr>& indices, bool written = false) {
    const size_t rank = stage_ == Stage::nested ? b.rank : 1;
    if (indices.size() != rank) fail(fmt::format("{} indices of {}", indices.size(), name), fmt::format("{}", rank));
    int lanes = 1;
    for (const Expr& e : indices) lanes = std::max(lanes, e.type().lanes);
    for (const Expr& e : indices) {
      const bool fits = e.type().lanes == lanes || (e.type().lanes == 1 && stage_ == Stage::nested);
      if (e.type().dtype != DType::i64 || !fits)
        fail(fmt::format("{}: {}", print(e), to_string(e.type())), "i64 indices of equal lanes");
    }
    if (stage_ == Stage::final && b.space == Space::registers) register_group(name, b, indices[0], written);
    return {b.type.dtype, lanes};
  }

  // In the final stage each group of elements that is written at once is a value of its own; reads may take parts of it.
  void register_group(const std::string& name, const Definition& b, const Expr& index, bool written) {
    int64_t first = 0, step = 1;
    const bool is_ramp = index.kind() == ExprKind::ramp;
    const Expr& base = is_ramp ? index.arg(0) : index;
    const bool constant = base.kind() == ExprKind::constant && is_integer_constant(base, &first) &&
                          (!is_ramp || (is_integer_constant(index.arg(1), &step) && step == 1));
    if (!constant)
      fail(fmt::format("{}[{}]", name, print(index)), "constant indices of register buffers, or ramps by 1 from one");
    const int64_t end = first + index.type().lanes;
    if (first < 0 || end > b.elements) {
      fail(fmt::format("{}[{}]", name, print(index)), fmt::format("an index below {}", b.elements));
    }
    if (!written) return;
    auto& groups = groups_[name];
    auto [same, added] = groups.emplace(first, end);
    const bool fits = same->second == end && (std::next(same) == groups.end() || std::next(same)->first >= end) &&
                      (same == groups.begin() || std::prev(same)->second <= first);
    if (!fits) fail(fmt::format("{}[{}]", name, print(index)), "groups of register elements that are equal or apart");
  }

  int64_t constant(const Expr& e, const std::string& what) {
    int64_t number = 0;
    if (!is_integer_constant(e, &number) || number < 0) fail(print(e), "constants for " + what);
    return number;
  }

  // --- Names.
  void define(const std::string& name, const Definition& definition) {
    if (name.empty()) fail("an empty name", "a name");
    if (!all_.insert(name).second) fail(name + " defined again", "names that are defined once in a function");
    scope_.emplace(name, definition);
  }

  const Definition& buffer(const std::string& name) {
    auto it = scope_.find(name);
    if (it == scope_.end()) fail("the buffer " + name, "a definition before the use");
    if (!it->second.is_buffer) fail("the value " + name + " as a buffer", "a buffer");
    return it->second;
  }

  [[noreturn]] void fail(const std::string& got, const std::string& need) const {
    std::string what = fmt::format("function {} is not well formed in the {} stage", f_.name, name_of(stage_));
    if (at_) what += fmt::format(", at\n    {}\n  ", first_lines(ir::print(*at_), 3));
    throw Error(ErrorCode::internal, {.step = "verify", .what = what, .got = got, .need = need});
  }

  const Program& program_;
  const Function& f_;
  const Stage stage_;
  const Stmt* at_ = nullptr;                                  // the statement being checked
  std::map<std::string, Definition> scope_;                   // defined here
  std::set<std::string> all_;                                 // defined anywhere in the function
  std::map<std::string, std::map<int64_t, int64_t>> groups_;  // register buffer -> first element -> end
};

}  // namespace

void verify(const Program& program, Stage stage) {
  const auto fail = [&](const std::string& got, const std::string& need) {
    throw Error(ErrorCode::internal, {.step = "verify", .what = "program " + program.name, .got = got, .need = need});
  };
  if (program.functions.empty()) fail("no functions", "an entry");
  std::set<std::string> names;
  for (const Function& f : program.functions) {
    if (!names.insert(f.name).second) fail("two functions " + f.name, "function names that are unique");
    const bool is_last = &f == &program.functions.back();
    if ((f.kind == FunctionKind::entry) != is_last) {
      fail(fmt::format("{} {}{}", word_of(f.kind), f.name, is_last ? " at the end" : " before the end"),
           "one entry, at the end");
    }
    FunctionCheck(program, f, stage).run();
  }
}

}  // namespace lathe::ir
