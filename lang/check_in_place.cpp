// Outputs that take the place of an input. The input's elements change one by one while the operator runs, in an order that
// the schedule chooses: each is read for its own new value only, and by nothing else.
#include <fmt/format.h>

#include "lang/check_func.h"
#include "lang/expr_parser.h"
#include "lang/text.h"

namespace lathe {

namespace {

class InPlaceChecker {
 public:
  InPlaceChecker(const Operator& op, const OutputDecl& output)
      : op_(op), output_(output), func_(*op.find_func(output.func)), where_(output.where.known() ? output.where : op.where) {}

  void is_only_one() const {
    if (op_.output_in(output_.in) != &output_) fail(ErrorCode::duplicate_name, "an input whose place is taken", "one output for each input");
  }

  void run() {
    const InputDecl* input = op_.find_input(output_.in);
    if (!input) {
      std::vector<std::string> names;
      for (const InputDecl& in : op_.inputs) names.push_back(in.name);
      fail(ErrorCode::unknown_name, output_.in, "an input", did_you_mean(output_.in, names));
    }
    if (func_.components() != 1) fail(ErrorCode::bad_definition, "a tuple", "a single component");
    if (func_.is_reduction()) {
      fail(ErrorCode::bad_definition, "a reduction", "a pure definition", "give the reduction a Func of its own and add its result");
    }
    if (func_.dtype(0) != input->dtype) {
      fail(ErrorCode::type_mismatch, std::string(name_of(func_.dtype(0))), std::string(name_of(input->dtype)));
    }
    if (output_.extents != input->extents) {
      fail(ErrorCode::wrong_rank, shape(output_.extents), shape(input->extents) + ", the shape of the input");
    }
    for (const FuncContents& reader : op_.funcs) {
      for (const Expr& value : reader.values) reads(reader, value, &reader == &func_);
      for (const Update& update : reader.updates) {
        for (const Expr& value : update.values) reads(reader, value, false);
        for (const Expr& index : update.indices) reads(reader, index, false);
      }
    }
    if (!is_read_) fail(ErrorCode::bad_definition, "a definition that does not read it", fmt::format("a read of {}", own()));
  }

 private:
  [[noreturn]] void fail(ErrorCode code, std::string got, std::string need, std::string hint = {}) const {
    refuse(code, fmt::format("output {} in the place of {}", output_.func, output_.in), std::move(got), std::move(need), where_,
           std::move(hint));
  }

  static std::string shape(const std::vector<Expr>& extents) {
    std::string text;
    for (const Expr& e : extents) text += (text.empty() ? "" : ", ") + print(e);
    return "[" + text + "]";
  }

  std::string own() const {
    std::string text;
    for (const std::string& v : func_.vars) text += (text.empty() ? "" : ", ") + v;
    return fmt::format("{}[{}]", output_.in, text);
  }

  void reads(const FuncContents& reader, const Expr& value, bool may_read) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access || e->name != output_.in) return;
      bool same = may_read && e->boundary == Boundary::inside && e.args().size() == func_.vars.size();
      for (size_t d = 0; same && d < e.args().size(); ++d) same = e.arg(d) == make_var(func_.vars[d]);
      is_read_ = is_read_ || same;
      if (same) return;
      refuse(ErrorCode::bad_definition, fmt::format("{} reads {}, whose place the output {} takes", reader.name, output_.in, output_.func),
             print(e), fmt::format("{} in the definition of {} only", own(), output_.func), e->where.known() ? e->where : reader.where,
             fmt::format("read {}, which has the new values, or make the output another tensor", output_.func));
    });
  }

  const Operator& op_;
  const OutputDecl& output_;
  const FuncContents& func_;
  const SourceLocation where_;
  bool is_read_ = false;
};

}  // namespace

void check_in_place(const Operator& op) {
  for (const OutputDecl& output : op.outputs) {
    if (!output.in.empty()) InPlaceChecker(op, output).is_only_one();
  }
  for (const OutputDecl& output : op.outputs) {
    if (!output.in.empty()) InPlaceChecker(op, output).run();
  }
}

}  // namespace lathe
