// Where each Func is computed.
#pragma once

#include "schedules/construct/decisions.h"
#include "schedules/construct/reuse.h"
#include "targets/target.h"

namespace lathe::construct {

enum class Place : uint8_t {
  inlined,     // in the place of its reads
  epilogue,    // on the tile of the reduction `host` that is complete
  attached,    // inside the loops of `host`, for one step of the outermost `depth` indices in its order
  rows,        // the part that one step of an index of `host`, its `rows_along`, needs anew, kept for the steps after it; or, in
               // strips, all that a block of such steps needs
  root,        // whole, before its consumers
};

struct Node {
  Place place = Place::root;
  std::string host;                                         // epilogue, attached, rows
  size_t depth = 0;                                         // attached
  std::map<std::string, std::string> fixed;                 // attached: index of the host -> index of this Func
  bool with_results = false;                                // attached: its values wait in the places of the host's results ...
  bool keeps_values = false;                                // ... which those of some Func do
  std::vector<std::string> order;                           // root: its indices, outermost first
  std::string epilogue;                                     // root: the Func that finishes its tiles, if any
  bool hosts = false;                                       // root: others are attached to it
  std::string rows_along;                                   // root: index along which rows of others are kept, if any ...
  bool strips = false;                                      // ... for a block of its steps
  std::string row_dimension;                                // rows: the index of this Func that counts them ...
  Expr rows_read;                                           // ... and how many one step of the host reads; undefined: in strips
};

struct Plan {
  std::map<std::string, Node> nodes;                        // by Func
  Inlined inlined;
  std::map<std::string, std::vector<Expr>> extents;         // of each Func's indices; undefined where only lowering knows one
};

// With `fuse` false nothing is attached unless a decision says so: every Func that is not inlined is computed whole.
Plan make_plan(const Operator& op, const Target& target, bool fuse, Decisions& decisions);

// How far an index of the Func runs, or a term of this part of it: `vars` and `extents` are the Func's.
Expr extent_in(const FuncContents& part, const std::vector<std::string>& vars, const std::vector<Expr>& extents, const std::string& index);

// The right sides that the nest of this Func evaluates, its epilogue's included in its own indices, inlined ones expanded.
std::vector<Expr> values_of_nest(const Operator& op, const Plan& plan, const FuncContents& func);

}  // namespace lathe::construct
