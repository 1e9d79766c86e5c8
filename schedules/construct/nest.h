// What is known of the nest of one part of a Func before its loops are chosen: its indices, their extents, what it reads.
#pragma once

#include <optional>

#include "schedules/construct/plan.h"
#include "targets/target.h"

namespace lathe::construct {

// What those who attach themselves to a nest need to know of it.
struct Shape {
  std::map<std::string, std::string> loops;                 // index -> the loop inside which it (or its tile) stands still
  std::string vector, rows;                                 // indices that run in lanes and in rows of a tile; "": none
  int64_t width = 0;                                        // steps of `vector` in one iteration of its loop
  std::string block, step;                                  // loops of `rows_along`: over blocks of rows, over rows
};

class NestFacts {
 public:
  // `host`: the shape of the nest that this one is attached to, if it is.
  NestFacts(const Operator& op, const Plan& plan, const Target& target, const FuncContents& whole, const FuncPart& part,
            const Shape* host, Decisions& decisions);

  const Operator& op;
  const Node& node;
  const Target& target;
  const FuncContents& whole;                                // the Func ...
  const FuncContents func;                                  // ... and its part that has this nest: indices, terms or domain
  Decisions& decisions;                                     // what is asked of them begins with name("")
  const std::vector<Expr> values;                           // right sides, inlined Funcs and the epilogue included
  const std::vector<Read> reads;
  std::vector<std::string> order;                           // the Func's indices, outermost first

  std::string name(const std::string& choice) const { return func.name + "." + choice; }
  template <class Text>
  void because(const std::string& about, const Text& text) const { decisions.because(func.name, about, text); }
  // Whether copies, and what is stored for one nest, may lie otherwise than row after row: asked where that is wanted.
  bool may_lay_out() const { return decisions.whether("layouts", true); }
  bool fixed(const std::string& index) const { return fixed_.count(index) != 0; }   // attached: one step at a time
  bool narrow(const std::string& index) const { return narrow_.count(index) != 0; } // attached: a few rows at a time
  // Steps of the index for one iteration of the host, in whose lanes it runs; 0: it does not.
  int64_t met_width(const std::string& index) const { return index == met_ ? met_steps_ : 0; }
  // Others are attached inside of this index's loop: indices inside of it do not move what they compute.
  bool surrounds_attached(const std::string& index) const;
  bool reads_again_for(const std::string& index) const;     // of what is attached there: inputs, terms of a sum, for each step
  bool makes_rows_of(const std::string& func) const;        // for steps of this nest, stored as it likes
  bool is_term(const std::string& index) const;
  bool is_last(const std::string& index) const { return index == whole.vars.back(); }   // its steps are stored side by side
  std::vector<std::string> terms() const;                   // reduction variables, outermost first
  // Number of steps of an index or a reduction variable; undefined where only lowering knows it.
  Expr extent(const std::string& index) const;
  std::optional<int64_t> constant_extent(const std::string& index) const;
  std::string extent_name(const std::string& index) const;  // the size that the extent is; "": it is something else
  int64_t element_bytes() const;                            // of the widest component
  int64_t computed_bytes() const;                           // of the widest value on the way to a point of a pure Func; else the same
  int64_t narrowest_bytes() const;                          // of an element that is read from an input or stored
  int64_t lanes() const;                                    // values so wide in one vector
  int weight() const;                                       // operations of one point
  Expr work() const;                                        // points times terms; undefined where only lowering knows it

 private:
  void meet(const Shape& host, const std::vector<std::string>& order);
  const Plan& plan_;
  std::set<std::string> fixed_, narrow_;
  std::string met_;                                         // index in the lanes of the host; "": none
  int64_t met_steps_ = 0;
};

}  // namespace lathe::construct
