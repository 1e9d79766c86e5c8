#include <fmt/core.h>

#include <map>

#include "lang/text.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/halide/verbs.h"

namespace lathe::halide {

int fuzz(int cases, const TrialOptions& given) {
  std::map<std::string, int> reasons;
  int good = 0, refused = 0, wrong = 0;
  int64_t elements = 0;
  for (int i = 0; i < cases; ++i) {
    TrialOptions options = given;
    options.seed = given.seed + static_cast<uint64_t>(i);
    options.special_values = options.seed % 4 == 0;
    Random random(options.seed);
    const Operator op = with_static_params(legal_random_algorithm(random), {});
    const Trial trial = run_trial(op, options);
    elements += trial.elements;
    if (!trial.refusals.empty()) {
      ++refused;
      ++reasons[trial.refusals.front().parts().need];
    } else if (trial.differences.empty()) {
      ++good;
    } else {
      ++wrong;
      fmt::print("seed {}: {}\n{}\n", options.seed, trial.differences.front(), print(op));
      std::fflush(stdout);
    }
  }
  for (const auto& [reason, count] : reasons) fmt::print("not expressible, {} times: need {}\n", count, reason);
  fmt::print("{} cases: {} good, {} wrong, {} not expressible; {} elements\n", cases, good, wrong, refused, elements);
  return wrong == 0 ? 0 : 1;
}

}  // namespace lathe::halide
