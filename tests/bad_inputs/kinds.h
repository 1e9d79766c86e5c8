// Bad inputs come in kinds; a few cases of each are tried.
#pragma once

#include <string>
#include <vector>

namespace lathe {

// What was given and what it was answered with: "L106 lathe: ...". The text is empty where a program in C++ gave it.
struct BadInput {
  std::string kind, text, answer;
};
std::vector<BadInput> bad_texts();                          // texts.txt
std::vector<BadInput> bad_calls();                          // calls.cpp
std::vector<BadInput> bad_foreign_tensors();              // foreign_tensors.cpp
std::vector<BadInput> bad_programs();                       // programs.cpp
std::vector<BadInput> bad_records();                        // records.cpp

}  // namespace lathe
