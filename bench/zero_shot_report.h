// Prints the rows of the zero-shot bench, sums them up, and keeps them in a file for a comparison with a later run.
#pragma once

#include <string>
#include <vector>

#include "bench/zero_shot_row.h"

namespace lathe::bench {

double fraction_of_bound(const Row& row);

void print_head();
void print_row(const Row& row);
void print_summary(const std::vector<Row>& rows);

void write_json(const std::string& path, const std::vector<Row>& rows, uint64_t seed, const std::string& target);
// Rows that both runs have, where the ratio to C has changed most. Times of two runs are not compared: the machine may
// have been another.
void print_changes(const std::string& before, const std::vector<Row>& rows);

}  // namespace lathe::bench
