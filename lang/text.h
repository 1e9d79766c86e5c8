// The text form of algorithms: prints from and parses to the same objects as the C++ front end. docs/language.md has the
// grammar; a file may hold several operators, and schedules for them (schedules/text.h reads those). An operator that is
// generic over element types stands there as the one of its default types.
//
//   # dense.lathe
//   dense(A: f32[M, K], B: f32[K, N], bias: f32[N]) -> D: f32[M, N]
//     size K in 1..16777216 multiple of 1
//     C[i, j] = sum(k < K: A[i, k] * B[k, j])
//     D[i, j] = max(C[i, j] + bias[j], 0)
#pragma once

#include "lang/algorithm.h"
#include "lang/alternatives.h"
#include "lang/generic.h"
#include "lang/lexer.h"

namespace lathe {

// Everything in a file: operators, alternatives among them, and the raw text of schedule blocks with their place, for schedules/text.h.
struct SourceBlock {
  std::string text;                                         // from the line "schedule for ..." to the end of the block
  SourceLocation where;                                     // of its first line
};
struct SourceFile {
  std::vector<Operator> operators;
  std::vector<Alternatives> alternatives = {};
  std::vector<SourceBlock> schedules = {};
  std::vector<GenericOperator> generics = {};               // those of the operators that are
  std::string text = {}, name = {};                         // of the whole file

  const Alternatives* find_alternatives(std::string_view name) const;   // by their own name; null: none
  const Alternatives* alternatives_with(std::string_view op) const;     // that this operator is one of
  const GenericOperator* find_generic(std::string_view op) const;       // null: the operator is not generic
};

SourceFile parse_file_text(std::string_view text, const std::string& file_name);
SourceFile read_lathe_file(const std::string& path);        // Error{bad_file}, Error{syntax}, ...
std::string print(const Operator& op);
// The file with the operator of this name, and alternatives of it, for these element types. Their schedules are left out:
// those are for the default types.
SourceFile with_types(const SourceFile& file, const std::string& op, const ElementTypes& types);

// The operator of this name; an empty name stands for the only one, that of alternatives for the first of them. Error{unknown_name} names the nearest.
const Operator& find_operator(const SourceFile& file, const std::string& name);

// Names that an expression may use, with their types; anything else is Error{unknown_name} with the nearest name.
struct ExprScope {
  std::map<std::string, Type> vars;
  std::map<std::string, std::vector<DType>> tensors;        // dtype of each component
  std::map<std::string, int> ranks;                         // of tensors; not checked when absent
  ElementTypes types = {};                                  // of type parameters
  bool any_name = false;                                    // unknown names become i64 vars (loop IR)
};

// One expression from the lexer's position on. Shared by algorithms, schedules and the loop IR.
Expr parse_expr(Lexer& lexer, const ExprScope& scope);
std::string print(const Expr& e);                           // parses back to an equal expression in a fitting scope

}  // namespace lathe
