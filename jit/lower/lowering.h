// Lowering of one variant: shared state of the parts in this folder. Reading order: lower.cpp (dispatch over variants),
// lower_variant.cpp (which Func where), nest_emitter.h (one nest).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jit/ir/ir.h"
#include "jit/lower/nest.h"
#include "jit/lower/attempts.h"
#include "jit/lower/scope.h"
#include "jit/lower/storage_form.h"
#include "jit/lower/view.h"
#include "lang/algorithm.h"
#include "schedules/schedule.h"
#include "targets/target.h"

namespace lathe {

// A Func computed inside a consumer's loop.
struct Attachment {
  const FuncContents* func = nullptr;
  std::string consumer, compute_loop, store_loop;
  std::map<std::string, Expr> fold;                         // index name -> ring size
  SourceLocation where, store_where = {}, fold_where = {};
  std::optional<Directive> slide = {};                      // a window in registers, along this index
};

// A copy of a tensor's region for one consumer.
struct Staging {
  std::string tensor, consumer, loop, name;
  std::vector<Digit> layout = {};                           // loop names, outermost first; empty: the tensor's own order
  std::string first_loop = {};                              // with_first
  SourceLocation where, layout_where = {}, first_where = {};
  StorageForm form = {};
};

// Indices of a tensor under boundary rules, looked up inside the consumer's loop.
struct Tabling {
  std::string tensor, consumer, loop;
  SourceLocation where;
};

// A machine instruction that takes the place of a loop's iterations.
struct Tensorizing {
  std::string loop, instruction;
  std::vector<Expr> operands;                               // reads, in the order of the instruction's
  Directive directive;
};

struct Prefetching {
  std::string tensor, consumer, loop;
  Expr distance;
};

// Inclusive bounds for each dimension of a tensor; `whole` counts full blocks where bounds stop at the real end.
struct Region {
  std::vector<Expr> lowest, highest, whole;
  bool read = false;                                        // a tensor without dimensions has no bounds either way
};

struct Lowering {
  const Operator& op;                                       // after inlining: Funcs that are stored or fused
  const Target& target;
  std::vector<Directive> directives;
  Facts facts;                                              // about sizes and parameters
  std::vector<Attachment> attachments = {};
  std::vector<Staging> stagings = {};
  std::vector<Prefetching> prefetches = {};
  std::vector<Tabling> tables = {};
  std::map<std::string, Tensorizing> tensorized = {};            // by Func
  std::map<std::string, std::vector<const FuncContents*>> epilogues = {};   // by the Func they complete
  std::map<std::string, std::string> register_loop = {};         // Func -> loop of store_in(registers, at = loop)
  std::map<std::string, Directive> stored_with = {};             // Func -> its store_with
  std::map<std::string, Expr> streamed = {};                     // Func -> whether its stores bypass the caches
  std::map<std::pair<std::string, size_t>, Expr> granule = {};   // see View
  ReductionRanges ranges = {};                                   // see View; clip adds to them
  std::map<BorderRead, std::string> clipped = {};                // reads that are inside once this variable's range is known
  std::map<std::string, Layout> layouts = {};                    // of Funcs and inputs that are not row-major
  std::map<std::string, StorageForm> forms = {};                 // of Funcs
  std::map<std::string, std::vector<int64_t>> windows = {};      // Func in a window -> its extents, as bodies are written
  std::map<std::string, Storage> storage = {};                   // tensors that exist at this place
  std::map<std::string, Expr> opaque = {};                       // variables of whose values facts say nothing
  Attempts attempts = {};                                        // of what is written so far
  bool cuts_at_borders = true;                                   // else one body keeps all boundary rules: less code
  std::map<std::string, int> names_used = {};

  std::string fresh(const std::string& name);               // a name not used yet in this variant
  // Notes that an optimisation of a Func was reached or missed in one body.
  void note(const std::string& func, Requirement fact, bool reached, const std::string& why);
  void check_requirements() const;                          // Error{unproved} at a `require` that was missed
  Expr streams(const std::string& func) const { return streamed.count(func) ? streamed.at(func) : Expr(); }
};

inline std::vector<DType> dtypes_of(const FuncContents& func) {
  std::vector<DType> types;
  for (int c = 0; c < func.components(); ++c) types.push_back(func.dtype(c));
  return types;
}

// A whole variant: the statement that computes all outputs. `directives` must be legal or throw.
ir::Stmt lower_variant(const View& view, const std::vector<Directive>& directives, const Target& target,
                       const Facts& facts, bool in_little_code, Attempts& attempts);

}  // namespace lathe
