// The loop IR as text. A let or alloc holds until the closing brace around it, so one that is followed by statements
// outside its body stands in braces of its own.
#include <fmt/format.h>

#include <algorithm>

#include "jit/ir/text.h"
#include "jit/ir/words.h"
#include "lang/text.h"

namespace lathe::ir {

namespace {

using lathe::print;

std::string list_of(const std::vector<Expr>& list) {
  std::string text;
  for (const Expr& e : list) text += (text.empty() ? "" : ", ") + print(e);
  return text;
}

// Written like a read of the element.
std::string element(const std::string& buffer, const std::vector<Expr>& indices) {
  const bool complete = std::all_of(indices.begin(), indices.end(), [](const Expr& e) { return e.defined(); });
  if (complete) return print(make_access(buffer, DType::f32, indices));
  return fmt::format("{}[{}]", buffer, list_of(indices));
}

std::string stored_value(const StmtNode& s) {
  std::string text = print(s.value(0));
  if (!s.mask.defined()) return text;
  if (s.value(0).kind() == ExprKind::access) text = "(" + text + ")";  // or it would take the mask for its own
  return text + " if " + print(s.mask);
}

std::string stream_word(const StmtNode& s) {
  if (!s.streaming.defined()) return "";
  return s.streaming == make_true() ? "stream " : fmt::format("stream({}) ", print(s.streaming));
}

std::string buffer_argument(const BufferArgument& b) {
  if (!b.offset.defined() || is_zero(b.offset)) return b.name;
  return b.name + " + " + print(b.offset);
}

std::string call_text(const StmtNode& s) {
  std::string text;
  for (const BufferArgument& b : s.buffers) text += (text.empty() ? "" : ", ") + buffer_argument(b);
  if (!s.values.empty()) text += "; " + list_of(s.values);
  return fmt::format("call {}({})", s.name, text);
}

std::string strides_text(const std::vector<Expr>& strides) {
  return strides.empty() ? "" : fmt::format(" strides[{}]", list_of(strides));
}

class Printer {
 public:
  void statement(const Stmt& s) {
    if (!s) return;
    const StmtNode& n = *s;
    switch (n.kind) {
      case StmtKind::block:
        return block(n);
      case StmtKind::let:
        line(fmt::format("let {} = {}{}", n.name, print(n.value(0)), n.held ? " held" : ""));
        return statement(n.body[0]);
      case StmtKind::loop:
        return loop(n);
      case StmtKind::branch:
        return branch(n);
      case StmtKind::alloc:
        return alloc(n);
      case StmtKind::store: {
        const std::vector<Expr> indices(n.values.begin() + 1, n.values.end());
        return line(fmt::format("{}{} = {}", stream_word(n), element(n.name, indices), stored_value(n)));
      }
      case StmtKind::trace: {
        const std::vector<Expr> indices(n.values.begin() + 1, n.values.end());
        return line(fmt::format("trace {}[{}] = {}", n.name, list_of(indices), print(n.value(0))));
      }
      case StmtKind::prefetch:
        return line(fmt::format("prefetch {} {}", element(n.name, n.values), word_of(n.request)));
      case StmtKind::call:
        return line(call_text(n));
    }
  }

  void function(const Function& f) {
    std::string head;
    for (const Buffer& b : f.buffers) head += (head.empty() ? "" : ", ") + parameter(b);
    for (size_t i = 0; i < f.params.size(); ++i) {
      head += fmt::format("{}{}: {}", i == 0 ? "; " : ", ", f.params[i].name, to_string(f.params[i].type));
    }
    braces(fmt::format("{} {}({})", word_of(f.kind), f.name, head), f.body);
  }

  void line(std::string_view text) {
    out_.append(indent_, ' ');
    out_.append(text);
    out_ += '\n';
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string parameter(const Buffer& b) {
    const std::string space = b.space == Space::argument ? "" : fmt::format(" {}", word_of(b.space));
    return fmt::format("{}: {}{}{}{}", b.name, name_of(b.dtype), space, b.read_only ? " readonly" : "",
                       strides_text(b.strides));
  }

  void braces(const std::string& head, const Stmt& body) {
    line(head.empty() ? "{" : head + " {");
    indented(body);
    line("}");
  }

  void indented(const Stmt& body) {
    indent_ += 2;
    statement(body);
    indent_ -= 2;
  }

  void block(const StmtNode& n) {
    if (n.unit) {
      line("unit {");
      indent_ += 2;
    }
    for (size_t i = 0; i < n.body.size(); ++i) {
      const Stmt& s = n.body[i];
      const bool opens_scope = s && (s->kind == StmtKind::let || s->kind == StmtKind::alloc);
      if (opens_scope && i + 1 < n.body.size()) {
        braces("", s);
      } else {
        statement(s);
      }
    }
    if (n.unit) {
      indent_ -= 2;
      line("}");
    }
  }

  void loop(const StmtNode& n) {
    std::string when = n.values.size() > 2 ? " when " + print(n.value(2)) : "";
    braces(fmt::format("for {} in {}, {} {}{}{}", n.name, print(n.value(0)), print(n.value(1)), word_of(n.loop), when,
                       n.unit ? " unit" : ""),
           n.body[0]);
  }

  void branch(const StmtNode& n) {
    line(fmt::format("if {} {{", print(n.value(0))));
    indented(n.body[0]);
    if (n.body.size() > 1) {
      line("} else {");
      indented(n.body[1]);
    }
    line("}");
  }

  void alloc(const StmtNode& n) {
    const std::string align = n.align_bytes == StmtNode{}.align_bytes ? "" : fmt::format(" align {}", n.align_bytes);
    line(fmt::format("alloc {}: {}[{}] {}{}{}", n.name, name_of(n.dtype), list_of(n.values), word_of(n.space), align,
                     strides_text(n.strides)));
    statement(n.body[0]);
  }

  std::string out_;
  size_t indent_ = 0;
};

}  // namespace

std::string print(const Stmt& stmt) {
  Printer printer;
  printer.statement(stmt);
  return printer.take();
}

std::string print(const Function& function) {
  Printer printer;
  printer.function(function);
  return printer.take();
}

std::string print(const Program& program) {
  Printer printer;
  printer.line("program " + program.name + (program.strict ? " strict" : ""));
  for (const Function& f : program.functions) {
    printer.line("");
    printer.function(f);
  }
  return printer.take();
}

}  // namespace lathe::ir
