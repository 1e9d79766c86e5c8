#include "bench/emit_c.h"

#include <fmt/format.h>

#include "bench/emit_c_expr.h"
#include "support/error.h"

namespace lathe::bench {

namespace {

using ir::Stmt;
using ir::StmtKind;
using ir::StmtNode;

std::string function_name(const std::string& prefix, std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return prefix + "_" + name;
}

class FunctionText {
 public:
  FunctionText(const ir::Function& function, const std::string& prefix) : function_(function), prefix_(prefix) {}

  std::string text() {
    out_ = fmt::format("static inline __attribute__((always_inline)) int32_t {}(LatheContext* context{}) {{\n",
                       function_name(prefix_, function_.name), parameters());
    ++depth_;
    statement(function_.body);
    line("return 0;");
    return out_ + "}\n";
  }

 private:
  std::string parameters() {
    std::string list;
    for (const ir::Buffer& b : function_.buffers) {
      list += fmt::format(", {}{}* restrict {}", b.read_only ? "const " : "", c_element(b.dtype), c_.name(b.name));
    }
    for (const ir::Param& p : function_.params) list += fmt::format(", {} {}", c_type(p.type.dtype), c_.name(p.name));
    return list;
  }

  void line(const std::string& text) { out_ += std::string(2 * depth_, ' ') + text + "\n"; }

  void block(const std::string& head, const Stmt& body) {
    line(head + "{");
    ++depth_;
    statement(body);
    --depth_;
    line("}");
  }

  void statement(const Stmt& s) {
    if (!s) return;
    switch (s->kind) {
      case StmtKind::block:
        for (const Stmt& child : s->body) statement(child);
        break;
      case StmtKind::let:
        let(*s);
        break;
      case StmtKind::loop:
        s->loop == ir::LoopKind::vector ? lockstep(*s, s->body[0]) : loop(*s, s->body[0]);
        break;
      case StmtKind::branch:
        block(fmt::format("if ({}) ", c_.text(s->value(0))), s->body[0]);
        if (s->body.size() > 1 && s->body[1]) block("else ", s->body[1]);
        break;
      case StmtKind::alloc:
        alloc(*s);
        break;
      case StmtKind::store:
        store(*s);
        break;
      case StmtKind::prefetch:
        line(fmt::format("__builtin_prefetch(&{}[{}]);", c_.name(s->name), c_.text(s->value(0))));
        break;
      case StmtKind::call:
        call(*s);
        break;
      case StmtKind::trace:
        break;
    }
  }

  void let(const StmtNode& s) {
    if (c_.holds_data(s.value(0))) c_.mark_data(s.name);
    line("{");
    ++depth_;
    line(fmt::format("const {} {} = {};", c_type(s.value(0).type().dtype), c_.name(s.name), c_.text(s.value(0))));
    statement(s.body[0]);
    --depth_;
    line("}");
  }

  void loop(const StmtNode& s, const Stmt& body) {
    const std::string var = c_.name(s.name), end = var + "_end", first = c_.text(s.value(0));
    const std::string last =
        is_zero(s.value(0)) ? c_.text(s.value(1)) : fmt::format("{} + {}", first, c_.text(s.value(1)));
    block(fmt::format("for (int64_t {} = {}, {} = {}; {} < {}; ++{}) ", var, first, end, last, var, end, var), body);
  }

  // The statements of a vector loop, each for all lanes.
  void lockstep(const StmtNode& s, const Stmt& body) {
    if (body && body->kind == StmtKind::block) {
      for (const Stmt& child : body->body) lockstep(s, child);
      return;
    }
    if (body && body->kind != StmtKind::store) internal_error("C", "a vector loop around more than stores");
    loop(s, body);
  }

  void alloc(const StmtNode& s) {
    const std::string name = c_.name(s.name), type = c_element(s.dtype);
    std::string elements;
    for (const Expr& e : s.values) elements += (elements.empty() ? "" : " * ") + c_.text(e);
    line("{");
    ++depth_;
    if (s.space == ir::Space::heap) {
      line(fmt::format("{}* restrict {} = scratch(context, (int64_t)sizeof({}) * {});", type, name, type, elements));
      line(fmt::format("if (!{}) return 1;", name));
      statement(s.body[0]);
      line(fmt::format("context->release(context, {});", name));
    } else {
      line(fmt::format("{} {}[{}];", type, name, elements));
      statement(s.body[0]);
    }
    --depth_;
    line("}");
  }

  void store(const StmtNode& s) {
    const std::string condition = s.mask.defined() ? fmt::format("if ({}) ", c_.text(s.mask)) : "";
    line(fmt::format("{}{}[{}] = {};", condition, c_.name(s.name), c_.text(s.value(1)), c_.text(s.value(0))));
  }

  void call(const StmtNode& s) {
    std::string list = "context";
    for (const ir::BufferArgument& b : s.buffers) {
      list += fmt::format(", {}{}", c_.name(b.name), is_zero(b.offset) ? "" : " + " + c_.text(b.offset));
    }
    for (const Expr& e : s.values) list += ", " + c_.text(e);
    line(fmt::format("if ({}({})) return 1;", function_name(prefix_, s.name), list));
  }

  const ir::Function& function_;
  const std::string prefix_;
  CExpressions c_;
  std::string out_;
  size_t depth_ = 0;
};

bool ends_in(const std::string& name, const std::string& suffix) {
  return name.size() >= suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

// Whether the scalar is the stride of an argument's last dimension: the next one is not a stride of the same argument.
bool is_last_stride(const std::vector<ir::Param>& params, size_t i) {
  const std::string& name = params[i].name;
  const size_t at = name.rfind(".stride.");
  if (at == std::string::npos || ends_in(name, ".misalignment")) return false;
  const std::string head = name.substr(0, at + 8);
  return i + 1 == params.size() || params[i + 1].name.compare(0, head.size(), head) != 0;
}

std::string entry_text(const ir::Function& function, const std::string& entry, bool unit_strides) {
  std::string list = "context";
  for (size_t b = 0; b < function.buffers.size(); ++b) list += fmt::format(", buffers[{}]", b);
  for (size_t p = 0; p < function.params.size(); ++p) {
    const DType type = function.params[p].type.dtype;
    const bool one = unit_strides && is_last_stride(function.params, p);
    list += one ? ", 1" : fmt::format(", {}_argument(scalars[{}])", name_of(type), p);
  }
  return fmt::format(
      "int32_t {}(LatheContext* context, void* const* buffers, const int64_t* scalars) {{\n  return {}({});\n}}\n\n",
      entry, function_name(entry, function.name), list);
}

}  // namespace

std::string c_text(const ir::Program& program, const std::string& entry, bool unit_strides) {
  std::string text;
  for (const ir::Function& f : program.functions) text += FunctionText(f, entry).text() + "\n";
  return text + entry_text(program.entry(), entry, unit_strides);
}

}  // namespace lathe::bench
