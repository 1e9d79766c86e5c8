// What random trials have reached: constructs, element types, operators, directives, kinds of the loop IR, and pairs of
// them. A pair of directives counts where both shape one nest, a directive and a construct where the construct stands in
// a Func whose nest the directive shapes. impossible_pairs.def lists the pairs that no schedule can have.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "jit/ir/ir.h"
#include "schedules/schedule.h"
#include "tests/fuzz/constructs.h"

namespace lathe {

// A directive by its name, or a construct by its own.
struct CoverageItem {
  bool is_construct = false;
  int number = 0;
  auto operator<=>(const CoverageItem&) const = default;
};
std::string name_of(const CoverageItem& item);
inline CoverageItem item_of(DirectiveKind kind) { return {false, static_cast<int>(kind)}; }
inline CoverageItem item_of(Construct construct) { return {true, static_cast<int>(construct)}; }

using CoveragePair = std::pair<CoverageItem, CoverageItem>; // a directive first; two directives in the table's order

// All pairs but the impossible ones, those of directives first.
const std::vector<CoveragePair>& wanted_pairs();

class Coverage {
 public:
  void add(const Operator& op, const Schedule& schedule);   // that is legal
  void add(const ir::Program& program);
  void merge(const Coverage& other);
  Coverage without(const Coverage& other) const;            // what the other has not

  // One line, for another process.
  std::string text() const;
  static Coverage from(const std::string& text);

  bool has(const CoveragePair& pair) const { return pairs_.count(pair) > 0; }
  std::vector<CoveragePair> missing() const;  // of the wanted ones
  // One line each: what was never reached, and pairs listed as impossible that were.
  std::vector<std::string> gaps() const;
  std::string summary() const;

 private:
  void add_terms(const Operator& op);

  std::set<CoveragePair> pairs_;
  std::set<std::string> seen_;                              // "directive split", "op fma", "loop vector", ...
};

}  // namespace lathe
