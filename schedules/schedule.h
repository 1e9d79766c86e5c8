// A schedule as a value: directives on named loops, apart from the algorithm. It prints, parses, compares and hashes.
//
//   Schedule s(dense);
//   s["C"].split("k", "ko", "ki", var("kc")).reorder({"ko", "j", "i", "ki"});
//
// Nothing is checked here against the loops of the algorithm; jit/lower does, and blames the directive's own location.
#pragma once

#include <source_location>

#include "lang/algorithm.h"

namespace lathe {

enum class DirectiveKind : uint8_t {
#define LATHE_DIRECTIVE(name, signature, text) name,
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
};

struct DirectiveInfo {
  std::string_view name, signature, text;
};
const DirectiveInfo& info_of(DirectiveKind kind);

// A row of a tile map: panels of `width` columns take `rows` rows.
struct TileClass {
  int64_t width = 0;
  int64_t rows = 0;
  bool operator==(const TileClass&) const = default;
};

// A fraction of the full row count, for tails: numerator / denominator.
struct RowCount {
  int64_t numerator = 1;
  int64_t denominator = 1;
  bool operator==(const RowCount&) const = default;
};

// How the last, short block of a split loop runs.
enum class Tail : uint8_t {
  automatic,  // serial loops shorten, unrolled ones of a pure Func too; others clamp or guard; vectors mask
  clamp,      // indices beyond the end are moved to the last valid one: recomputed, stored again
  mask,       // lanes beyond the end are neither loaded nor stored
  guard,      // a condition around the body
  shift,      // the last block is moved back inside; extent at least the factor
};
std::string_view name_of(Tail tail);
std::optional<Tail> tail_named(std::string_view text);

// A digit of a layout: index / divisor % modulus of one dimension; modulus 0: index / divisor.
struct Digit {
  std::string name;                  // copies: a loop; Funcs: an index; inputs: a dimension's size, or its number
  int64_t divisor = 1, modulus = 0;
  Digit(std::string n, int64_t d = 1, int64_t m = 0) : name(std::move(n)), divisor(d), modulus(m) {}
  Digit(const char* n) : name(n) {}
  bool operator==(const Digit&) const = default;
};
std::string print(const Digit& digit);

// What `require` may ask for (requirements.def).
enum class Requirement : uint8_t {
#define LATHE_REQUIREMENT(name, text) name,
#include "schedules/requirements.def"
#undef LATHE_REQUIREMENT
};
std::string_view name_of(Requirement fact);
std::string_view text_of(Requirement fact);
std::optional<Requirement> requirement_named(std::string_view text);
std::vector<std::string> requirement_names();

// One directive. Which fields are meaningful stands beside each; the others are empty.
struct Directive {
  DirectiveKind kind;
  std::string func;                  // the Func or input it is written on
  std::vector<std::string> loops;    // split: l, outer, inner; tile: j, i, jo, io, ji, ii; fuse: l, m, lm; reorder, clip: all;
                                     // else l
  std::string target;                // stage_at, compute_at, store_at, store_with, table_at, epilogue_of, prefetch: the other Func
  std::string name;                  // stage_at: the copy's own name, "" for none; rfactor: the new Func's; tensorize: the
                                     // instruction's
  Expr value;                        // split: factor; fold_storage, prefetch: count; parallel, stream: condition, if any;
                                     // peel: iterations at the beginning; pitch: elements; align: bytes
  Expr last;                         // peel: iterations at the end; pitch: elements more, if any
  std::vector<Expr> point;           // trace: an index for each dimension
  std::vector<TileClass> classes;    // tile
  std::vector<Digit> digits;         // layout
  bool even = false;                 // split, tile
  Tail tail = Tail::automatic;       // tail
  std::vector<RowCount> rows;        // tail: row counts of the edge bodies, largest first
  std::string space;                 // store_in: registers, stack, heap
  Requirement fact{};                // require
  SourceLocation where;              // ignored by equality

  bool operator==(const Directive& o) const;
};

// Every formula of the directive that is given: its values, in no order.
void for_each_formula(const Directive& d, const std::function<void(const Expr&)>& see);
void change_formulas(Directive& d, const std::function<Expr(const Expr&)>& change);

// A number bound at run time, tried without compiling: `formula` over target facts, clamped to [lowest, highest].
struct ScheduleParam {
  std::string name;
  Expr formula;
  int64_t lowest = 1, highest = 1;
  SourceLocation where;
  bool operator==(const ScheduleParam& o) const;
};

// A variant: the common directives and these, used for calls whose sizes and strides satisfy `condition`.
struct Specialization {
  Expr condition;                    // boolean, over sizes, params, target facts; stride(A, 1) is the var "A.stride.1"
  std::vector<Directive> directives;
  SourceLocation where;
  bool operator==(const Specialization& o) const;
};

struct Schedule {
  std::string op;                    // the operator's name
  std::string target;                // "": any; else the target level it needs, such as x86-64-v3
  Expr condition;                    // "schedule for conv if ...": undefined for none
  std::vector<ScheduleParam> params;
  std::vector<Directive> directives;
  std::vector<Specialization> specializations;   // first match wins; the common directives alone come last
  SourceLocation where;

