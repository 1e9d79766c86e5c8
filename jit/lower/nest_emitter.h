// Writes the loop nest of one Func over a region: loops, blocks, reduction phases, reads and stores.
#pragma once

#include <functional>
#include <optional>

#include "jit/lower/lowering.h"

namespace lathe {

class Lets;

// What the nest of an update writes: its Func, of which this region is stored.
struct UpdateTarget {
  const FuncContents* func;
  const Update* update;
  std::vector<Expr> lowest, extent;
};

class NestEmitter {
 public:
  // The Func's indices run over region [lowest, lowest + extent), given by dimension. With a target, `func` is the part
  // of an update.
  NestEmitter(Lowering& lowering, const FuncContents& func, std::vector<Expr> lowest, std::vector<Expr> extent,
              const UpdateTarget* target = nullptr);

  // `outer`: what the body around it knows; border reads of this Func found idle there stay so.
  ir::Stmt emit(const Scope& outer = {});
  // The same into registers: all is straight code. `real`: index -> how many of its iterations there are.
  ir::Stmt emit_straight(const Scope& outer, const std::map<std::string, Expr>& real);

  // Buffer indices of the tensor's element.
  static std::vector<Expr> place(const Storage& storage, const std::vector<Expr>& indices, const Facts& facts);

 private:
  // The parts of a reduction, each a nest of its own over the loops inside the accumulators' loop. A pure Func has only
  // `whole`; loops outside of the accumulators are written once, around all parts.
  enum class Phase : uint8_t { whole, init, resume, update, fold, combine, finish, store };
  struct Walk {
    std::vector<int> levels;                                // positions in nest_.loops
    Phase phase = Phase::whole;
  };
  using Continue = std::function<ir::Stmt(Scope)>;

  // --- loops (nest_emitter.cpp)
  ir::Stmt emit_from(const Walk& walk, size_t at, Scope scope);
  ir::Stmt emit_loop(const Loop& loop, Scope scope, const Continue& body);
  ir::Stmt emit_plain(const Loop& loop, Scope scope, const Continue& body);
  bool loops_around_accumulators(const Loop& loop) const;
  ir::Stmt emit_range(const Loop& loop, const Expr& from, const Expr& to, const Expr& count, Scope scope,
                      const Continue& body);
  ir::Stmt emit_constant(const Loop& loop, Scope scope, const Continue& body);
  ir::Stmt inside_loop(const Walk& walk, size_t at, Scope scope);
  void enter_block(const Split& split, const Expr& block, Scope& scope) const;
  static Expr even_block(const Split& split, const Expr& extent, const Expr& count, Lets& lets);
  void enter_pending(const std::string& loop, Scope& scope, Lets& lets) const;
  void enter_fusions(Scope& scope, Lets& lets) const;
  void enter_fusion(const Fusion& fusion, Scope& scope, Lets& lets) const;
  void enter_ranges(const Loop& loop, Scope& scope, Lets& lets) const;
  bool bound(const std::string& name, const Scope& scope) const;
  Expr minimum_of(const std::string& root, const Scope& scope) const;
  void check_ranges() const;
  ir::Stmt emit_peeled(const Loop& loop, const Expr& count, Scope scope, const Continue& body);
  Expr extent_of(const std::string& name, const Scope& scope) const;
  Expr local(const std::string& name, const Scope& scope) const;
  Expr absolute(const std::string& root, const Scope& scope) const;
  std::string bind(const Loop& loop, const Expr& extent, Scope& scope);
  Expr block_size(const Split& split, const Scope& scope) const;

  // --- blocks with steady and edge bodies (emit_blocks.cpp)
  ir::Stmt emit_blocks(const Loop& loop, const Split& split, Scope scope, const Continue& body);
  void note_short_block(const Split& split, const Expr& rest, const Facts& facts);
  ir::Stmt emit_edge(const Loop& loop, const Split& split, const std::vector<int64_t>& counts, const Expr& at,
                     const Expr& rest, const Scope& outer, const Continue& body);
  int64_t lanes_of_results() const;                         // of a vector of the widest component
  int64_t vector_in_block(const Split& split, int64_t block) const;
  ir::Stmt emit_rest_by_vectors(const Loop& loop, const Split& split, int64_t vector, const Expr& at, const Expr& rest,
                                const Scope& outer, const Continue& body);
  ir::Stmt first_block(const Loop& loop, const Expr& full, Scope& scope,
                       const std::function<ir::Stmt(Scope, const Expr&)>& steady);
  Tail tail_of(const Split& split) const;
  void require_whole_block(const Split& split, const Expr& block, const Scope& scope) const;
  void shift_block(const Split& split, const Expr& block, Scope& scope) const;
  bool stores_once(const std::string& loop) const;
  bool is_one_unit(const Loop& loop) const;
  bool writes_in_place() const;

