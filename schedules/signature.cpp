// Takes the signatures of directives.def apart, once.
#include "schedules/signature.h"

#include <array>
#include <cctype>
#include <sstream>

namespace lathe {
namespace {

SlotKind kind_of_symbol(const std::string& symbol) {
  if (symbol == "e") return SlotKind::value;
  if (symbol == "Name") return SlotKind::name;
  if (symbol == "Instruction") return SlotKind::instruction;
  if (symbol == "space") return SlotKind::space;
  if (symbol == "digit") return SlotKind::digits;
  if (symbol == "fact") return SlotKind::fact;
  if (symbol == "even") return SlotKind::even;
  if (symbol.size() == 1 && std::isupper(static_cast<unsigned char>(symbol[0]))) return SlotKind::func;
  return SlotKind::loop;
}

// One piece between commas: "at = l" is the symbol l behind the words `at` and `=`.
void add_slot(const std::string& piece, bool optional, std::vector<Slot>& slots) {
  std::istringstream words(piece);
  std::vector<std::string> parts;
  for (std::string word; words >> word;) parts.push_back(word);
  if (parts.empty()) return;
  if (parts.back() == "...") {
    if (slots.back().kind == SlotKind::loop) slots.back().kind = SlotKind::loops;
    if (slots.back().kind == SlotKind::value) slots.back().kind = SlotKind::point;
    return;
  }
  std::string symbol = parts.back();
  parts.pop_back();
  SlotKind kind = kind_of_symbol(symbol);
  if (kind == SlotKind::value && !slots.empty() && slots.back().kind == SlotKind::value) kind = SlotKind::last;
  slots.push_back({kind, optional, std::move(parts)});
}

std::vector<Slot> slots_in(std::string_view signature) {
  std::vector<Slot> slots;
  std::string piece;
  bool optional = false;
  size_t open = signature.find('('), close = signature.rfind(')');
  for (char c : signature.substr(open + 1, close - open - 1)) {
    if (c != ',' && c != '[' && c != ']') {
      piece += c;
      continue;
    }
    add_slot(piece, optional, slots);
    piece.clear();
    if (c != ',') optional = c == '[';
  }
  add_slot(piece, optional, slots);
  return slots;
}

constexpr size_t directive_count = 0
#define LATHE_DIRECTIVE(name, signature, text) +1
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
    ;

}  // namespace

const std::vector<Slot>* slots_of(DirectiveKind kind) {
  static const std::array<std::vector<Slot>, directive_count> table = [] {
    std::array<std::vector<Slot>, directive_count> all;
    for (size_t i = 0; i < all.size(); ++i) all[i] = slots_in(info_of(static_cast<DirectiveKind>(i)).signature);
    return all;
  }();
  if (kind == DirectiveKind::tile || kind == DirectiveKind::tail) return nullptr;
  return &table[static_cast<size_t>(kind)];
}

}  // namespace lathe
