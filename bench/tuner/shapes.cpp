#include "bench/tuner/shapes.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

#include "tools/choice.h"

namespace lathe::bench {

namespace {

constexpr double kMostTerms = 1e9, kLeastTerms = 1e3;  // of a shape: half a microsecond to 50 ms
constexpr double kMostElements = 3e7;                  // of its largest tensor

struct DrawnSize {
  const char* name;
  double lowest, highest;
};

// What one class draws from: an operator, values that stay, sizes.
struct Kind {
  const char* shape_class;
  const char* spec;
  std::vector<std::string> sets;
  std::string fixed;
  std::vector<DrawnSize> sizes;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"matmul", "stdlib:matmul", {}, "", {{"M", 1, 4096}, {"N", 1, 4096}, {"K", 1, 4096}}},
      {"convolution", "stdlib:conv", {"stride=1", "pad=1"}, "N=1,R=3,S=3", {{"H", 7, 224}, {"W", 7, 224}, {"C", 3, 512}, {"O", 8, 512}}},
      {"convolution", "stdlib:conv", {"stride=2", "pad=1"}, "N=1,R=3,S=3", {{"H", 7, 224}, {"W", 7, 224}, {"C", 3, 512}, {"O", 8, 512}}},
      {"convolution", "stdlib:conv", {"stride=1", "pad=0"}, "N=1,R=1,S=1", {{"H", 7, 224}, {"W", 7, 224}, {"C", 8, 1024}, {"O", 8, 1024}}},
      {"depthwise", "stdlib:depthwise", {"stride=1", "pad=1"}, "N=1,R=3,S=3", {{"H", 7, 224}, {"W", 7, 224}, {"C", 8, 1024}}},
      {"depthwise", "stdlib:depthwise", {"stride=2", "pad=1"}, "N=1,R=3,S=3", {{"H", 7, 224}, {"W", 7, 224}, {"C", 8, 1024}}},
      {"reduction", "stdlib:sum_rows", {}, "", {{"M", 1, 8192}, {"N", 1, 8192}}},
      {"reduction", "stdlib:sum_cols", {}, "", {{"M", 1, 8192}, {"N", 1, 8192}}},
      {"reduction", "stdlib:max_rows", {}, "", {{"M", 1, 8192}, {"N", 1, 8192}}},
      {"softmax", "stdlib:softmax", {}, "", {{"M", 1, 4096}, {"N", 1, 4096}}},
  };
  return all;
}

bool is_prime(int64_t n) {
  for (int64_t d = 2; d * d <= n; ++d)
    if (n % d == 0) return false;
  return n > 1;
}

int64_t prime_from(int64_t n) {
  while (!is_prime(n)) ++n;
  return n;
}

// Of 53 bits: the distributions of the standard library differ from one to the next.
double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

bool fits(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  for (const TensorArgument& t : tensor_arguments(op)) {
    double elements = 1;
    for (const Expr& e : t.extents) elements *= static_cast<double>(evaluate_extent(e, sizes));
    if (elements > kMostElements) return false;
  }
  double terms = 1;
  for (const auto& [name, value] : sizes) terms *= static_cast<double>(value);
  return terms >= kLeastTerms && terms <= kMostTerms;
}

}  // namespace

std::vector<std::string> shape_classes() { return {"matmul", "convolution", "depthwise", "reduction", "softmax"}; }

std::vector<Case> drawn_shapes(const std::string& shape_class, uint64_t seed, int count) {
  std::vector<const Kind*> of_class;
  for (const Kind& kind : kinds())
    if (kind.shape_class == shape_class) of_class.push_back(&kind);
  if (of_class.empty())
    tools::wrong_use("no such class of shapes", shape_class, fmt::format("one of {}", fmt::join(shape_classes(), ", ")));
  std::mt19937_64 random(seed);
  std::vector<Case> cases;
  while (static_cast<int>(cases.size()) < count) {
    const Kind& kind = *of_class[cases.size() / 2 % of_class.size()];
    const Operator op = tools::choose({.spec = kind.spec, .sets = kind.sets, .schedule = "naive"}).fixed;
    const bool prime = cases.size() % 2 == 1;
    std::map<std::string, int64_t> sizes;
    for (const auto& [name, value] : tools::parse_assignments(kind.fixed, "sizes")) sizes[name] = std::stoll(value);
    for (const DrawnSize& s : kind.sizes) {
      const auto drawn = static_cast<int64_t>(s.lowest * std::pow(s.highest / s.lowest, uniform(random)));
      sizes[s.name] = prime ? prime_from(drawn) : drawn;
    }
    if (fits(op, sizes)) cases.push_back({kind.spec, op, sizes});
  }
  return cases;
}

}  // namespace lathe::bench