  // --- panels of a tile (emit_panels.cpp)
  ir::Stmt emit_panels(const Loop& loop, const Split& split, Scope scope, const Continue& body);
  ir::Stmt panel_body(const Split& split, int tile_class, const Expr& columns, Scope scope, const Continue& body);
  const std::string* panel_of(const Split& rows) const;
  int64_t lanes_moved(const Split& split, int tile_class) const;
  Expr lane_of_panel(const std::string& inner, const Expr& lane, const Scope& scope) const;

  // --- borders: where boundary rules are idle (emit_borders.cpp)
  struct Idle {
    Expr first, last;
    std::set<BorderRead> accesses;
  };
  void find_idle_rules(Scope& scope) const;
  void note_idle(const Scope& scope);
  bool meets_border(const Loop& loop, const Scope& scope) const;
  // `step`: elements from the start of one block to that of the next; undefined: a block.
  Idle idle_range(const std::string& variable, const Scope& scope, const Expr& step = {}) const;
  bool rare_blocks_run_short(const Loop& loop, const Split& split, const Idle& idle) const;
  bool is_row_of_square(const Split& split) const;
  bool may_shift(const Loop& loop, const Split& split, const Scope& scope) const;
  ir::Stmt emit_shifted(const Loop& loop, const Split& split, Scope scope, const Idle& idle, const Continue& body);
  ir::Stmt emit_short_of_borders(const Loop& loop, const Split& split, Scope scope, const Idle& idle, const Continue& body);
  ir::Stmt emit_apart(const Loop& loop, const Expr& count, const Expr& first, const Expr& last, const Scope& scope,
                      const std::function<ir::Stmt(Scope, const Expr&, bool)>& body);
  void enter_border(Scope& scope) const;
  ir::Stmt emit_bordered(const Loop& loop, const Expr& from, const Expr& count, const Idle& idle, Scope scope,
                         const Continue& body);

  // --- reductions (emit_reduction.cpp)
  void place_accumulators();
  bool blocked() const;
  bool loops_over_terms() const;
  [[noreturn]] void refuse_registers(ErrorCode code, std::string got, std::string need, std::string hint = {}) const;
  void check_written_order() const;
  std::vector<Expr> partial_values(const Scope& scope) const;
  ir::Stmt with_partials(Scope scope, const Continue& body);
  ir::Stmt emit_reduction(Scope scope);
  ir::Stmt emit_parts(const Scope& scope);
  ir::Stmt leaf(Phase phase, const Scope& scope);
  ir::Stmt leaf_update(const Scope& scope);
  ir::Stmt leaf_finish(const Scope& scope);
  ir::Stmt store_accumulators(const std::vector<Expr>& values, const Scope& scope);
  ir::Stmt store_values(const std::vector<Expr>& values, const Storage& to, const FuncContents& func, const Scope& scope,
                        bool stream);
  ir::Stmt store_at(const std::vector<Expr>& point, const std::vector<Expr>& values, const Storage& to,
                    const FuncContents& func, const Scope& scope, bool stream);
  // Registers that hold results of a tile: a buffer for each component, and the constant loops that index them.
  struct Accumulators {
    std::vector<std::string> buffers;
    std::vector<int> levels;                                // positions in nest_.loops; the vector last
  };
  Accumulators fresh_accumulators(std::vector<int> levels);
  ir::Stmt in_registers(const Accumulators& registers, ir::Stmt body, const Scope& scope) const;
  std::vector<Expr> place_of(const Accumulators& registers, const Scope& scope) const;
  ir::Stmt store_together(const std::vector<std::string>& buffers, const std::vector<Expr>& place,
                          const std::vector<Expr>& values);
  int vector_of_terms() const;
  void check_vector_of_terms() const;
  void check_register_count() const;
  ir::Stmt leaf_init(const Scope& scope);
  ir::Stmt leaf_fold(const Scope& scope);
  Expr accumulator(int component, const Scope& scope) const;
  std::vector<Expr> combined(const std::vector<Expr>& left, const std::vector<Expr>& right) const;

  // --- updates (emit_update.cpp)
  void check_update_order() const;
  ir::Stmt leaf_write(const Scope& scope);

