// The whole message of the Error that something throws.
#pragma once

#include <string>

#include "support/error.h"

namespace lathe::tools {

template <class Action>
std::string refusal_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace lathe::tools
