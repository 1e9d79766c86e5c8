// Expressions of the loop IR as C.
#pragma once

#include <map>
#include <set>
#include <string>

#include "lang/expr.h"

namespace lathe::bench {

std::string c_type(DType type);     // of a value: float, int32_t, bool
std::string c_element(DType type);  // of an element in memory: a bool is a byte

class CExpressions {
 public:
  // A C identifier for a name of the IR, always the same one.
  std::string name(const std::string& ir_name);
  std::string text(const Expr& e);
  void mark_data(const std::string& ir_name) { data_.insert(ir_name); }  // a let that holds elements of tensors
  bool holds_data(const Expr& e) const;

 private:
  std::string op_text(const Expr& e);
  std::string integer_op(const Expr& e, const std::vector<std::string>& args);
  std::string index_op(const Expr& e, const std::vector<std::string>& args);
  std::string access_text(const Expr& e);

  std::map<std::string, std::string> names_;
  std::set<std::string> data_;
};

}  // namespace lathe::bench
