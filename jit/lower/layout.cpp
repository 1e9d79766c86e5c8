#include "jit/lower/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "schedules/text.h"

namespace lathe {
namespace {

Expr integer(int64_t value) { return make_integer(DType::i64, value); }

}  // namespace

// Each dimension's digits, from the finest on, must take over where the one before ends.
void check_radices(const Layout& layout, const std::vector<std::string>& names, const std::string& what, const SourceLocation& where) {
  auto refuse = [&](const std::string& got, const std::string& need) {
    throw Error(ErrorCode::illegal_schedule, {"schedule", what, got, need, where,
                                              "for blocks of 16: n/16 for the block, n%16 within it"});
  };
  for (size_t dimension = 0; dimension < names.size(); ++dimension) {
    std::vector<LayoutDigit> mine;
    for (const LayoutDigit& digit : layout) if (digit.dimension == dimension) mine.push_back(digit);
    std::sort(mine.begin(), mine.end(), [](auto& a, auto& b) { return a.divisor < b.divisor; });
    if (mine.empty()) refuse(fmt::format("no digit of {}", names[dimension]), "every dimension: else its elements share a place");
    int64_t next = 1;
    for (size_t i = 0; i < mine.size(); ++i) {
      if (mine[i].divisor != next) {
        refuse(fmt::format("{}/{} above what counts to {}", names[dimension], mine[i].divisor, next), fmt::format("{}/{}", names[dimension], next));
      }
      if (i + 1 < mine.size() && mine[i].modulus == 0) refuse(fmt::format("{} whole and in parts", names[dimension]), "each part once");
      if (i + 1 == mine.size() && mine[i].modulus != 0) {
        refuse(fmt::format("only {}%{}", names[dimension], mine[i].modulus), fmt::format("{}/{} too: else elements share a place", names[dimension], next * mine[i].modulus));
      }
      next *= std::max<int64_t>(mine[i].modulus, 1);
    }
  }
}

Layout row_major(size_t rank) {
  Layout layout;
  for (size_t d = 0; d < rank; ++d) layout.push_back({d, 1, 0});
  return layout;
}

Layout layout_of(const Directive& d, const std::vector<std::string>& names) {
  Layout layout;
  for (const Digit& digit : d.digits) {
    const auto same = std::count(names.begin(), names.end(), digit.name);
    size_t dimension = static_cast<size_t>(std::find(names.begin(), names.end(), digit.name) - names.begin());
    const bool number = !digit.name.empty() && digit.name.size() < 3 && std::all_of(digit.name.begin(), digit.name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number) dimension = static_cast<size_t>(std::stoi(digit.name));
    if (dimension >= names.size() || same > 1) {
      throw Error(ErrorCode::unknown_loop, {"schedule", print(d), digit.name,
                                            same > 1 ? "the number of a dimension, as two have this name" : fmt::format("one of {}, or a number below {}", fmt::join(names, ", "), names.size()), d.where});
    }
    layout.push_back({dimension, digit.divisor, digit.modulus});
  }
  check_radices(layout, names, print(d), d.where);
  return layout;
}

std::vector<Expr> extents_in(const Layout& layout, const std::vector<Expr>& extents) {
  std::vector<Expr> result;
  for (const LayoutDigit& digit : layout) {
    const Expr& extent = extents[digit.dimension];
    const Expr divisor = integer(digit.divisor);
    result.push_back(digit.modulus != 0 ? integer(digit.modulus) : digit.divisor == 1 ? extent : (extent + (divisor - integer(1))) / divisor);
  }
  return result;
}

std::vector<Expr> place_in(const Layout& layout, const std::vector<Expr>& indices) {
  std::vector<Expr> result;
  for (const LayoutDigit& digit : layout) {
    Expr at = indices[digit.dimension];
    if (digit.divisor != 1) at = at / integer(digit.divisor);
    if (digit.modulus != 0) at = at % integer(digit.modulus);
    result.push_back(at);
  }
  return result;
}

}  // namespace lathe
