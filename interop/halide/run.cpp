// Schedules of translated pipelines, and calls of them.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "interop/halide/reads.h"
#include "interop/halide/to_halide.h"

namespace lathe {
namespace {

// How often a Func is read in the formulas of the operator, and whether data says where.
struct Readers {
  int count = 0;
  bool at_data = false;
};

Readers readers_of(const Operator& op, const std::string& func) {
  Readers readers;
  for_each_read(op, func, [&](const FuncContents&, const Expr& read) {
    ++readers.count;
    for (const Expr& index : read.args()) readers.at_data = readers.at_data || holds_data(index);
  });
  return readers;
}

halide_scalar_value_t scalar_value(DType type, double value) {
  const Scalar converted = convert(type, {DType::f64, 0, value});
  halide_scalar_value_t v;
  v.u.u64 = 0;
  if (type == DType::f32)
    v.u.f32 = static_cast<float>(converted.floating);
  else if (is_float(type))
    v.u.f64 = converted.floating;
  else
    v.u.i64 = converted.integer;  // little endian: the low bytes are the number
  return v;
}

const char* plugin_of(const std::string& autoscheduler) {
  static const std::map<std::string, const char*> plugins = {
      {"Adams2019", "adams2019"}, {"Li2018", "li2018"}, {"Mullapudi2016", "mullapudi2016"}};
  const auto found = plugins.find(autoscheduler);
  if (found != plugins.end()) return found->second;
  throw Error(ErrorCode::unknown_name, {.step = "halide",
                                        .what = "no autoscheduler has this name",
                                        .got = autoscheduler,
                                        .need = "Adams2019, Li2018 or Mullapudi2016"});
}

std::vector<halide_dimension_t> reversed_dims(const std::vector<int64_t>& shape) {
  const std::vector<int64_t> strides = dense_strides(DType::u8, shape);
  std::vector<halide_dimension_t> dims;
  for (size_t d = shape.size(); d-- > 0;) {
    dims.emplace_back(0, static_cast<int32_t>(shape[d]), static_cast<int32_t>(strides[d]));
  }
  return dims;
}

Halide::Buffer<> wrapped(const Halide::Type& type, void* data, const std::vector<int64_t>& shape) {
  const std::vector<halide_dimension_t> dims = reversed_dims(shape);
  return Halide::Buffer<>(type, data, static_cast<int>(dims.size()), dims.data());
}

void copy_elements(const TensorView& from, const TensorView& to) {
  const int64_t bytes = bytes_of(from.dtype);
  std::vector<int64_t> at(from.shape.size(), 0);
  for (int64_t n = from.elements(); n > 0; --n) {
    int64_t source = 0, target = 0;
    for (size_t d = 0; d < at.size(); ++d) source += at[d] * from.strides[d], target += at[d] * to.strides[d];
    std::memcpy(static_cast<char*>(to.data) + target * bytes, static_cast<const char*>(from.data) + source * bytes,
                static_cast<size_t>(bytes));
    for (size_t d = at.size(); d-- > 0;) {
      if (++at[d] < from.shape[d]) break;
      at[d] = 0;
    }
  }
}

}  // namespace

void schedule_plainly(HalidePipeline& p) {
  for (const FuncContents& f : p.op.funcs) {
    const Readers readers = readers_of(p.op, f.name);
    const bool pure = !f.is_reduction() && f.updates.empty();
    if (!pure || (readers.count > 1 && !readers.at_data)) p.funcs.at(f.name).compute_root();
  }
}

void apply_autoscheduler(HalidePipeline& p, const std::string& name, const std::map<std::string, int64_t>& sizes,
                         int threads) {
  Halide::load_plugin(fmt::format(HALIDE_LIBRARIES "/libautoschedule_{}.so", plugin_of(name)));
  for (auto& [size, param] : p.sizes) param.set_estimate(static_cast<int32_t>(sizes.at(size)));
  for (const ParamDecl& param : p.op.params) {
    Halide::Parameter& known = p.params.at(param.name);
    known.set_estimate(Halide::Internal::make_const(known.type(), param.default_value));
  }
  const auto region = [&](const std::vector<Expr>& extents, DType packed) {
    Halide::Region all;
    for (size_t d = extents.size(); d-- > 0;) {
      const int64_t extent = evaluate_extent(extents[d], sizes);
      all.emplace_back(0,
                       static_cast<int32_t>(is_packed(packed) && d + 1 == extents.size() ? (extent + 1) / 2 : extent));
    }
    return all;
  };
  for (const InputDecl& input : p.op.inputs) p.inputs.at(input.name).set_estimates(region(input.extents, input.dtype));
  size_t next = 0;
  for (const OutputDecl& output : p.op.outputs) {
    const int components = p.op.find_func(output.func)->components();
    for (int c = 0; c < components; ++c) p.outputs[next++].set_estimates(region(output.extents, DType::u8));
  }
  // Adams2019 unrolls loops by their estimated extents, which others need not have. With this such a loop stays one.
  setenv("HL_PERMIT_FAILED_UNROLL", "1", 0);
  p.pipeline.apply_autoscheduler(p.target, {name, {{"parallelism", std::to_string(threads)}}});
}

double compile(HalidePipeline& p) {
  const auto begin = std::chrono::steady_clock::now();
  p.pipeline.compile_jit(p.target);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

HalideCall::HalideCall(HalidePipeline& p, const Bindings& bindings) : pipeline_(p) {
  for (auto& [name, param] : p.sizes) param.set(static_cast<int32_t>(bindings.sizes.at(name)));
  for (const ParamDecl& param : p.op.params) {
    const auto given = bindings.params.find(param.name);
    const double value = given == bindings.params.end() ? param.default_value : given->second;
    p.params.at(param.name).set_scalar(halide_type(param.dtype), scalar_value(param.dtype, value));
  }
  copies_.reserve(bindings.tensors.size() + p.op.outputs.size());
  for (const InputDecl& declared : p.op.inputs)
    p.inputs.at(declared.name).set(input(declared, bindings.tensors.at(declared.name)));
  for (const OutputDecl& declared : p.op.outputs) {
    const FuncContents& f = *p.op.find_func(declared.func);
    for (int c = 0; c < f.components(); ++c)
      outputs_.push_back(output(bindings.tensors.at(written_argument(p.op, f, c))));
  }
}

// An image has an element in each dimension: a read of an empty tensor, whose value is not used, has a place.
Halide::Buffer<> HalideCall::input(const InputDecl& declared, const TensorView& view) {
  std::vector<int64_t> shape = view.shape;
  if (is_packed(view.dtype) && !shape.empty()) shape.back() = (shape.back() + 1) / 2;
  for (int64_t& extent : shape) extent = std::max<int64_t>(extent, 1);
  const DType stored = is_packed(view.dtype) ? DType::u8 : view.dtype;
  const bool written = pipeline_.op.output_in(declared.name) != nullptr;
  if (view.is_dense() && !written && view.elements() > 0) return wrapped(halide_type(stored), view.data, shape);
  const Tensor& copy = copies_.emplace_back(stored, shape);
  TensorView from = view, to = copy.view();
  if (is_packed(view.dtype)) {  // rows of whole bytes
    if (!from.shape.empty()) from.shape.back() = (from.shape.back() + 1) / 2;
    for (size_t d = 0; d + 1 < from.strides.size(); ++d) from.strides[d] /= 2;
    from.dtype = stored;
  }
  if (view.elements() > 0) copy_elements(from, to);
  return wrapped(halide_type(stored), to.data, shape);
}

Halide::Buffer<> HalideCall::output(const TensorView& view) {
  if (view.is_dense()) return wrapped(halide_type(view.dtype), view.data, view.shape);
  const Tensor& copy = copies_.emplace_back(view.dtype, view.shape);
  to_write_back_.emplace_back(copy.view(), view);
  return wrapped(halide_type(view.dtype), copy.view().data, view.shape);
}

void HalideCall::run() {
  // Halide gives a place to what an empty output would read, and finds it outside of an input that is empty too.
  const bool empty = std::all_of(outputs_.begin(), outputs_.end(), [](const auto& b) { return b.number_of_elements() == 0; });
  if (empty) return;
  pipeline_.pipeline.realize(Halide::Realization(outputs_), pipeline_.target);
  for (const auto& [from, to] : to_write_back_) copy_elements(from, to);
}

}  // namespace lathe
