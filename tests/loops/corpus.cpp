#include "tests/loops/corpus.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "schedules/text.h"
#include "stdlib/library.h"
#include "tests/source_dir.h"

namespace lathe::test {

std::vector<CorpusLine> corpus() {
  std::vector<CorpusLine> lines;
  std::ifstream in(source_dir() + "/tests/loops/corpus.txt");
  for (std::string text; std::getline(in, text);) {
    std::istringstream words(text.substr(0, text.find('#')));
    CorpusLine line;
    if (words >> line.op >> line.schedule >> line.target) lines.push_back(std::move(line));
  }
  return lines;
}

Job job_of(const CorpusLine& line) {
  const auto operators = stdlib::operators();
  const auto row = std::find_if(operators.begin(), operators.end(), [&](const auto& o) { return o.name == line.op; });
  REQUIRE_MESSAGE(row != operators.end(), line.name());
  Job job{row->algorithm(), {}};
  job.options.target = target_named(line.target);
  if (line.schedule == "author")
    job.options.schedule = schedule_for(row->schedules(), line.target);
  else
    job.options.schedule = constructed_schedule(job.op, job.options);
  REQUIRE_MESSAGE(job.options.schedule.has_value(), line.name());
  return job;
}

std::string golden_path(const std::string& target) {
  return fmt::format("{}/tests/loops/loops.{}.txt", source_dir(), target);
}

loops::CaseLoops golden_case(const std::string& name, const std::string& target) {
  std::ifstream in(golden_path(target));
  std::stringstream text;
  text << in.rdbuf();
  for (loops::CaseLoops& c : loops::parse_case_loops(text.str())) {
    if (c.name == name) return std::move(c);
  }
  return {};
}

}  // namespace lathe::test
