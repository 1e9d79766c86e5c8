// Random copies of inputs that a Func reads in its nest, with layouts and forms of their own.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/random_nest.h"

namespace lathe {

class RandomCopies {
 public:
  RandomCopies(const Operator& op, Random& random, const Taste& taste) : op_(op), random_(random), taste_(taste) {}

  // The lines of one copy, or none; each input is copied once. `named`: it may have a name.
  std::vector<std::string> of(const RandomNest& nest, bool named);

 private:
  const Operator& op_;                                      // as the schedule has changed it
  Random& random_;
  const Taste& taste_;
  std::set<std::string> staged_;
};

}  // namespace lathe
