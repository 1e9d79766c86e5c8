// Parts of checked() (algorithm.h): what holds for each single Func, and helpers that it shares with the rest.
#pragma once

#include <set>

#include "lang/algorithm.h"

namespace lathe {

[[noreturn]] void refuse(ErrorCode code, std::string what, std::string got, std::string need,
                         const SourceLocation& where, std::string hint = {});

// Each Func may be in the place of its reads: what walks through one then walks through all.
constexpr size_t most_funcs = 1000;
[[noreturn]] void refuse_more_funcs(const std::string& op, const SourceLocation& where);

std::string joined(const std::vector<std::string>& parts, std::string_view separator);

// The shape of an update: everything defined, one index for each of the Func's, one value for each component.
void check_update_parts(const FuncContents& f, const Update& u);

// Undefined constants of operators: a zero divisor of integers, a shift by the width. `whose` names the definition.
void check_constants(const Expr& node, const std::string& whose, const SourceLocation& where);

// An i64 formula over sizes and static parameters. `what` names it in errors.
void check_extent(const Operator& op, const Expr& e, const std::string& what, const SourceLocation& where);

// The law of an author's combiner (check_combiner.cpp).
void check_combiner_law(const Operator& op, const FuncContents& f);

// Outputs in the place of inputs (check_in_place.cpp).
void check_in_place(const Operator& op);

// Checks the definitions of an operator whose names are unique and whose funcs stand producers first.
class FuncChecker {
 public:
  explicit FuncChecker(const Operator& op);
  void check(const FuncContents& f);

 private:
  void mark_absorbed();
  void update(const FuncContents& f, const FuncPart& stage);
  void reduction(const FuncContents& f) const;
  void combiner_names(const FuncContents& f, const std::map<std::string, Type>& operands, const Expr& e) const;
  void node(const FuncContents& f, const Expr& e) const;
  void variable(const FuncContents& f, const Expr& e) const;
  void access(const FuncContents& f, const Expr& e) const;
  void read_of(const FuncContents& f, const Expr& e, const FuncContents* from, const InputDecl* input,
               const SourceLocation& where) const;
  void boundary(const FuncContents& f, const Expr& e, bool from_func, const SourceLocation& where) const;
  void index(const FuncContents& f, const Expr& e, const Expr& index, bool from_func,
             const SourceLocation& where) const;
  std::vector<std::string> tensor_names() const;

  const Operator& op_;
  std::map<std::string, Type> globals_;  // sizes and parameters
  std::map<std::string, Type> names_;    // globals, and indices of the Func being checked
  std::map<std::string, const FuncContents*> funcs_;
  std::map<std::string, const InputDecl*> inputs_;
  const FuncPart* update_ = nullptr;        // the update being checked
  std::set<std::string> absorbed_;  // pure Funcs whose absent terms reach reductions only
};

}  // namespace lathe
