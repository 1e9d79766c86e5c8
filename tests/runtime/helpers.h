// What the run-time tests share: size formulas, signatures, entries written in C++, and the text of an error.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "jit/runtime/kernel.h"
#include "support/tensor_view.h"

namespace lathe::test {

using Code = SizeFormula::Code;

inline SizeFormula constant(int64_t value) { return {{{Code::constant, value}}, std::to_string(value)}; }
inline SizeFormula size(int64_t position, std::string name) { return {{{Code::size, position}}, std::move(name)}; }
inline SizeFormula join(Code code, const SizeFormula& a, const SizeFormula& b, std::string text) {
  SizeFormula result{a.steps, std::move(text)};
  result.steps.insert(result.steps.end(), b.steps.begin(), b.steps.end());
  result.steps.push_back({code, 0});
  return result;
}

struct Caught {
  ErrorCode code = ErrorCode::internal;
  std::string text = "nothing was thrown";
};

template <class Action>
Caught caught(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace lathe::test

// The error has this code, and its text holds each of the parts.
#define CHECK_ERROR(action, expected_code, ...)                                             \
  do {                                                                                      \
    auto caught_error = lathe::test::caught([&] { action; });                               \
    CHECK_MESSAGE(caught_error.code == lathe::ErrorCode::expected_code, caught_error.text); \
    for (std::string part : std::initializer_list<std::string>{__VA_ARGS__}) {              \
      CHECK_MESSAGE(lathe::test::contains(caught_error.text, part), caught_error.text);     \
    }                                                                                       \
  } while (false)
