// Errors: one class, one table of codes (errors.def), one printed shape:
//
//   lathe: <step>: <what is wrong>: got <value>, need <rule>
//     at <the author's file:line:column>
//     hint: ...
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// The name of a source file, kept once and for good: every expression carries one.
class FileName {
 public:
  FileName() = default;
  FileName(std::string_view text);
  FileName(const std::string& text) : FileName(std::string_view(text)) {}
  FileName(const char* text) : FileName(std::string_view(text)) {}
  const std::string& str() const;
  operator const std::string&() const { return str(); }
  bool empty() const { return text_ == nullptr; }
  bool operator==(const FileName&) const = default;

 private:
  const std::string* text_ = nullptr;                       // null: empty
};

// Where the author wrote something. Line 0 means unknown.
struct SourceLocation {
  FileName file;
  int line = 0;
  int column = 0;
  bool known() const { return line > 0; }
};

std::string to_string(const SourceLocation& where);         // "dense.lathe:3:14", "dense.cpp:12"

enum class ErrorCode : uint8_t {
#define LATHE_ERROR(name, code, kind, text) name,
#include "support/errors.def"
#undef LATHE_ERROR
};
enum class ErrorKind : uint8_t { user, internal, runtime };

std::string_view code_text(ErrorCode code);                 // "L103"
std::string_view summary_of(ErrorCode code);
ErrorKind kind_of(ErrorCode code);

// The parts of a message; leave empty what does not apply.
struct ErrorParts {
  std::string step;                                         // "parse", "schedule", "lower", "call", ...
  std::string what;                                         // what is wrong, with the names involved
  std::string got;
  std::string need;
  SourceLocation where = {};
  std::string hint = {};
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, ErrorParts parts);
  ErrorCode code() const { return code_; }
  const ErrorParts& parts() const { return parts_; }

 private:
  ErrorCode code_;
  ErrorParts parts_;
};

// The member of `names` nearest to `name` in edit distance, or "" when none is near: for "did you mean".
std::string nearest_name(std::string_view name, const std::vector<std::string>& names);

// A fault of Lathe itself, with the place that noticed it.
[[noreturn]] void internal_error(std::string_view step, const std::string& what);

}  // namespace lathe
