// What the zero-shot bench runs: operators at sizes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lathe.h"

namespace lathe::bench {

struct Case {
  std::string name;  // "stdlib:matmul", "random 17"
  Operator op;       // without static parameters
  std::map<std::string, int64_t> sizes;
  std::map<std::string, std::string> marks = {};  // of arguments, as written
};

// Each line of the file: FILE:OP or stdlib:OP, its sizes, values of its static parameters, MARK:ARGUMENT.
std::vector<Case> listed_cases(const std::string& path);
// Every operator of these files, at `each` drawn sizes.
std::vector<Case> library_cases(const std::vector<std::string>& files, uint64_t seed, int each);
// Pairs of a random operator and sizes.
std::vector<Case> random_cases(uint64_t seed, int pairs);

}  // namespace lathe::bench
