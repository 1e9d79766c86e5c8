// The one who writes the loops of a nest: shape.cpp vectors and threads, sums.cpp lanes of sums, tile.cpp register tiles,
// special_tiles.cpp those of calls that want other loops, grouped_tile.cpp those of machine instructions.
#pragma once

#include "schedules/construct/groups.h"
#include "schedules/construct/panel.h"
#include "schedules/construct/shape.h"

namespace lathe::construct {

constexpr int64_t kTermsAhead = 16;                         // steps of a tile that a vector from beyond the second cache takes

class Shaper {
 public:
  Shaper(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, const Form& form);
  Nest run();

 private:
  bool is(Special special) const { return form_.special == special; }

  // --- Names of new loops.
  std::string fresh(std::string name);
  Stage stage() { return stage_of_(facts_.func.name); }
  std::vector<std::string> without(const std::string& index, const std::string& other = "") const;
  std::vector<std::string> outer_loops(const std::string& left_out = "") const;
  std::vector<std::string> loops_around_vector() const;
  static void append(std::vector<std::string>& to, const std::vector<std::string>& more);
  void stand_outside(const std::vector<std::string>& indices, int64_t step = 1);

  // --- What may be decided otherwise.
  int64_t number(const std::string& choice, int64_t usual, int64_t lowest, int64_t highest) {
    return facts_.decisions.number(facts_.name(choice), usual, lowest, highest);
  }
  bool decide(const std::string& choice, bool usual) { return facts_.decisions.whether(facts_.name(choice), usual); }
  void arrange(const std::vector<std::string>& inside);
  void decide_tail(const std::string& inner, Tail usual);
  std::string shared_index(const std::string& few);
  int64_t lines();                                          // steps of a last index for each vector of another one
  std::vector<TileClass> decided_classes();

  // --- Nests.
  void plain();
  void pointwise();
  void sums_of_lanes();
  void lanes_of_results();
  void tile();
  void packed_tile(const std::vector<TileClass>& classes, const Panel& panel);
  void blocked_tile(const TileClass& tile, const LargeOperand& operand);
  void streamed_tile(const TileClass& tile, const std::optional<Groups>& groups);
  void tile_of_few_terms(const TileClass& tile);
  void tile_of_batch(const std::string& filter);
  void grouped_tile(const std::vector<TileClass>& classes, const Groups& groups);

  // --- Parts of them.
  std::string few_inside();
  std::string other_results();
  std::string short_result() const;
  void surround_short(const std::string& few);
  void copy_terms(const std::string& few);
  int64_t within_host(int64_t width) const;
  void threads();
  void add_pixels(const std::string& tensor, const std::vector<Expr>& at, const std::vector<Expr>& extents, Expr& dense) const;
  void know_pixels();
  void stream();
  bool is_read_later() const;
  std::vector<TileClass> tile_classes() const;
  std::string tile_text(const std::vector<TileClass>& classes) const;
  TileClass one_class(const std::vector<TileClass>& classes) const;
  static std::vector<TileClass> of_panels(std::vector<TileClass> classes);
  std::optional<Groups> decided_groups();
  std::string block_of_terms(const Groups& groups, const TileClass& tile, std::vector<std::string>& loops);
  std::pair<std::string, std::string> cut_into_groups(const std::string& parent, const Groups& groups);
  void sum_groups(const Groups& groups, const std::string& element, const std::string& copied_at);
  void finish_tile(const std::string& io, const std::string& ji, const std::string& at);
  void cut_rows();
  void step_through(std::vector<std::string>& loops) const;
  std::vector<std::string> blocks_of_rows();
  Expr dense_terms() const;
  void unroll_windows(int64_t operations, const std::string& rows = "");
  void unroll_usual(const std::vector<ReductionVar>& terms, int64_t operations, const std::string& rows);
  bool only_windows() const;
  void expect_few_terms();
  void expect_wide_rows();
  bool divided(const std::string& term) const;

  // A loop outside of all that is kept in registers.
  struct Outside {
    std::string loop, index;
    int64_t step = 1;                                       // of the index, in one iteration
  };

  const NestFacts& facts_;
  const StageOf& stage_of_;
  const Declare& declare_;
  const Form form_;
  Axes axes_;
  int64_t straight_code_ = 0;                               // vector operations of an innermost body
  std::vector<std::string> order_;                          // indices, outermost first
  std::map<std::string, std::string> loops_;
  std::set<std::string> used_;
  std::vector<Outside> outside_;                            // outermost first
  int64_t width_ = 0;                                       // steps of the vector axis in one iteration
  std::string block_, step_, few_blocks_;
  int64_t kept_ = 1;                                        // steps of a block of rows
  bool square_ = false;                                     // the last index is unrolled inside of vectors of another one
  Nest nest_;
};

}  // namespace lathe::construct
