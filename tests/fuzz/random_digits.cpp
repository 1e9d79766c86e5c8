#include "tests/fuzz/random_digits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lathe {

std::string random_digits(const std::vector<std::string>& dimensions, Random& random) {
  std::vector<std::string> digits;
  const bool cuts = random.chance(60);
  for (const std::string& d : dimensions) {
    if (!cuts || random.chance(50)) {
      digits.push_back(d);
      continue;
    }
    const auto radix = random.pick<int64_t>({2, 3, 4, 8, 16, 24});
    digits.push_back(fmt::format("{}/{}", d, radix));
    digits.push_back(fmt::format("{}%{}", d, radix));
  }
  random.shuffle(digits);
  return fmt::format("{}", fmt::join(digits, ", "));
}

}  // namespace lathe
