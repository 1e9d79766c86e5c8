// Checks of single directives and params, with the words of their errors.
#include "schedules/checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lang/text.h"

namespace lathe {
namespace {

[[noreturn]] void wrong_type(std::string_view what, const Expr& value, const std::string& need,
                             const SourceLocation& where) {
  throw Error(ErrorCode::type_mismatch, {.step = "schedule",
                                         .what = std::string(what),
                                         .got = value.defined() ? to_string(value.type()) : "nothing",
                                         .need = need,
                                         .where = where});
}

std::string text_of(const RowCount& row) { return fmt::format("{}/{}", row.numerator, row.denominator); }

}  // namespace

std::string hint_for(std::string_view name, const std::vector<std::string>& names) {
  std::string near = nearest_name(name, names);
  return near.empty() ? "" : "did you mean " + near + "?";
}

void check_condition(std::string_view what, const Expr& value, const SourceLocation& where) {
  if (!value.defined() || value.type().dtype != DType::boolean) wrong_type(what, value, "a condition", where);
}

void check_factor(std::string_view what, const Expr& value, const SourceLocation& where, int64_t lowest) {
  if (!value.defined() || !is_integer(value.type().dtype)) wrong_type(what, value, "an integer", where);
  int64_t constant = lowest;
  if (is_integer_constant(value, &constant) && constant < lowest) {
    throw Error(ErrorCode::bad_factor, {.step = "schedule",
                                        .what = std::string(what),
                                        .got = std::to_string(constant),
                                        .need = fmt::format("at least {}", lowest),
                                        .where = where});
  }
}

// Less than a line is what storage has anyhow; more than a large page is of no use.
static void check_alignment(const Expr& value, const SourceLocation& where) {
  constexpr int64_t least = 64, most = int64_t{1} << 21;
  int64_t bytes = 0;
  check_factor("bytes of align", value, where);
  if (is_integer_constant(value, &bytes) && bytes >= least && bytes <= most && (bytes & (bytes - 1)) == 0) return;
  throw Error(ErrorCode::bad_factor, {.step = "schedule",
                                      .what = "bytes of align",
                                      .got = print(value),
                                      .need = fmt::format("a power of two in {}..{}", least, most),
                                      .where = where});
}

void check_value(DirectiveKind kind, const Expr& value, const SourceLocation& where) {
  switch (kind) {
    case DirectiveKind::split: return check_factor("factor of split", value, where);
    case DirectiveKind::fold_storage: return check_factor("count of fold_storage", value, where);
    case DirectiveKind::prefetch: return check_factor("distance of prefetch", value, where);
    case DirectiveKind::peel: return check_factor("first iterations of peel", value, where, 0);
    case DirectiveKind::pitch: return check_factor("multiple of pitch", value, where);
    case DirectiveKind::align: return check_alignment(value, where);
    case DirectiveKind::parallel:
    case DirectiveKind::stream:
      if (value.defined()) check_condition(fmt::format("condition of {}", info_of(kind).name), value, where);
      return;
    default: return;
  }
}

void check_last(DirectiveKind kind, const Expr& value, const SourceLocation& where) {
  if (kind == DirectiveKind::peel) check_factor("last iterations of peel", value, where, 0);
  if (kind == DirectiveKind::pitch && value.defined()) check_factor("elements that pitch adds", value, where, 0);
}

void check_index(const Expr& value, const SourceLocation& where) {
  if (!value.defined() || !is_integer(value.type().dtype)) wrong_type("index of trace", value, "an integer", where);
}

void check_class(const TileClass& row, const SourceLocation& where) {
  check_factor("width of a tile", Expr(row.width), where);
  check_factor(fmt::format("rows of a tile of width {}", row.width), Expr(row.rows), where);
}

void check_row_count(const RowCount& row, const RowCount* before, const SourceLocation& where) {
  std::string fraction = text_of(row);
  if (row.numerator < 1 || row.denominator < row.numerator) {
    throw Error(ErrorCode::bad_factor, {.step = "schedule",
                                        .what = "row count of a tail",
                                        .got = fraction,
                                        .need = "a fraction above 0 and at most 1",
                                        .where = where});
  }
  // Compared in 128 bits: the numbers are the author's.
  __extension__ using Wide = __int128;
  if (before && Wide{row.numerator} * before->denominator >= Wide{before->numerator} * row.denominator) {
    throw Error(ErrorCode::bad_factor, {.step = "schedule",
                                        .what = "row counts of a tail",
                                        .got = fmt::format("{} after {}", fraction, text_of(*before)),
                                        .need = "the largest first",
                                        .where = where});
  }
}

void check_digit(const Digit& digit, const SourceLocation& where) {
  if (digit.divisor >= 1 && (digit.modulus == 0 || digit.modulus >= 2)) return;
  throw Error(ErrorCode::bad_factor, {.step = "schedule",
                                      .what = "digit of a layout",
                                      .got = print(digit),
                                      .need = "a divisor of at least 1, a radix of at least 2",
                                      .where = where});
}

void check_space(const std::string& space, const SourceLocation& where) {
  static const std::vector<std::string> names = {"registers", "stack", "heap"};
  if (std::find(names.begin(), names.end(), space) != names.end()) return;
  throw Error(ErrorCode::bad_directive, {.step = "schedule",
                                         .what = "store_in",
                                         .got = "the space '" + space + "'",
                                         .need = fmt::format("one of {}", fmt::join(names, ", ")),
                                         .where = where,
                                         .hint = hint_for(space, names)});
}

void check_range(const ScheduleParam& param) {
  check_factor("formula of param " + param.name, param.formula, param.where);
  if (param.lowest >= 1 && param.lowest <= param.highest) return;
  throw Error(ErrorCode::bad_factor, {.step = "schedule",
                                      .what = "range of param " + param.name,
                                      .got = fmt::format("{}..{}", param.lowest, param.highest),
                                      .need = "lowest..highest with 1 <= lowest <= highest",
                                      .where = param.where});
}

}  // namespace lathe
