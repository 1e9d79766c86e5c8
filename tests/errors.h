// What an action is refused with.
#pragma once

#include <optional>
#include <string>

#include "support/error.h"

namespace lathe {

// The Error that an action throws, if it throws one.
template <class Action>
std::optional<Error> thrown_by(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// Its text: "lathe: parse: ...".
template <class Action>
std::string failure_of(const Action& action) {
  const std::optional<Error> error = thrown_by(action);
  return error ? error->what() : "no error";
}

// Its code and text: "L102 lathe: parse: ...".
template <class Action>
std::string error_of(const Action& action) {
  const std::optional<Error> error = thrown_by(action);
  return error ? std::string(code_text(error->code())) + " " + error->what() : "no error";
}

}  // namespace lathe