  bool operator==(const Schedule& o) const;      // ignores locations
  uint64_t hash() const;                         // stable across runs
};

Schedule plain_nest(const Operator& op);        // no directives: each Func's loops as the algorithm writes them

// The schedule with names in its formulas, factors and conditions replaced: static parameters by their values.
Schedule substitute(const Schedule& schedule, const Substitution& values);

// The schedule as far as its first directives, so many: the common ones, then those of the variants in their order. A
// variant without any is left out.
Schedule first_directives(const Schedule& schedule, size_t count);
size_t count_directives(const Schedule& schedule);

// Facts of the target that formulas may use: caches in bytes, lanes of f32.
inline constexpr std::string_view target_facts[] = {"target.L1", "target.L2", "target.L3", "target.lanes",
                                                    "target.threads"};

// --- C++ form. Each call appends a directive with the caller's file and line.
class Stage {
 public:
  using At = std::source_location;
  Stage(std::vector<Directive>& directives, std::string func) : directives_(directives), func_(std::move(func)) {}
  Stage& split(std::string l, std::string outer, std::string inner, Expr factor, bool even = false,
               At at = At::current());
  Stage& tile(std::string j, std::string i, std::string jo, std::string io, std::string ji, std::string ii,
              std::vector<TileClass> classes, bool even = false, At at = At::current());
  Stage& collapse(std::string x, std::string c, std::string xc, At at = At::current());
  Stage& fuse(std::string l, std::string m, std::string lm, At at = At::current());
  Stage& peel(std::string l, Expr first, Expr last, At at = At::current());
  Stage& reorder(std::vector<std::string> loops, At at = At::current());
  Stage& vectorize(std::string l, At at = At::current());
  Stage& unroll(std::string l, At at = At::current());
  Stage& parallel(std::string l, Expr condition = {}, At at = At::current());
  Stage& tail(std::string l, Tail tail, std::vector<RowCount> rows = {}, At at = At::current());
  Stage& clip(std::vector<std::string> variables, At at = At::current());
  Stage& table_at(std::string consumer, std::string l, At at = At::current());
  Stage& rfactor(std::string l, std::string name, At at = At::current());
  Stage& store_in(std::string space, std::string l = "", At at = At::current());
  Stage& pitch(std::string x, Expr multiple, Expr more = {}, At at = At::current());
  Stage& align(int64_t bytes, At at = At::current());
  Stage& stage_at(std::string consumer, std::string l, std::string name = "", At at = At::current());
  Stage& layout(std::vector<Digit> digits, At at = At::current());
  Stage& free_layout(At at = At::current());
  Stage& constant(At at = At::current());
  Stage& with_first(std::string l, At at = At::current());
  Stage& compute_inline(At at = At::current());
  Stage& compute_root(At at = At::current());
  Stage& compute_at(std::string consumer, std::string l, At at = At::current());
  Stage& store_at(std::string consumer, std::string l, At at = At::current());
  Stage& fold_storage(std::string dimension, Expr count, At at = At::current());
  Stage& slide(std::string dimension, At at = At::current());
  Stage& epilogue_of(std::string func, At at = At::current());
  Stage& store_with(std::string func, At at = At::current());
  Stage& prefetch(std::string consumer, std::string l, Expr distance, At at = At::current());
  Stage& stream(Expr condition = {}, At at = At::current());
  Stage& trace(std::vector<Expr> point, At at = At::current());
  Stage& tensorize(std::string l, std::string instruction, At at = At::current());
  Stage& require(Requirement fact, At at = At::current());

 private:
  Directive made(DirectiveKind kind, std::vector<std::string> loops, const At& at) const;
  Stage& add(Directive directive);
  std::vector<Directive>& directives_;
  std::string func_;
};

// Builds a Schedule: `s["C"].split(...)`; `s.specialize(condition)` opens a variant with the same syntax.
class ScheduleBuilder {
 public:
  explicit ScheduleBuilder(const Operator& op, std::string target = "",
                           std::source_location at = std::source_location::current());
  Stage operator[](const std::string& func) { return Stage(schedule_.directives, func); }
  void param(std::string name, Expr formula, int64_t lowest, int64_t highest,
             std::source_location at = std::source_location::current());
  // Runs `body(stage_of)` on the variant, where stage_of("B") gives the Stage of B inside it.
  void specialize(Expr condition, const std::function<void(const std::function<Stage(const std::string&)>&)>& body,
                  std::source_location at = std::source_location::current());
  const Schedule& schedule() const { return schedule_; }
  operator const Schedule&() const { return schedule_; }

 private:
  Schedule schedule_;
};

}  // namespace lathe
