// Says which trial runs when the program stops in the middle of it: a guard page was touched, a check failed.
#pragma once

#include <string>

namespace lathe {

// On a fault while it lives, `text` and the last step go to standard error. They nest; the innermost reports.
class FaultReport {
 public:
  explicit FaultReport(std::string text);
  ~FaultReport();
  FaultReport(const FaultReport&) = delete;
  void at(const std::string& step);

 private:
  std::string text_, outer_;
  void (*before_fault_)(int);
  void (*before_abort_)(int);
};

}  // namespace lathe
