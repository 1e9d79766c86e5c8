#include "tests/fuzz/break_schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>

#include "schedules/signature.h"
#include "targets/instruction.h"

namespace lathe {
namespace {

class Breaker {
 public:
  Breaker(RandomSchedule& schedule, const Operator& op, Random& random) : schedule_(schedule), random_(random) {
    for (const FuncContents& f : op.funcs) {
      tensors_.push_back(f.name);
      loops_.insert(loops_.end(), f.vars.begin(), f.vars.end());
      for (const ReductionVar& r : f.rvars) loops_.push_back(r.name);
    }
    for (const InputDecl& in : op.inputs) tensors_.push_back(in.name);
    for (const std::string& line : schedule.lines) words_of(line);
    loops_.push_back("q");
  }

  void run() {
    for (int64_t times = random_.between(1, 3); times > 0; --times) {
      const int64_t how = random_.below(10);
      if (how < 6 || schedule_.lines.empty()) insert(directive());
      else if (how < 8) exchange_word();
      else if (how < 9) insert(random_.pick(schedule_.lines));
      else random_.shuffle(schedule_.lines);
    }
  }

 private:
  // Names of loops that its lines make.
  void words_of(const std::string& line) {
    std::string word;
    for (char c : line.substr(line.find('(') + 1)) {
      if (std::isalnum(static_cast<unsigned char>(c))) {
        word += c;
        continue;
      }
      if (!word.empty() && std::isalpha(static_cast<unsigned char>(word[0])) && word.size() <= 4) loops_.push_back(word);
      word.clear();
    }
  }

  void insert(const std::string& line) {
    schedule_.lines.insert(schedule_.lines.begin() + random_.below(static_cast<int64_t>(schedule_.lines.size()) + 1), line);
  }

  std::string number() { return std::to_string(random_.pick<int64_t>({1, 2, 3, 4, 5, 7, 8, 16, 33})); }
  std::string loop() { return random_.pick(loops_); }

  std::string digits() {
    const std::string whole = random_.chance(50) ? loop() : std::to_string(random_.below(3)), radix = number();
    return random_.chance(50) ? whole : fmt::format("{0}/{1}, {2}, {0}%{1}", whole, radix, random_.chance(50) ? loop() : std::to_string(random_.below(3)));
  }

  std::string directive() {
    const auto kind = static_cast<DirectiveKind>(random_.below(static_cast<int64_t>(std::size(kinds))));
    const std::string func = random_.pick(tensors_), name(info_of(kind).name);
    if (const std::vector<Slot>* slots = slots_of(kind)) return fmt::format("{}.{}({})", func, name, fmt::join(arguments(*slots), ", "));
    if (kind == DirectiveKind::tail) {
      return fmt::format("{}.tail({}, {})", func, loop(),
                         random_.pick<std::string>({"clamp", "mask", "guard", "shift", "automatic", "rows: full, 1/2, then clamp"}));
    }
    return fmt::format("{}.{}({}, {} -> {}{}, {}{}, {}{}, {}{}; width {}: {} rows)", func, name, loop(), loop(), loop(), "a", loop(), "b",
                       loop(), "c", loop(), "d", number(), number());
  }

  std::vector<std::string> arguments(const std::vector<Slot>& slots) {
    std::vector<std::string> list;
    for (const Slot& slot : slots) {
      if (slot.optional && random_.chance(50)) break;
      std::string text = fmt::format("{}", fmt::join(slot.keywords, " "));
      if (!text.empty()) text += ' ';
      switch (slot.kind) {
        case SlotKind::loop: text += random_.chance(80) ? loop() : loop() + "n"; break;
        case SlotKind::loops: text += random_.chance(50) ? loop() : loop() + ", " + loop(); break;
        case SlotKind::digits: text += digits(); break;
        case SlotKind::last: text += number(); break;
        case SlotKind::fact: text += random_.pick(requirement_names()); break;
        case SlotKind::func: text += random_.pick(tensors_); break;
        case SlotKind::name: text += "copied"; break;
        case SlotKind::value: text += slot.keywords.empty() ? number() : "1 > 0"; break;
        case SlotKind::space: text += random_.pick<std::string>({"registers", "stack", "heap"}); break;
        case SlotKind::point: text += number(); break;
        case SlotKind::instruction: text += random_.pick(instruction_names()); break;
        case SlotKind::even: text += "even"; break;
      }
      list.push_back(text);
    }
    return list;
  }

  // One argument of a line becomes another name or number.
  void exchange_word() {
    std::string& line = schedule_.lines[static_cast<size_t>(random_.below(static_cast<int64_t>(schedule_.lines.size())))];
    std::vector<std::pair<size_t, size_t>> words;
    for (size_t i = line.find('('); i < line.size();) {
      size_t end = i;
      while (end < line.size() && std::isalnum(static_cast<unsigned char>(line[end]))) ++end;
      if (end > i) words.push_back({i, end - i});
      i = end + 1;
    }
    if (words.empty()) return;
    const auto [at, length] = random_.pick(words);
    line.replace(at, length, std::isdigit(static_cast<unsigned char>(line[at])) ? number() : loop());
  }

  static constexpr DirectiveKind kinds[] = {
#define LATHE_DIRECTIVE(name, signature, text) DirectiveKind::name,
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
  };

  RandomSchedule& schedule_;
  Random& random_;
  std::vector<std::string> tensors_, loops_;
};

}  // namespace

void break_schedule(RandomSchedule& schedule, const Operator& op, Random& random) { Breaker(schedule, op, random).run(); }

}  // namespace lathe
