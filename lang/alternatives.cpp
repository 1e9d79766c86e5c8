#include "lang/alternatives.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "lang/text.h"

namespace lathe {

namespace {

std::string header_of(const Operator& op) {
  const std::string text = print(op);
  const size_t begin = op.name.size(), end = text.find('\n');
  return text.substr(begin, end - begin);
}

bool same_arguments(const Operator& a, const Operator& b) {
  return a.inputs == b.inputs && a.params == b.params && a.outputs == b.outputs && a.sizes == b.sizes &&
         header_of(a) == header_of(b);
}

}  // namespace

const Alternative* Alternatives::find(std::string_view op) const {
  for (const Alternative& a : list) {
    if (a.op.name == op) return &a;
  }
  return nullptr;
}

Alternatives make_alternatives(std::string name, std::vector<Alternative> list, const SourceLocation& where) {
  const auto fail = [&](ErrorCode code, std::string what, std::string got, std::string need) {
    throw Error(code, {"define", std::move(what), std::move(got), std::move(need), where});
  };
  if (list.size() < 2) {
    fail(ErrorCode::bad_definition, fmt::format("{} has nothing to choose from", name), fmt::format("{} operators", list.size()),
         "two or more");
  }
  std::set<std::string> names{name};
  for (const Alternative& a : list) {
    if (!names.insert(a.op.name).second) {
      fail(ErrorCode::duplicate_name, fmt::format("an alternative of {} has a name that is taken", name), a.op.name,
           "different operators, and a name of their own for all");
    }
    if (!(a.within >= 1) || std::isinf(a.within)) {
      fail(ErrorCode::bad_constant, fmt::format("the error of the alternative {}", a.op.name), fmt::format("within {}", a.within),
           "a factor of at least 1 on the bound of the first");
    }
    if (&a == &list.front() || same_arguments(a.op, list.front().op)) continue;
    fail(ErrorCode::type_mismatch, fmt::format("{} and {} are no alternatives", list.front().op.name, a.op.name), header_of(a.op),
         fmt::format("{}, as the first has", header_of(list.front().op)));
  }
  if (list.front().within != 1) {
    fail(ErrorCode::bad_constant, fmt::format("{} is what its alternatives are measured by", list.front().op.name),
         fmt::format("within {}", list.front().within), "no factor on the first");
  }
  return {std::move(name), std::move(list), where};
}

std::string print(const Alternatives& alternatives) {
  std::string text = fmt::format("alternatives {} = ", alternatives.name);
  for (const Alternative& a : alternatives.list) {
    if (&a != &alternatives.list.front()) text += ", ";
    text += a.op.name;
    if (a.within != 1) text += fmt::format(" within {}", a.within);
  }
  return text + "\n";
}

}  // namespace lathe
