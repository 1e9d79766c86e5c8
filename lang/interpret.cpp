// The interpreter proper: the machine with plain cells in its registers, run over every point of every output.
#include "lang/interpret.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lang/machine.h"
#include "lang/text.h"

namespace lathe {

namespace {

void refuse_overflow(const Expr& extent, const std::vector<Scalar>& args) {
  if (args.size() != 2 || args[0].dtype != DType::i64) return;
  const int64_t a = args[0].integer, b = args[1].integer;
  int64_t result = 0;
  const bool leaves = extent.is_op(Op::add)   ? __builtin_add_overflow(a, b, &result)
                      : extent.is_op(Op::sub) ? __builtin_sub_overflow(a, b, &result)
                                              : extent.is_op(Op::mul) && __builtin_mul_overflow(a, b, &result);
  if (!leaves) return;
  throw Error(ErrorCode::wrong_shape, {.step = "interpret",
                                       .what = fmt::format("the extent {} leaves 64 bits at these sizes", print(extent)),
                                       .got = fmt::format("{} {} {}", a, extent.is_op(Op::add) ? "+" : extent.is_op(Op::sub) ? "-" : "*", b),
                                       .need = "less than 2^63",
                                       .where = extent->where});
}

}  // namespace

int64_t evaluate_extent(const Expr& extent, const std::map<std::string, int64_t>& sizes) {
  switch (extent.kind()) {
    case ExprKind::constant: return extent->integer_value;
    case ExprKind::var: {
      const auto size = sizes.find(extent->name);
      if (size != sizes.end()) return size->second;
      std::vector<std::string> names;
      for (const auto& [name, value] : sizes) names.push_back(name);
      const std::string nearest = nearest_name(extent->name, names);
      const std::string hint = nearest.empty() ? nearest : "did you mean " + nearest + "?";
      throw Error(ErrorCode::unknown_name, {.step = "interpret",
                                            .what = "an extent uses a name without a value",
                                            .got = extent->name,
                                            .need = fmt::format("one of: {}", fmt::join(names, ", ")),
                                            .where = extent->where,
                                            .hint = hint});
    }
    case ExprKind::op: {
      std::vector<Scalar> args;
      for (const Expr& arg : extent.args()) {
        args.push_back({arg.type().dtype, evaluate_extent(arg, sizes), 0});
      }
      refuse_overflow(extent, args);
      return evaluate(extent->op, args).integer;
    }
    case ExprKind::cast: {
      const Expr& arg = extent.arg(0);
      return convert(extent.type().dtype, {arg.type().dtype, evaluate_extent(arg, sizes), 0}).integer;
    }
    default: internal_error("interpret", "an extent that reads a tensor");
  }
}

const TensorView& bound_tensor(const Bindings& bindings, const std::string& name, DType dtype,
                               const std::vector<int64_t>& shape) {
  const auto at = bindings.tensors.find(name);
  if (at == bindings.tensors.end()) {
    throw Error(ErrorCode::wrong_argument_count, {.step = "interpret",
                                                  .what = "the tensor " + name + " is missing",
                                                  .got = "no binding",
                                                  .need = "one for every input and output"});
  }
  const TensorView& view = at->second;
  if (view.dtype != dtype) {
    throw Error(ErrorCode::wrong_dtype, {.step = "interpret",
                                         .what = name + " has the wrong element type",
                                         .got = std::string(name_of(view.dtype)),
                                         .need = std::string(name_of(dtype))});
  }
  if (view.shape != shape || view.strides.size() != shape.size()) {
    throw Error(ErrorCode::wrong_shape, {.step = "interpret",
                                         .what = name + " has the wrong shape",
                                         .got = fmt::format("[{}]", fmt::join(view.shape, ", ")),
                                         .need = fmt::format("[{}]", fmt::join(shape, ", "))});
  }
  return view;
}

void fail_read_outside(const Operator& op, const FuncContents& reader, const Read& read, const int64_t* indices,
                       const std::vector<int64_t>& extents) {
  const std::string& tensor = op.inputs[read.tensor].name;
  const std::string got = fmt::format("{}", fmt::join(indices, indices + read.indices.size(), ", "));
  throw Error(ErrorCode::read_outside,
              {.step = "interpret",
               .what = fmt::format("{} reads {} outside", reader.name, tensor),
               .got = fmt::format("{}[{}]", tensor, got),
               .need = fmt::format("indices from 0 and below the extents [{}]", fmt::join(extents, ", ")),
               .where = read.where.known() ? read.where : reader.where,
               .hint = "give the read a boundary rule, or guard it with a select"});
}

int64_t index_by_boundary(Boundary boundary, int64_t index, int64_t extent) {
  if (extent <= 0) return -1;
  switch (boundary) {
    case Boundary::edge: return std::clamp<int64_t>(index, 0, extent - 1);
    case Boundary::wrap: return index % extent < 0 ? index % extent + extent : index % extent;
    case Boundary::mirror: {
      if (extent == 1) return 0;
      const int64_t period = 2 * (extent - 1);
      const int64_t phase = index % period < 0 ? index % period + period : index % period;
      return phase < extent ? phase : period - phase;
    }
    default: return -1;
  }
}

namespace {

struct ExactDomain {
  using Value = Cell;
  Cell of_cell(Cell cell) const { return cell; }
  Cell of_index(int64_t index) const { return Cell{.i = index}; }
  int64_t index(Cell value) const { return value.i; }
  bool truth(Cell value) const { return value.i != 0; }
  Cell apply(const Step& step, Cell a, Cell b, Cell c) const { return step.function(a, b, c); }
  Cell cast(const Step& step, Cell a) const { return step.function(a, a, a); }
  Cell after(Cell value, Cell) const { return value; }
  Cell accumulate(DType, Plain, Cell, Cell, Cell combined) const { return combined; }
  Cell finish(DType, Plain, Cell value, int64_t) const { return value; }
};

struct OutputTensor {
  TensorView view;
  CellStore store;
};

void write_points(Machine<ExactDomain>& machine, size_t func, const std::vector<OutputTensor>& outputs, bool keep) {
  const std::vector<int64_t>& extents = machine.output_extents(func);
  std::vector<int64_t> point(extents.size(), 0);
  for (int64_t extent : extents) {
    if (extent <= 0) return;
  }
  for (bool more = true; more;) {
    const Cell* values = machine.at(func, point.data(), keep);
    for (size_t i = 0; i < outputs.size(); ++i) {
      int64_t offset = 0;
      for (size_t d = 0; d < point.size(); ++d) offset += point[d] * outputs[i].view.strides[d];
      outputs[i].store(outputs[i].view.data, offset, values[i]);
    }
    more = false;
    for (size_t d = point.size(); d-- > 0 && !more;) {
      point[d] = point[d] + 1 < extents[d] ? point[d] + 1 : 0;
      more = point[d] != 0;
    }
  }
}

bool is_read(const Operator& op, const std::string& func) {
  bool found = false;
  const auto look = [&](const Expr& e) {
    visit(e, [&](const Expr& node) { found = found || (node.kind() == ExprKind::access && node->name == func); });
  };
  for (const FuncContents& reader : op.funcs) {
    for_each_value(reader, look);
  }
  return found;
}

}  // namespace

void interpret(const Operator& op, const Bindings& given) {
  Bindings bindings = given;
  std::vector<Tensor> before;                               // inputs that are written
  for (const OutputDecl& output : op.outputs) {
    if (output.in.empty() || bindings.tensors.count(output.func) || !bindings.tensors.count(output.in)) continue;
    const TensorView view = bindings.tensors.at(output.in);
    bindings.tensors[output.func] = view;
    bindings.tensors[output.in] = before.emplace_back(copy_of(view)).view();
  }
  Machine<ExactDomain> machine(op, bindings, needed_regions(op, constants_of(op, bindings)).boxes);
  std::vector<std::vector<OutputTensor>> tensors(op.funcs.size());
  for (size_t f = 0; f < op.funcs.size(); ++f) {
    const FuncContents& func = op.funcs[f];
    for (int c = 0; c < func.components() && op.find_output(func.name); ++c) {
      const std::string name = component_name(func, c);
      const auto& view = bound_tensor(bindings, name, func.dtype(c), machine.output_extents(f));
      tensors[f].push_back({view, cell_store(func.dtype(c))});
    }
  }
  for (size_t f = 0; f < op.funcs.size(); ++f) {
    if (!tensors[f].empty()) write_points(machine, f, tensors[f], is_read(op, op.funcs[f].name));
  }
}

}  // namespace lathe
