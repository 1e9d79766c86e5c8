// Draws for random tests: the same seed gives the same draws on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace lathe {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t below(int64_t count) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(count)); }
  int64_t between(int64_t lowest, int64_t highest) { return lowest + below(highest - lowest + 1); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T> const T& pick(const std::vector<T>& list) { return list[below(static_cast<int64_t>(list.size()))]; }
  template <class T> void shuffle(std::vector<T>& list) {
    for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(static_cast<int64_t>(i))]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace lathe
