// The operators whose hot loops are watched, and what was counted in them.
#pragma once

#include <string>
#include <vector>

#include "bench/loops/case_loops.h"
#include "jit/compile.h"

namespace lathe::test {

// A line of corpus.txt.
struct CorpusLine {
  std::string op, schedule, target;
  std::string name() const { return op + " " + schedule + " " + target; }
};
std::vector<CorpusLine> corpus();

// The operator and how it is compiled.
struct Job {
  Operator op;
  CompileOptions options;
};
Job job_of(const CorpusLine& line);

// What the golden of a target holds of a line, without loops where that is nothing.
std::string golden_path(const std::string& target);
loops::CaseLoops golden_case(const std::string& name, const std::string& target);

}  // namespace lathe::test
