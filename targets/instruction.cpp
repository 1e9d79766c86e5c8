#include "targets/instruction.h"

#include <algorithm>
#include <sstream>

namespace lathe {
namespace {

constexpr Instruction rows[] = {
#define LATHE_INSTRUCTION(name, features, adds, shifted, of128, of256, of512, meaning) \
  {#name, features, adds, shifted, {of128, of256, of512}, meaning},
#include "targets/instructions.def"
#undef LATHE_INSTRUCTION
};

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

const Instruction* instruction_named(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(rows), std::end(rows), [&](const Instruction& row) { return row.name == name; });
  return found == std::end(rows) ? nullptr : found;
}

std::vector<std::string> instruction_names() {
  std::vector<std::string> names;
  for (const Instruction& row : rows) names.emplace_back(row.name);
  return names;
}

bool has_scaling(const Target& target) { return target.has_feature("avx512f") && target.has_feature("avx512vl"); }

bool has_instruction(const Target& target, const Instruction& instruction) {
  const std::vector<std::string> features = words_of(instruction.features);
  return std::any_of(features.begin(), features.end(), [&](const std::string& f) { return target.has_feature(f); });
}

std::vector<std::string> instruction_features() {
  std::vector<std::string> all;
  for (const Instruction& row : rows) {
    for (const std::string& f : words_of(row.features))
      if (std::find(all.begin(), all.end(), f) == all.end()) all.push_back(f);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace lathe
