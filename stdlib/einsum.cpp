#include "stdlib/einsum.h"

#include <algorithm>
#include <map>
#include <vector>

#include "lang/func.h"

namespace lathe::stdlib {

namespace {

// The parts of "ij,jk->ik".
struct Formula {
  std::vector<std::string> operands;
  std::vector<char> signs;  // between the operands
  std::string result;
};

[[noreturn]] void refuse(const std::string& what, const std::string& formula, const std::string& need) {
  throw Error(ErrorCode::syntax, {.step = "einsum", .what = what, .got = "\"" + formula + "\"", .need = need});
}

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool has(const std::string& letters, char c) { return letters.find(c) != std::string::npos; }

// Letters that occur once in all operands, in alphabetical order.
std::string free_letters(const std::vector<std::string>& operands) {
  std::map<char, int> count;
  for (const std::string& operand : operands) {
    for (char c : operand) ++count[c];
  }
  std::string free;
  for (const auto& [letter, times] : count) {
    if (times == 1) free += letter;
  }
  return free;
}

void check_result(const Formula& parts, const std::string& formula) {
  for (char c : parts.result) {
    const bool known =
        std::any_of(parts.operands.begin(), parts.operands.end(), [c](const auto& o) { return has(o, c); });
    if (!known)
      refuse(std::string("index ") + c + " of the result is in no operand", formula, "letters of the operands");
    if (std::count(parts.result.begin(), parts.result.end(), c) > 1) {
      refuse(std::string("index ") + c + " stands twice in the result", formula, "each letter once");
    }
  }
}

Formula parse(const std::string& formula, const std::string& signs) {
  Formula parts;
  std::string text;
  for (char c : formula) {
    if (c != ' ') text += c;
  }
  const size_t arrow = text.find("->");
  parts.operands.emplace_back();
  for (char c : text.substr(0, arrow)) {
    if (is_letter(c)) {
      parts.operands.back() += c;
    } else if (has(signs, c)) {
      parts.operands.emplace_back();
      parts.signs.push_back(c);
    } else {
      refuse("an unexpected character", formula, "letters a to z, \"" + signs + "\" between operands, and ->");
    }
  }
  if (parts.operands.size() > 2) refuse("too many operands", formula, "one or two");
  parts.result = arrow == std::string::npos ? free_letters(parts.operands) : text.substr(arrow + 2);
  check_result(parts, formula);
  return parts;
}

Expr size_of(char letter) { return make_var(std::string(1, static_cast<char>(letter - 'a' + 'A'))); }

// The declarations that the letters stand for, and reads of the operands.
class Builder {
 public:
  Builder(const Formula& parts, DType type) : parts_(parts) {
    for (size_t n = 0; n < parts.operands.size(); ++n) {
      const std::string name = parts.operands.size() == 1 ? "operand" : n == 0 ? "left" : "right";
      std::vector<Extent> extents;
      for (char c : parts.operands[n]) extents.push_back(Size(std::string(1, static_cast<char>(c - 'a' + 'A'))));
      inputs_.emplace_back(name, type, extents);
    }
    for (const std::string& operand : parts.operands) {
      for (char c : operand) {
        if (!has(parts.result, c) && !has(summed_, c)) summed_ += c;
      }
    }
  }

  const std::string& summed() const { return summed_; }
  Expr operand(size_t n) const {
    std::vector<Expr> indices;
    for (char c : parts_.operands[n]) indices.push_back(make_var(std::string(1, c)));
    return inputs_[n].at(indices);
  }
  RDoms domain() const {
    RDoms domain;
    for (char c : summed_) domain.emplace_back(0, size_of(c), std::string(1, c));
    return domain;
  }
  Operator result(const std::string& name, const Expr& value) const {
    Func result("result");
    std::vector<Expr> indices;
    std::vector<Extent> extents;
    for (char c : parts_.result) {
      indices.push_back(make_var(std::string(1, c)));
      extents.push_back(size_of(c));
    }
    result.at(indices) = value;
    return make_operator(name, std::vector<Argument>(inputs_.begin(), inputs_.end()), {{result, extents}});
  }

 private:
  const Formula& parts_;
  std::vector<Input> inputs_;
  std::string summed_;
};

}  // namespace

Operator einsum(const std::string& formula, DType type) {
  const Formula parts = parse(formula, ",");
  const Builder build(parts, type);
  const Expr product = parts.operands.size() == 1 ? build.operand(0) : build.operand(0) * build.operand(1);
  return build.result("einsum", build.summed().empty() ? product : sum(build.domain(), product));
}

Operator broadcast(const std::string& formula, DType type) {
  const Formula parts = parse(formula, "+-*/");
  if (parts.operands.size() != 2) refuse("an operand is missing", formula, "two, with + - * or / between them");
  const Builder build(parts, type);
  if (!build.summed().empty()) refuse("the result lacks an index", formula, "each letter of the operands");
  const Expr a = build.operand(0), b = build.operand(1);
  switch (parts.signs[0]) {
    case '+':
      return build.result("broadcast", a + b);
    case '-':
      return build.result("broadcast", a - b);
    case '*':
      return build.result("broadcast", a * b);
    default:
      return build.result("broadcast", a / b);
  }
}

}  // namespace lathe::stdlib
