// Kills of a tuner, or of its worker, at random instants.
#pragma once

#include <cstdint>
#include <string>

namespace lathe::tuner {

struct Kills {
  int kills = 0;                                            // of tuners that were at work
  int stores = 0;                                           // a new one where a tuner had nothing left to try
  int64_t acknowledged = 0, stored = 0;                     // trials: said to be kept; in the store
  double slowest_resume_s = 0;                              // from the start of a tuner to its first trial on disk
  std::string failure;                                      // the first that was found; "": none
};

bool alive(int pid);                                        // and no zombie

// Starts `lathe tune` on one store again and again and kills it, or its worker, after a random time. `folder` is empty.
Kills kill_tuners(const std::string& lathe, const std::string& folder, int kills, uint64_t seed);

}  // namespace lathe::tuner
