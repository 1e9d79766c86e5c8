#include "schedules/construct/decisions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "support/error.h"

namespace lathe {

namespace {

constexpr size_t kAllOrders = 3;                            // names whose orders are all options; of more, single moves

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, "/")); }

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
  return parts;
}

bool same_names(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

// Orders near to one: all of few names, else those with one name moved.
std::vector<std::string> orders_near(const std::vector<std::string>& names) {
  std::vector<std::string> options;
  if (names.size() <= kAllOrders) {
    std::vector<std::string> order = names;
    std::sort(order.begin(), order.end());
    do options.push_back(joined(order));
    while (std::next_permutation(order.begin(), order.end()));
    return options;
  }
  options.push_back(joined(names));
  for (size_t from = 0; from < names.size(); ++from) {
    for (size_t to = 0; to < names.size(); ++to) {
      std::vector<std::string> order = names;
      const std::string moved = order[from];
      order.erase(order.begin() + static_cast<ptrdiff_t>(from));
      order.insert(order.begin() + static_cast<ptrdiff_t>(to), moved);
      if (std::find(options.begin(), options.end(), joined(order)) == options.end()) options.push_back(joined(order));
    }
  }
  return options;
}

}  // namespace

std::string print(const Trace& trace) {
  std::vector<std::string> items;
  for (const auto& [name, answer] : trace) items.push_back(name + "=" + answer);
  return fmt::format("{}", fmt::join(items, " "));
}

Trace parse_trace(const std::string& text) {
  Trace trace;
  std::istringstream in(text);
  for (std::string item; in >> item;) {
    const size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == item.size()) {
      throw Error(ErrorCode::syntax, {.step = "parse", .what = "a trace of decisions", .got = item, .need = "name=answer"});
    }
    trace[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return trace;
}

const std::string* Decisions::wish(const std::string& name) const {
  const auto found = wishes_.find(name);
  return found == wishes_.end() ? nullptr : &found->second;
}

std::string Decisions::answered(Decision decision) {
  const std::string taken = decision.taken;
  const bool known = std::any_of(made_.begin(), made_.end(), [&](const Decision& d) { return d.name == decision.name; });
  if (!known) made_.push_back(std::move(decision));
  return taken;
}

std::string Decisions::word(const std::string& name, const std::string& usual, const std::vector<std::string>& options) {
  Decision decision{name, usual, usual, options};
  if (std::find(options.begin(), options.end(), usual) == options.end()) decision.options.insert(decision.options.begin(), usual);
  const std::string* wanted = wish(name);
  if (wanted && std::find(options.begin(), options.end(), *wanted) != options.end()) decision.taken = *wanted;
  return answered(std::move(decision));
}

bool Decisions::whether(const std::string& name, bool usual) {
  return word(name, usual ? "yes" : "no", {"yes", "no"}) == "yes";
}

int64_t Decisions::number(const std::string& name, int64_t usual, int64_t lowest, int64_t highest) {
  int64_t taken = usual;
  if (const std::string* wanted = wish(name)) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(wanted->data(), wanted->data() + wanted->size(), value);
    if (error == std::errc() && end == wanted->data() + wanted->size()) taken = std::clamp(value, lowest, highest);
  }
  answered({name, std::to_string(taken), std::to_string(usual), {}, lowest, highest});
  return taken;
}

std::vector<std::string> Decisions::order(const std::string& name, const std::vector<std::string>& usual) {
  if (usual.size() < 2) return usual;
  std::vector<std::string> taken = usual;
  if (const std::string* wanted = wish(name)) {
    if (const auto parts = parts_of(*wanted); same_names(parts, usual)) taken = parts;
  }
  answered({name, joined(taken), joined(usual), orders_near(taken)});
  return taken;
}

Trace Decisions::trace() const {
  Trace trace;
  for (const Decision& d : made_) if (d.taken != d.usual) trace[d.name] = d.taken;
  return trace;
}

}  // namespace lathe
