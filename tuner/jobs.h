// Many operators and sizes in one job: what a TOML file lists, and who gets the next part of the time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/error.h"

namespace lathe::tuner {

struct JobItem {
  std::string op;                                           // FILE[:op] or stdlib:op
  std::string sizes;                                        // "M=7,N=4093"
  std::vector<std::string> sets;                            // "stride=2"
  double weight = 1;                                        // how much a gain here counts
  SourceLocation where = {};
};
struct Job {
  std::string budget = "1h";
  int threads = 1;
  std::vector<JobItem> items;
};
// Error{syntax} where it is no TOML, Error{bad_file} at the line of an unknown, missing or wrong key.
Job parse_job(const std::string& toml, const std::string& file);

// "30s", "10m", "8h" in seconds; nothing where it is none.
std::optional<double> seconds_in(const std::string& text);

struct Turn {
  size_t item = 0;
  double seconds = 0;
  double expected_gain = 0;                                 // of its time: 0.1 is ten percent
};

// Shares a budget by expected gain. At first everyone has a short turn; then the time goes to where most is to be expected: a
// part of what the last turn brought, and a little of what lies between the best and the bound.
class Shares {
 public:
  Shares(std::vector<double> weights, double budget_s);
  std::optional<Turn> next(double seconds_left) const;      // nothing where no time or no one is left
  // What a turn brought: time before / after (at least 1), and the bound's part of the time that it is now.
  void tell(size_t item, double gain, double of_bound, bool converged);
  // That nothing could be measured: the next turn is twice as long, and after some the item has no more.
  void tell_nothing(size_t item);
  double expected_gain(size_t item) const;

 private:
  struct Item {
    double weight = 1, last = 0, of_bound = 0;              // last: logarithm of the gain
    int turns = 0, fruitless = 0;
    bool converged = false;
  };
  std::vector<Item> items_;
  double turn_s_;
};

}  // namespace lathe::tuner
