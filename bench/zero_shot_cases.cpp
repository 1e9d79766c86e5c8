// Sizes are drawn by the work that they mean, counted and not timed: the same seed gives the same cases on every
// machine.
#include "bench/zero_shot_cases.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>

#include "jit/signature.h"
#include "tests/fuzz/random_algorithm.h"
#include "tests/fuzz/trial.h"
#include "tools/choice.h"

namespace lathe::bench {

namespace {

using Sizes = std::map<std::string, int64_t>;

constexpr double kLeastTerms = 2e5, kMostTerms = 6e6;  // 20 us to 20 ms, for most operators and kernels
constexpr double kMostBytes = 256e6;

double uniform(Random& random) { return static_cast<double>(random.below(1 << 20)) / (1 << 20); }
double log_uniform(Random& random, double low, double high) { return low * std::pow(high / low, uniform(random)); }

int64_t allowed(const SizeDecl& s, double value) {
  const int64_t multiple = s.multiple_of, least = (s.lowest + multiple - 1) / multiple * multiple;
  const auto whole = static_cast<int64_t>(std::min(value, 1e9)) / multiple * multiple;
  return std::clamp(whole, std::max(least, multiple), s.highest / multiple * multiple);
}

// A call at these sizes is accepted, computes something, and fits into memory.
bool is_callable(const Operator& op, const KernelSignature& signature, const Sizes& sizes) {
  double bytes = 0;
  for (const TensorArgument& t : tensor_arguments(op)) {
    double elements = 1;
    for (const Expr& e : t.extents) {
      const int64_t extent = evaluate_extent(e, sizes);
      if (extent < 1) return false;
      elements *= static_cast<double>(extent);
    }
    bytes += elements * static_cast<double>(bytes_of(t.dtype));
  }
  std::vector<int64_t> values;
  for (const SizeSpec& s : signature.sizes) values.push_back(sizes.at(s.name));
  return bytes < kMostBytes && std::all_of(
                                   signature.conditions.begin(), signature.conditions.end(),
                                   [&](const CallCondition& c) { return c.formula.evaluate(values.data()) != 0; });
}

// A shape, then grown or shrunk one size after the other until it means about `terms` terms.
std::optional<Sizes> drawn_sizes(const Operator& op, Random& random, double terms) {
  const KernelSignature signature = signature_of(op, {});
  Sizes sizes;
  for (int i = 0; i < 50; ++i) {
    for (const SizeDecl& s : op.sizes) sizes[s.name] = allowed(s, log_uniform(random, 1, 200));
    if (is_callable(op, signature, sizes)) break;
  }
  if (op.sizes.empty() || !is_callable(op, signature, sizes)) return std::nullopt;
  for (int steps = 0; steps < 60; ++steps) {
    const double ratio = terms / std::max(terms_at(op, sizes), 1.0);
    if (ratio > 0.7 && ratio < 1.4) break;
    const SizeDecl& s = random.pick(op.sizes);
    Sizes next = sizes;
    next[s.name] = allowed(s, static_cast<double>(sizes[s.name]) * std::clamp(std::sqrt(ratio), 0.5, 2.0) +
                                  static_cast<double>(random.below(3)));
    if (is_callable(op, signature, next) && terms_at(op, next) < kMostTerms * 2) sizes = next;
  }
  return sizes;
}

// The language takes some operators that lowering refuses, such as one that reads an output outside of its extents.
bool can_be_lowered(const Operator& op) {
  try {
    compile_to_ir(op, {.schedule = plain_nest(op), .target = target_named("x86-64-v2")}, "lower");
    return true;
  } catch (const Error& error) {
    if (kind_of(error.code()) != ErrorKind::user) throw;
    return false;
  }
}

uint64_t hash_of(const std::string& name) {  // FNV-1a: the same everywhere
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::vector<Case> listed_cases(const std::string& path) {
  std::vector<Case> cases;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string spec, sizes, set;
    if (!(words >> spec >> sizes)) continue;
    tools::Choice choice{.spec = spec, .schedule = "naive"};
    std::map<std::string, std::string> marks;
    while (words >> set) {
      const size_t colon = set.find(':');
      if (colon == std::string::npos) choice.sets.push_back(set);
      if (colon != std::string::npos) marks[set.substr(colon + 1)] = set.substr(0, colon);
    }
    const tools::Chosen chosen = tools::choose(choice);
    cases.push_back({spec, chosen.fixed, tools::sizes_of(chosen.fixed, sizes), std::move(marks)});
  }
  return cases;
}

std::vector<Case> library_cases(const std::vector<std::string>& files, uint64_t seed, int each) {
  std::vector<Case> cases;
  for (const std::string& path : files) {
    for (const Operator& op : read_lathe_file(path).operators) {
      const Operator fixed = with_static_params(op, {});
      Random random(seed ^ hash_of(op.name));
      for (int i = 0; i < each; ++i) {
        if (auto sizes = drawn_sizes(fixed, random, log_uniform(random, kLeastTerms, kMostTerms)))
          cases.push_back({op.name, fixed, *sizes});
      }
    }
  }
  return cases;
}

std::vector<Case> random_cases(uint64_t seed, int pairs) {
  std::vector<Case> cases;
  for (int i = 0; i < pairs; ++i) {
    Random random(seed * 1'000'003 + static_cast<uint64_t>(i));
    while (true) {
      const Operator op = with_static_params(legal_random_algorithm(random), {});
      if (!can_be_lowered(op)) continue;
      if (auto sizes = drawn_sizes(op, random, log_uniform(random, kLeastTerms, kMostTerms))) {
        cases.push_back({"random " + std::to_string(i), op, *sizes});
        break;
      }
    }
  }
  return cases;
}

}  // namespace lathe::bench
