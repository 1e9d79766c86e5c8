// The printed shape of an error, and the search for the name that the author probably meant.
#include "support/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <numeric>
#include <set>

namespace lathe {
namespace {

struct CodeRow {
  std::string_view code;
  ErrorKind kind;
  std::string_view text;
};

constexpr CodeRow code_rows[] = {
#define LATHE_ERROR(name, code, kind, text) {code, ErrorKind::kind, text},
#include "support/errors.def"
#undef LATHE_ERROR
};

const CodeRow& row_of(ErrorCode code) { return code_rows[static_cast<size_t>(code)]; }

std::string message_of(ErrorCode code, const ErrorParts& parts) {
  std::string text = fmt::format("lathe: {}: {}", parts.step, parts.what.empty() ? summary_of(code) : parts.what);
  if (!parts.got.empty()) text += ": got " + parts.got;
  if (!parts.need.empty()) text += (parts.got.empty() ? ": need " : ", need ") + parts.need;
  if (parts.where.known()) text += "\n  at " + to_string(parts.where);
  if (!parts.hint.empty()) text += "\n  hint: " + parts.hint;
  return text;
}

// Edit distance (insert, delete, replace, swap of neighbours), blind to upper and lower case.
size_t edit_distance(std::string_view a, std::string_view b) {
  auto same = [&](size_t i, size_t j) {
    return std::tolower(static_cast<unsigned char>(a[i])) == std::tolower(static_cast<unsigned char>(b[j]));
  };
  std::vector<size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, last[j] + (same(i, j) ? 0 : 1)});
      if (i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j)) row[j + 1] = std::min(row[j + 1], before_last[j - 1] + 1);
    }
    before_last = last;
    last = row;
  }
  return last.back();
}

}  // namespace

FileName::FileName(std::string_view text) {
  if (text.empty()) return;
  static std::mutex mutex;
  static auto* names = new std::set<std::string, std::less<>>;   // never freed: static objects may hold locations
  std::lock_guard lock(mutex);
  auto known = names->find(text);
  text_ = &*(known != names->end() ? known : names->emplace(text).first);
}

const std::string& FileName::str() const {
  static const std::string nothing;
  return text_ ? *text_ : nothing;
}

std::string to_string(const SourceLocation& where) {
  if (!where.known()) return "";
  const std::string place = where.column > 0 ? fmt::format("{}:{}", where.line, where.column) : std::to_string(where.line);
  return where.file.empty() ? "line " + place : fmt::format("{}:{}", where.file.str(), place);
}

std::string_view code_text(ErrorCode code) { return row_of(code).code; }
std::string_view summary_of(ErrorCode code) { return row_of(code).text; }
ErrorKind kind_of(ErrorCode code) { return row_of(code).kind; }

Error::Error(ErrorCode code, ErrorParts parts)
    : std::runtime_error(message_of(code, parts)), code_(code), parts_(std::move(parts)) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& names) {
  // A third of the letters may differ; a name of which nothing is left is not near.
  size_t best = std::max<size_t>(1, name.size() / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : names) {
    size_t longest = std::max(candidate.size(), name.size());
    size_t shortest = std::min(candidate.size(), name.size());
    if (longest - shortest >= best) continue;
    size_t distance = edit_distance(name, candidate);
    if (distance < best && distance < longest) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

void internal_error(std::string_view step, const std::string& what) {
  throw Error(ErrorCode::internal, {.step = std::string(step),
                                    .what = what,
                                    .got = "",
                                    .need = "",
                                    .hint = "this is a fault of Lathe itself: please report it with this message"});
}

}  // namespace lathe
