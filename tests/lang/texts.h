// Operators from text, for the tests of this folder.
#pragma once

#include "lang/text.h"
#include "tests/errors.h"

namespace lathe {

// The only operator of a text.
inline Operator parse_one(const std::string& text) { return find_operator(parse_file_text(text, "t.lathe"), ""); }

// Code and text of the Error that parsing throws.
inline std::string text_error(const std::string& text) {
  return error_of([&] { parse_file_text(text, "t.lathe"); });
}

}  // namespace lathe
