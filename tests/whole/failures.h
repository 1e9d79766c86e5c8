// What an Error says.
#pragma once

#include <string>

#include "support/error.h"

namespace lathe {

template <class Action>
std::string failure_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace lathe
