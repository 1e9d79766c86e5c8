// How the indices of a Func move what it reads: the facts that a schedule is built from. Nothing here knows what an
// operator computes, only which index moves which read, and how far.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lang/algorithm.h"

namespace lathe::construct {

// What one step of an index does to a read.
enum class Move : uint8_t {
  none,        // the same element: it stays in a register
  contiguous,  // the next element in memory
  strided,     // an element a fixed distance away
  irregular,   // anything else: divided, clamped by the author, dependent on data
};

// A read of a tensor that is stored: an input, or a Func that is not inlined.
struct Read {
  std::string tensor;
  std::vector<Expr> at;
  bool operator==(const Read&) const = default;
};

Move move_of(const Read& read, const std::string& index);

using Inlined = std::map<std::string, const FuncContents*>;   // by name
// `e` with the definitions of Funcs in `inlined` in the place of their reads.
Expr expanded(const Expr& e, const Inlined& inlined);

// Different reads in expressions, indices of reads included, in order of appearance.
std::vector<Read> reads_in(const std::vector<Expr>& values);

// Whether two reads of one tensor differ by a constant along this index: neighbours share what they read.
bool overlaps_along(const std::vector<Read>& reads, const std::string& index);

// Whether the reduction variable moves a window: some read's index adds it to one of these indices.
bool is_window(const std::vector<Read>& reads, const std::string& term, const std::vector<std::string>& indices);

// Operations of the expression, each counted once; functions count as what they expand to, roughly.
int weight_of(const Expr& e);

}  // namespace lathe::construct
