// The parts of ./dev bench tuner: what searches gain, how soon, and what their records are worth. Each prints its rows
// and a line that says what is required and whether that held.
#pragma once

#include <cstdint>
#include <string>

namespace lathe::bench {

struct TunerOptions {
  std::string only;               // a regular expression for names of operators and their sizes
  double seconds = 20;            // of a search
  double enumerate_seconds = 20;  // beyond the search, where nothing was gained
  double plain_seconds = 60;      // from the plain nest
  uint64_t seed = 1;
  int records = 20, unseen = 100;  // sizes
  double unseen_seconds = 6;       // of the searches that records are compared with
  int shapes = 200;                // that are drawn of each class
  int candidates = 30;             // of each sort, for a shape
  bool list = false;               // print each candidate
};

// False where something required did not hold.
bool bench_gains(const TunerOptions& options);       // constructed -> tuned, over the public suite
bool bench_plain(const TunerOptions& options);       // from the plain nest towards the constructed schedule
bool bench_parameters(const TunerOptions& options);  // candidates a second that differ in parameters alone
bool bench_layouts(const TunerOptions& options);     // layouts against row-major schedules
bool bench_records(const TunerOptions& options);     // records at sizes that nobody measured
bool bench_known(const TunerOptions& options);       // the constructed schedule and the model beside the best known

}  // namespace lathe::bench
