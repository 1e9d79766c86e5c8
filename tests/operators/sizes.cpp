#include "tests/operators/sizes.h"

#include <algorithm>

namespace lathe::reference {
namespace {

bool is_prime(int64_t n) {
  for (int64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n > 1;
}

bool is_beside_tiles(int64_t n) { return n >= 15 && (n % 16 == 1 || n % 16 == 15); }

// The names of both sizes of the first matrix; nothing where an input has more dimensions.
std::vector<std::string> sizes_of_first_matrix(const Operator& op) {
  std::vector<std::string> names;
  for (const InputDecl& input : op.inputs) {
    if (input.extents.size() > 2) return {};
    if (input.extents.size() < 2 || !names.empty()) continue;
    for (const Expr& extent : input.extents) {
      if (extent.kind() != ExprKind::var) return {};
      names.push_back(extent->name);
    }
  }
  return names;
}

std::vector<std::string> names_of_rows_and_columns(const Operator& op) {
  const auto has = [&](const char* name) {
    return std::any_of(op.sizes.begin(), op.sizes.end(), [&](const SizeDecl& s) { return s.name == name; });
  };
  if (has("H") && has("W")) return {"H", "W"};
  if (has("M") && has("N")) return {"M", "N"};
  return sizes_of_first_matrix(op);
}

}  // namespace

std::vector<Sizes> picture_sizes(const Operator& op) {
  const std::vector<std::string> names = names_of_rows_and_columns(op);
  std::vector<Sizes> all;
  if (names.empty()) return all;
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{96, 96}, {720, 1280}}) {
    Sizes sizes;
    for (const SizeDecl& s : op.sizes) sizes[s.name] = s.name == "N" ? 1 : std::max<int64_t>(3, s.multiple_of);
    sizes[names[0]] = height, sizes[names[1]] = width;
    all.push_back(std::move(sizes));
  }
  return all;
}

void Reach::add(const Sizes& sizes, bool computed_something) {
  for (const auto& [name, value] : sizes) {
    nothing_ = nothing_ || value == 0;
    if (computed_something) computed_.insert(value);
  }
}

std::string Reach::missing(const Operator& op) const {
  const auto any = [&](const auto& is) { return std::any_of(op.sizes.begin(), op.sizes.end(), is); };
  const auto some = [&](const auto& is) { return std::any_of(computed_.begin(), computed_.end(), is); };
  if (!nothing_ && any([](const SizeDecl& s) { return s.lowest == 0; })) return "nothing";
  if (!some([](int64_t n) { return n == 1; })) return "1";
  if (!some([](int64_t n) { return n > 3 && is_prime(n); })) return "a prime above 3";
  if (!some(is_beside_tiles)) return "beside a multiple of 16";
  return "";
}

}  // namespace lathe::reference
