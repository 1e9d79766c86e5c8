// An algorithm as data: what the C++ front end (func.h) and the text form (parse.h) both make, and what everything after
// the language reads. Value semantics; immutable once checked.
#pragma once

#include <map>
#include <optional>

#include "lang/expr.h"

namespace lathe {

struct SizeDecl {
  std::string name;
  int64_t lowest = 0;
  int64_t highest = int64_t{1} << 40;
  int64_t multiple_of = 1;
  bool operator==(const SizeDecl&) const = default;
};

struct ParamDecl {
  std::string name;
  bool is_static = true;                                    // static: an i64 fixed before compiling
  DType dtype = DType::i64;
  double default_value = 0;
  bool operator==(const ParamDecl&) const = default;
};

struct InputDecl {
  std::string name;
  DType dtype = DType::f32;
  std::vector<Expr> extents;                                // over sizes and static parameters
  SourceLocation where;
  bool operator==(const InputDecl& o) const { return name == o.name && dtype == o.dtype && extents == o.extents; }
};

// How a reduction joins two partial results. `left` and `right` name the components of the two operands (typed vars),
// `combined` is over them. Associative and commutative over the reals; `identity` is neutral.
struct Combiner {
  std::string name;                                         // "sum", "max_number", or the author's
  std::vector<std::string> left, right;
  std::vector<Expr> identity;
  std::vector<Expr> combined;
  bool operator==(const Combiner&) const = default;
};

// The built-in combiner of this name (sum, prod, min, max, min_number, max_number), applied to each component on its
// own; or argmax or argmin of a value and the indices of its place; null for another name.
std::shared_ptr<const Combiner> builtin_combiner(const std::string& name, const std::vector<DType>& types,
                                                 const SourceLocation& where = {});

bool finds_places(const std::string& combiner);             // argmax, argmin: the reduction variables are terms too

// An update: at each point of `rvars`, in lexicographic order, the values of its Func at `indices` become `values`, which
// may read the Func. An index that is just that variable of the Func stays free: the update runs for each of its values
// by itself.
struct Update {
  std::vector<ReductionVar> rvars;
  std::vector<Expr> indices;                                // one for each index of the Func
  std::vector<Expr> values;                                 // one for each component
  SourceLocation where;
  bool operator==(const Update& o) const { return rvars == o.rvars && indices == o.indices && values == o.values; }
};

// One Func: pure (no combiner), or a reduction over `rvars` that combines `values` in any order (fast) or in
// lexicographic order of the rvars (strict). A pure one may be changed by updates, in order. Indices vars range over all integers; who reads decides where it is needed.
struct FuncContents {
  std::string name;
  std::vector<std::string> vars;                            // index names, outermost first
  std::vector<ReductionVar> rvars;                          // outermost first
  std::shared_ptr<const Combiner> combiner;                 // null: pure
  std::vector<Expr> values;                                 // one for each component
  std::vector<Update> updates;
  SourceLocation where;

  bool is_reduction() const { return combiner != nullptr; }
  int components() const { return static_cast<int>(values.size()); }
  DType dtype(int component) const { return values[component].type().dtype; }
  bool operator==(const FuncContents& o) const;             // ignores locations
};

// A part of a Func that loops run over: the first is its definition, each further one an update, named "H.update",
// "H.update2". An update's part has the indices that stay free, the domain, and its values with the indices it writes
// behind them; it has no combiner.
struct FuncPart {
  FuncContents loops;
  const Update* update = nullptr;                           // null: the definition
  // The update reads its Func at the very point that it writes.
  bool reads_what_it_writes(const FuncContents& func, const Expr& read) const {
    return update && read->name == func.name && read.args() == update->indices;
  }
};
std::vector<FuncPart> parts_of(const FuncContents& func);

// Each right side of a Func: values, and of updates the indices that they write too.
template <class Visitor>
void for_each_value(const FuncContents& func, const Visitor& visitor) {
  for (const Expr& value : func.values) visitor(value);
  for (const Update& update : func.updates) {
    for (const Expr& value : update.values) visitor(value);
    for (const Expr& index : update.indices) visitor(index);
  }
}

struct OutputDecl {
  std::string func;                                         // a tuple Func gives one tensor for each component
  std::vector<Expr> extents;
  std::string in = {};                                      // the input whose place it takes; "": it has its own
  SourceLocation where = {};
  bool operator==(const OutputDecl& o) const { return func == o.func && extents == o.extents && in == o.in; }
};

struct Operator {
  std::string name;
  std::vector<SizeDecl> sizes;                              // in order of first appearance in the inputs
  std::vector<ParamDecl> params;
  std::vector<InputDecl> inputs;
  std::vector<FuncContents> funcs;                          // producers before consumers; only those that outputs need
  std::vector<OutputDecl> outputs;
  bool strict = false;                                      // numeric class: keep the written order
  SourceLocation where;

  const FuncContents* find_func(std::string_view name) const;
  const InputDecl* find_input(std::string_view name) const;
  const OutputDecl* find_output(std::string_view func) const;
  const OutputDecl* output_in(std::string_view input) const;  // that takes the place of this input; null: none does
  bool operator==(const Operator& o) const;                 // ignores locations
};

// The tensors a kernel of this operator takes, in order: inputs, then outputs (tuple components one by one, named
// "C.0", "C.1"; a Func of one component keeps its name). An output in the place of an input is no argument of its own:
// the input is written.
struct TensorArgument {
  std::string name;
  DType dtype;
  std::vector<Expr> extents;
  bool is_output;
  bool is_input = !is_output;
};
std::vector<TensorArgument> tensor_arguments(const Operator& op);
std::string component_name(const FuncContents& func, int component);
// The argument that a component of an output is written to.
std::string written_argument(const Operator& op, const FuncContents& func, int component);

// Checks names, types, ranks and recursion, and orders funcs. Throws Error with the author's location. Both front ends
// end here. Takes reductions that are part of a larger expression out into Funcs of their own ("D.sum", "D.sum2").
Operator checked(Operator op);

// The operator with these names of sizes and parameters replaced in every formula.
Operator substitute(const Operator& op, const Substitution& values);
// Each static parameter with its value: given, or the default.
Substitution static_values(const Operator& op, const std::map<std::string, int64_t>& given);
// Replaces static parameters by values (defaults for those not given). Unknown names throw Error{unknown_name}.
Operator with_static_params(const Operator& op, const std::map<std::string, int64_t>& values);
// The same where `checked` has found nothing wrong with these values before, or will be asked.
Operator with_static_params_unchecked(const Operator& op, const std::map<std::string, int64_t>& values);

}  // namespace lathe