  // --- machine instructions (emit_instruction.cpp)
  std::optional<std::vector<Expr>> operands_of(const Tensorizing& tensorizing, const Scope& scope);

  // --- boundary rules as tables (emit_tables.cpp)
  bool in_table(const Expr& access, size_t dimension) const;
  static bool has_tables(const Tabling& tabling, const Scope& scope);
  ir::Stmt with_tables(const Tabling& tabling, Scope scope, const Continue& body);
  ir::Stmt fill_table(const IndexTable& table, const Expr& size, const Expr& access, size_t dimension, const Scope& scope);
  void enter_tables(Scope& scope, Lets& lets);
  Expr entry_of(const IndexTable& table, const Expr& index, const Scope& scope) const;

  // --- places in folded storage (emit_folds.cpp)
  void enter_folds(Scope& scope, Lets& lets);
  void enter_fold(const Expr& access, size_t dimension, const Expr& fold, Scope& scope, Lets& lets);
  bool is_reduction_variable(const std::string& name) const;

  // --- reads (translate.cpp)
  Expr translate(const Expr& e, const Scope& scope);
  Expr translate_packed(const Expr& e, const Scope& scope);
  Expr translate_access(const Expr& e, const Scope& scope);
  Expr nearest(const std::string& tensor, size_t d, const Expr& index, const Expr& extent, const Expr& clamped,
               const Facts& facts) const;
  void note_absent(const Expr& e, const std::vector<Expr>& indices, const Scope& scope);
  bool idle_here(const BorderRead& read, const Scope& scope) const;
  // Where the rule of this read puts an index; `inside`: whether it was inside, where the rule does not move it.
  Expr moved_index(const Expr& access, size_t dimension, const Expr& index, const Scope& scope, Expr& inside) const;
  Expr bounded_read(const Expr& e, std::vector<Expr> indices, const Scope& scope);
  Expr copied_read(const Expr& e, std::vector<Expr> indices, const Scope& scope);
  Expr inside_of(const Expr& e, size_t d, const Expr& index, const Scope& scope) const;
  Expr read(const Storage& from, int component, DType dtype, const std::vector<Expr>& indices, const Scope& scope,
            const Expr& present = {}) const;
  bool begins_at_whole_vectors(const Expr& index, DType dtype, const Scope& scope) const;
  Expr mask_for(const std::vector<Expr>& indices, const Scope& scope) const;
  Expr mask_among(const std::vector<std::pair<std::string, Expr>>& masks, const std::vector<Expr>& indices, const Scope& scope) const;
  bool depends_on(const Expr& e, const std::string& var, const Facts& facts) const;
  static Expr guard_of(const Scope& scope);
  std::vector<Expr> own_indices(const Scope& scope) const;
  ir::Stmt prefetches(const Scope& scope, bool written) const;
  bool writes(const std::string& tensor) const;
  ir::Stmt guarded(ir::Stmt s, const Scope& scope) const;
  static ir::Stmt where_terms(ir::Stmt s, const Scope& scope);
  ir::Stmt where_points(ir::Stmt s, const Region& region, bool terms, const Scope& scope) const;

