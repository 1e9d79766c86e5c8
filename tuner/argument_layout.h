// Where a declared argument lies (LayoutRight): its dimensions in another order, one of them cut into blocks. What is
// decided is written into the schedule that is constructed for the operator as it then is.
#pragma once

#include "schedules/construct/decisions.h"
#include "schedules/schedule.h"
#include "tuner/record.h"

namespace lathe::tuner {

class ArgumentLayout {
 public:
  // Asks for the order of the dimensions.
  ArgumentLayout(const Operator& op, const std::string& argument, LayoutRight right, Decisions& decisions);

  // The operator with the argument declared in that order: what runs side by side, and what is worth copying, follows
  // from it. An output stays.
  Operator seen(Operator op) const;

  // Asks for the rest, and writes the layout into a schedule that was constructed for what is `seen`. It takes the
  // place of copies of the argument, and register tiles are as wide as its blocks. False where the argument stays as it
  // is.
  bool write(Schedule& schedule, const Operator& seen, const Target& target, Decisions& decisions) const;

 private:
  size_t place_of(const std::string& dimension) const;  // in the order
  std::string argument_;
  LayoutRight right_;
  bool is_input_ = false;
  std::vector<std::string> dimensions_, order_;  // numbers, as written in a layout
};

}  // namespace lathe::tuner
