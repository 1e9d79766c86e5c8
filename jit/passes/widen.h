// One vector iteration group: a statement with the loop variable running over `lanes` consecutive values at once.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "jit/ir/ir.h"

namespace lathe {

class Widener {
 public:
  // The variable takes base, base + 1, ..., base + lanes - 1.
  Widener(std::string variable, Expr base, int lanes)
      : variable_(std::move(variable)), base_(std::move(base)), lanes_(lanes) {}

  // nullopt where the statement cannot be done in lockstep: control flow, heap storage or calls that depend on the lane.
  std::optional<ir::Stmt> widen(const ir::Stmt& s);

 private:
  struct Line {
    Expr start, step;
  };
  std::optional<Line> line(const Expr& e) const;
  Expr expr(const Expr& e);
  Expr index(const Expr& e);
  Expr group(const Expr& e);
  Expr for_groups(const Expr& e, const Expr& lane, int all);
  Expr spread(const Expr& e) const;                         // scalar -> broadcast
  bool varies(const Expr& e) const;
  ir::Stmt statement(const ir::Stmt& s);
  ir::Stmt prefetch(const ir::StmtNode& s) const;
  ir::Stmt alloc(const ir::StmtNode& s);
  Expr lane_offset(const std::string& buffer, const Expr& at);

  std::string variable_;
  Expr base_;
  int lanes_;
  std::set<std::string> vectors_;                           // lets that became vectors
  std::set<std::string> per_lane_;                          // buffers with one copy a lane
  bool possible_ = true;
};

}  // namespace lathe
