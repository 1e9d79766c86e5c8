#include "tuner/describe.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::tuner {

std::vector<std::string> differences(const Space& space, const std::string& trace) {
  std::vector<std::string> lines;
  for (const Decision& d : space.candidate(parse_trace(trace)).decisions) {
    if (d.taken == d.usual) continue;
    const size_t dot = d.name.find('.');
    std::string what = dot == std::string::npos ? d.name : d.name.substr(dot + 1);
    std::replace(what.begin(), what.end(), '.', ' ');
    lines.push_back(fmt::format("{}{} {} instead of {}", dot == std::string::npos ? "" : d.name.substr(0, dot) + ": ", what, d.taken, d.usual));
  }
  if (lines.empty()) lines.push_back("the constructed schedule is the best that was found");
  return lines;
}

std::string failures(const Counts& counts) {
  std::string text;
  for (size_t i = 0; i < outcome_count; ++i) {
    if (static_cast<Outcome>(i) != Outcome::good && counts[i] > 0) text += fmt::format(", {} {}", counts[i], name_of(static_cast<Outcome>(i)));
  }
  return text;
}

}  // namespace lathe::tuner
