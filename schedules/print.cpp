// Prints schedules in the text form: what parse.cpp reads back to an equal value.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "schedules/signature.h"
#include "schedules/text.h"

namespace lathe {
namespace {

constexpr size_t chain_columns = 110;

// Schedules are printed for the key of every kernel that is looked for: texts are appended, not formatted.
void append(std::string& text, std::string_view separator, std::string_view part) {
  if (!text.empty()) text += separator;
  text += part;
}

std::string print_tile(const Directive& d) {
  std::vector<std::string> classes;
  for (const TileClass& row : d.classes) {
    classes.push_back(fmt::format("{}: {}{}", row.width, row.rows, classes.empty() ? " rows" : ""));
  }
  std::vector<std::string> made(d.loops.begin() + 2, d.loops.end());
  return fmt::format("{}, {} -> {}; width {}{}", d.loops[0], d.loops[1], fmt::join(made, ", "),
                     fmt::join(classes, ", "), d.even ? "; even" : "");
}

std::string print_tail(const Directive& d) {
  std::string text = d.loops[0] + ", ";
  if (d.rows.empty()) return text + std::string(name_of(d.tail));
  std::vector<std::string> rows;
  for (const RowCount& row : d.rows) {
    rows.push_back(row == RowCount{1, 1} ? "full" : fmt::format("{}/{}", row.numerator, row.denominator));
  }
  text += fmt::format("rows: {}", fmt::join(rows, ", "));
  return d.tail == Tail::automatic ? text : fmt::format("{}, then {}", text, name_of(d.tail));
}

// The text of one slot, "" where an optional one is empty. `loop` is the number of loops taken so far.
std::string print_slot(const Directive& d, const Slot& slot, size_t& loop) {
  switch (slot.kind) {
    case SlotKind::loop:
      return loop < d.loops.size() ? d.loops[loop++] : "";
    case SlotKind::loops: {
      std::string loops;
      for (const std::string& l : d.loops) append(loops, ", ", l);
      return loops;
    }
    case SlotKind::digits: {
      std::string digits;
      for (const Digit& digit : d.digits) append(digits, ", ", print(digit));
      return digits;
    }
    case SlotKind::func:
      return d.target;
    case SlotKind::name:
      return d.name;
    case SlotKind::value:
      return d.value.defined() ? print(d.value) : "";
    case SlotKind::last:
      return d.last.defined() ? print(d.last) : "";
    case SlotKind::point: {
      std::string indices;
      for (const Expr& e : d.point) append(indices, ", ", print(e));
      return indices;
    }
    case SlotKind::instruction:
      return d.name;
    case SlotKind::space:
      return d.space;
    case SlotKind::fact:
      return std::string(name_of(d.fact));
    case SlotKind::even:
      return d.even ? "even" : "";
  }
  return "";
}

std::string print_slots(const Directive& d, const std::vector<Slot>& slots) {
  std::string arguments;
  size_t loop = 0;
  for (const Slot& slot : slots) {
    const std::string text = print_slot(d, slot, loop);
    if (text.empty()) continue;
    if (!arguments.empty()) arguments += ", ";
    for (const std::string& keyword : slot.keywords) arguments += keyword + " ";
    arguments += text;
  }
  return arguments;
}

// "split(k, ko, ki, kc, even)"
std::string print_call(const Directive& d) {
  const std::vector<Slot>* slots = slots_of(d.kind);
  const std::string arguments = slots                           ? print_slots(d, *slots)
                                : d.kind == DirectiveKind::tile ? print_tile(d)
                                                                : print_tail(d);
  return std::string(info_of(d.kind).name) + "(" + arguments + ")";
}

// One chain a line: neighbours on one Func, as long as the line stays short.
std::string print_chains(const std::vector<Directive>& directives, const std::string& indent) {
  std::string text, line;
  const std::string* func = nullptr;
  for (const Directive& d : directives) {
    const std::string call = "." + print_call(d);
    if (func && *func == d.func && line.size() + call.size() <= chain_columns) {
      line += call;
      continue;
    }
    if (func) text += line + "\n";
    line = indent + d.func + call;
    func = &d.func;
  }
  return func ? text + line + "\n" : text;
}

}  // namespace

std::string print(const Digit& digit) {
  std::string text = digit.name;
  if (digit.divisor != 1) text += fmt::format("/{}", digit.divisor);
  if (digit.modulus != 0) text += fmt::format("%{}", digit.modulus);
  return text;
}

std::string print(const Directive& directive) { return directive.func + "." + print_call(directive); }

std::string print(const Schedule& schedule) {
  std::string text = "schedule for " + schedule.op;
  if (!schedule.target.empty()) text += " on " + schedule.target;
  if (schedule.condition.defined()) text += " if " + print(schedule.condition);
  text += "\n";
  for (const ScheduleParam& param : schedule.params) {
    text += fmt::format("param {} = {} in {}..{}\n", param.name, print(param.formula), param.lowest, param.highest);
  }
  text += print_chains(schedule.directives, "");
  for (const Specialization& variant : schedule.specializations) {
    text += fmt::format("specialize({}) {{\n{}}}\n", print(variant.condition), print_chains(variant.directives, "  "));
  }
  return text;
}

// FNV-1a over the text form, so that it means the same in every run and on every machine.
uint64_t Schedule::hash() const {
  uint64_t value = 0xcbf29ce484222325u;
  for (char c : print(*this)) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return value;
}

}  // namespace lathe
