// What Halide has no form for. Most of the language has one: this is the short list of what is left.
#include <fmt/format.h>

#include "interop/halide/reads.h"
#include "interop/halide/to_halide.h"
#include "lang/needed_regions.h"
#include "lang/text.h"

namespace lathe {
namespace {

constexpr int64_t most_points = int64_t{1} << 24;  // of one dimension that data indexes: it is computed whole
constexpr int64_t usual_extent = 64;               // what indices are taken to range over, to see what data adds

Error refusal(std::string what, std::string got, std::string need, const SourceLocation& where) {
  return Error(
      ErrorCode::not_expressible,
      {.step = "halide", .what = std::move(what), .got = std::move(got), .need = std::move(need), .where = where});
}

class Reasons {
 public:
  explicit Reasons(const Operator& op) : op_(op) {
    for (const SizeDecl& s : op.sizes) ranges_[s.name] = {0, usual_extent};
  }

  std::vector<Error> run() {
    for (const SizeDecl& s : op_.sizes) size(s);
    for (const FuncContents& f : op_.funcs) {
      for (const FuncPart& part : parts_of(f)) {
        for (const std::string& v : part.loops.vars) ranges_[v] = {0, usual_extent};
        for (const ReductionVar& r : part.loops.rvars) ranges_[r.name] = {0, usual_extent};
        for (const Expr& value : part.loops.values) reads(f, value);
        if (part.update) written(f, *part.update);
      }
    }
    return std::move(reasons_);
  }

 private:
  void size(const SizeDecl& s) {
    if (s.lowest >= int64_t{1} << 31) {
      reasons_.push_back(
          refusal("the size " + s.name, fmt::format("at least {}", s.lowest), "extents of 32 bits", op_.where));
    }
  }

  // A Func that is read at data is computed for all that the data can be.
  void reads(const FuncContents& reader, const Expr& value) {
    visit(value, [&](const Expr& read) {
      if (read.kind() != ExprKind::access || !op_.find_func(read->name) || read->name == reader.name) return;
      for (const Expr& index : read.args()) {
        if (holds_data(index))
          bounded(reader, fmt::format("{} reads the Func {} at data", reader.name, read->name), index, read->where);
      }
    });
  }

  // What is written outside of the range that is needed is left out. Where that is not known, Halide has to infer it.
  void written(const FuncContents& f, const Update& u) {
    const auto& needed = needs_.at(f.name);
    for (size_t d = 0; d < u.indices.size(); ++d) {
      if (holds_data(u.indices[d]) && !needed.at(d))
        bounded(f, fmt::format("an update writes {} at data", f.name), u.indices[d], u.where);
    }
  }

  void bounded(const FuncContents& f, const std::string& what, const Expr& index, const SourceLocation& where) {
    const auto range = range_of(index, ranges_);
    if (range && range->length() <= most_points) return;
    reasons_.push_back(
        refusal(what, print(index),
                fmt::format("an index with bounds, at most {} apart: Halide computes the whole range", most_points),
                where.known() ? where : f.where));
  }

  const Operator& op_;
  const NeededRanges needs_ = needed_ranges(op_);
  std::map<std::string, Interval> ranges_;
  std::vector<Error> reasons_;
};

}  // namespace

std::vector<Error> not_expressible(const Operator& op) { return Reasons(op).run(); }

}  // namespace lathe