  // --- producers and copies inside a loop (emit_attached.cpp)
  bool makes_values_in(const std::string& loop) const;
  ir::Stmt with_attached(const std::string& loop, Scope scope, const Continue& body);
  ir::Stmt with_storage(const Attachment& attachment, Scope scope, const Continue& body);
  ir::Stmt in_place_of_results(const Attachment& attachment, const Directive& with, const Region& region, Scope scope, const Continue& body);
  ir::Stmt produce(const Attachment& attachment, const Scope& scope);
  std::optional<std::pair<size_t, Expr>> kept_along(const Attachment& attachment, const Region& region,
                                                    const Scope& scope) const;
  void check_rings(const Attachment& attachment, const Region& region, const Scope& scope) const;
  ir::Stmt with_copy(const Staging& staging, Scope scope, const Continue& body);
  Layout layout_order(const Staging& staging, const Expr& access) const;
  size_t indexed_by(const std::string& loop, const Expr& access, const Directive& d) const;
  void check_first_loop(const Staging& staging, const Expr& access) const;
  ir::Stmt write_awaiting(const std::string& loop, Scope& scope);
  std::pair<ir::LoopKind, Expr> copy_loop(const Staging& staging, const Expr& access, size_t dimension, const Expr& count, ir::LoopKind kind) const;
  struct CopyNest {
    const Staging& staging;
    const Storage& to;
    Expr access;                                            // the read that it serves
    Region region;
    std::vector<Expr> counts;                               // entries by tensor dimension; groups of the grouped one
    std::vector<size_t> order;                              // of dimensions, by their first digits
    std::optional<size_t> grouped;                          // the dimension that is copied in groups of its last digit
  };
  ir::Stmt copy_nest(const Staging& staging, const Storage& to, const Scope& scope);
  ir::Stmt copy_part(const CopyNest& copy, const Expr& first, const std::set<size_t>& real, const Scope& scope);
  int64_t square_side(const Staging& staging, const Expr& access, const std::vector<size_t>& order, const std::vector<Expr>& counts) const;
  ir::Stmt copy_squares(const Expr& access, const Storage& to, const Region& region, const std::vector<size_t>& order,
                        const std::vector<Expr>& counts, const std::vector<std::string>& names, int64_t side, Scope scope);
  ir::Stmt copied_by_vectors(std::string& name, const Expr& count, int64_t element_bytes, const Scope& scope, Expr& within,
                             const Continue& copied);
  bool each_index_is_one_variable(const Expr& access) const;
  ir::Stmt first_copies(const Walk& walk, size_t at, const Scope& scope);
  // --- producers in a window of registers (emit_window.cpp)
  ir::Stmt with_window(const Attachment& attachment, Scope scope, const Continue& body);
  ir::Stmt produce_window(const Attachment& attachment, const Region& region, const Scope& scope);
  ir::Stmt move_window(const Attachment& attachment, const Scope& scope);
  void check_place_in_window(const Expr& access, const std::vector<Expr>& indices, const Scope& scope) const;
  struct Movement {
    size_t dimension = 0;
    std::vector<int64_t> extent;                            // of the window
    std::map<std::string, Expr> real;                       // index -> entries that are real, where not all are
    int64_t step = 0;                                       // entries that an iteration adds; 0: it makes all of them
    bool continues = false;                                 // this iteration stands where the loop's steps lead
  };
  void find_step(const Attachment& attachment, const Region& region, const Scope& scope, Movement& movement) const;
  bool in_a_window(const std::string& func) const;          // its slide window is in registers
  bool reads_windows() const;
  ir::LoopKind kind_of(const Loop& loop) const;
  Movement movement_of(const Attachment& attachment, const Region& region, const Scope& scope) const;
  int sliding_loop(const Attachment& attachment) const;
  bool slides_along(const std::string& loop) const;
  static VarRanges ranges_over(const FuncContents& func, const Region& region, bool whole = false);
  Region region_of(const std::string& tensor, const Scope& scope) const;
  Region own_region_of(const std::string& tensor, const Scope& scope) const;
  Region region_read(const std::string& tensor, const std::vector<Expr>& values, const VarRanges& ranges,
                     const VarRanges& whole, const Scope& scope) const;
  SourceLocation placed_at(const std::string& tensor, const Expr& read) const;
  Expr unit_of(const Split& tile, const Scope& scope) const;
  Expr whole_units(const Split& split, const Expr& extent, const Expr& block, const Scope& scope) const;
  void ranges_inside(const Scope& scope, VarRanges& real, VarRanges& whole) const;
  std::vector<Expr> all_values() const;                     // right sides that this nest evaluates, epilogues included

  Lowering& lowering_;
  const FuncContents& func_;
  bool straight_ = false;                                   // loops over indices are written out
  std::map<std::string, Expr> real_;                        // ... index, and its vector loop -> lanes that are real, where not all are
  const UpdateTarget* target_;                              // of an update; null: a definition
  Nest nest_;
  std::map<std::string, Expr> root_minimum_;
  std::vector<Expr> root_extent_;
  std::set<BorderRead> inside_everywhere_;                  // whose boundary rules no index of the nest meets
  int accumulator_level_ = -1;                              // the loop inside which the phases stand; -1: around all
  bool accumulate_in_registers_ = false;                    // else in the Func's own storage
  std::vector<int> register_levels_;                        // constant loops that index accumulators, the vector last
  Accumulators accumulators_;                               // of the phase being written
  Accumulators folded_;                                     // with lanes over terms made one; else the same
  std::vector<Expr> absent_;                                // conditions of terms being translated (Boundary::none)
  std::vector<Expr> epilogue_values_;                       // what reads of func_ mean inside an epilogue
  Storage partials_;                                        // where results wait between blocks of the reduction
};

}  // namespace lathe
