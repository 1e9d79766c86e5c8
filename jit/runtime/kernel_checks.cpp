// The checks of a call, in the order in which a later one relies on an earlier: count; element type, rank, extents not
// negative; sizes bound from the extents that are a size itself; declared ranges; all extents; conditions; then memory
// (overflow, null data, strides of outputs, overlap).
#include "jit/runtime/kernel_checks.h"

#include <bit>
#include <cmath>
#include <limits>

#include "jit/runtime/kernel_errors.h"

namespace lathe {
namespace {

bool is_bare_size(const SizeFormula& formula) {
  return formula.steps.size() == 1 && formula.steps[0].code == SizeFormula::Code::size;
}

int64_t value_of(const SizeFormula& formula, const int64_t* sizes) {
  return is_bare_size(formula) ? sizes[formula.steps[0].value] : formula.evaluate(sizes);
}

void check_formulas(const KernelSignature& signature) {
  auto check = [&](const SizeFormula& formula) {
    if (!formula.is_valid(signature.sizes.size())) {
      internal_error("call", "ill-formed size formula '" + formula.text + "' of kernel " + signature.name);
    }
  };
  for (const ArgumentSpec& argument : signature.arguments) {
    for (const SizeFormula& extent : argument.extents) check(extent);
  }
  for (const CallCondition& condition : signature.conditions) check(condition.formula);
}

// Signed and unsigned range of an integer type of `bits` bits as doubles: [lowest, limit).
bool fits_integer(DType type, double value) {
  if (value != std::floor(value)) return false;  // also NaN
  int bits = bits_of(type);
  double limit = std::ldexp(1.0, is_signed(type) ? bits - 1 : bits);
  return value < limit && value >= (is_signed(type) ? -limit : 0.0);
}

}  // namespace

int64_t parameter_bits(const KernelSignature& signature, const RunParam& param, double value) {
  if (param.dtype == DType::f32) return std::bit_cast<uint32_t>(static_cast<float>(value));
  if (param.dtype == DType::f64) return std::bit_cast<int64_t>(value);
  bool fits = param.dtype == DType::boolean ? value == 0 || value == 1 : fits_integer(param.dtype, value);
  if (!fits) call_error::param_type(signature, param, value);
  if (param.dtype == DType::u64) return static_cast<int64_t>(static_cast<uint64_t>(value));
  return static_cast<int64_t>(value);
}

bool byte_range(const TensorView& view, ByteRange* range) {
  int64_t elements = 1, low = 0, high = 1;  // high: one past the last element
  bool fits = true;
  for (int64_t extent : view.shape) {
    if (extent == 0) {
      *range = {};
      return true;
    }
    fits &= !__builtin_mul_overflow(elements, extent, &elements);
  }
  for (size_t d = 0; d < view.shape.size(); ++d) {
    if (view.shape[d] == 1) continue;  // its stride is never used
    int64_t span;
    fits &= !__builtin_mul_overflow(view.shape[d], view.strides[d], &span);
    span -= fits ? view.strides[d] : 0;
    int64_t& side = view.strides[d] < 0 ? low : high;
    fits &= !__builtin_add_overflow(side, span, &side);
  }
  int64_t element_bytes = bytes_of(view.dtype), unused;
  fits = fits && !__builtin_mul_overflow(elements, element_bytes, &unused) &&
         !__builtin_mul_overflow(low, element_bytes, &low) && !__builtin_mul_overflow(high, element_bytes, &high);
  auto data = reinterpret_cast<uintptr_t>(view.data);
  if (!fits) return false;
  if (view.data == nullptr) {
    *range = {0, static_cast<uintptr_t>(high)};
    return true;
  }
  uintptr_t below = 0 - static_cast<uintptr_t>(low);
  *range = {data - below, data + static_cast<uintptr_t>(high)};
  return below <= data && static_cast<uintptr_t>(high) <= std::numeric_limits<uintptr_t>::max() - data;
}

StrideFault stride_fault(const TensorView& view, size_t* dimension) {
  size_t rank = view.shape.size(), count = 0;
  SmallArray<size_t, 8> order(rank);  // dimensions of several elements by stride, smallest first
  for (size_t d = rank; d-- > 0;) {
    if (view.shape[d] <= 1) continue;
    *dimension = d;
    if (view.strides[d] <= 0) return StrideFault::not_positive;
    size_t at = count++;
    for (; at > 0 && view.strides[order[at - 1]] > view.strides[d]; --at) order[at] = order[at - 1];
    order[at] = d;
  }
  int64_t span = 1;  // elements from the first to one past the last so far
  for (size_t i = 0; i < count; ++i) {
    size_t d = order[i];
    *dimension = d;
    if (view.strides[d] < span) return StrideFault::overlapping;
    span += (view.shape[d] - 1) * view.strides[d];
  }
  return StrideFault::none;
}

CallPlan::CallPlan(KernelSignature signature) : signature_(std::move(signature)) {
  check_formulas(signature_);
  sources_.assign(signature_.sizes.size(), {SIZE_MAX, 0});
  for (size_t a = 0; a < signature_.arguments.size(); ++a) {
    const std::vector<SizeFormula>& extents = signature_.arguments[a].extents;
    stride_count_ += extents.size();
    for (size_t d = 0; d < extents.size(); ++d) {
      if (!is_bare_size(extents[d])) continue;
      SizeSource& source = sources_[static_cast<size_t>(extents[d].steps[0].value)];
      if (source.argument == SIZE_MAX) source = {a, d};
    }
  }
  for (size_t s = 0; s < sources_.size(); ++s) {
    if (sources_[s].argument == SIZE_MAX) call_error::no_size_source(signature_, signature_.sizes[s].name);
  }
  for (const RunParam& param : signature_.params) {
    default_bits_.push_back(parameter_bits(signature_, param, param.default_value));
  }
  tune_values_ = std::make_unique<std::atomic<int64_t>[]>(signature_.tune_params.size());
  for (size_t t = 0; t < signature_.tune_params.size(); ++t) tune_values_[t] = signature_.tune_params[t].value;
}

PreparedCall CallPlan::empty_call() const {
  size_t scalars = sources_.size() + stride_count_ + default_bits_.size() + signature_.tune_params.size();
  return {SmallArray<void*, 16>(signature_.arguments.size()), SmallArray<int64_t, 96>(scalars)};
}

void CallPlan::check_argument(size_t index, const TensorView& view) const {
  const ArgumentSpec& spec = signature_.arguments[index];
  if (view.dtype != spec.dtype) call_error::dtype(signature_, index, view);
  if (view.shape.size() != spec.extents.size()) call_error::rank(signature_, index, view);
  if (view.strides.size() != view.shape.size()) call_error::stride_count(signature_, index, view);
  for (size_t d = 0; d < view.shape.size(); ++d) {
    if (view.shape[d] < 0) call_error::negative_extent(signature_, index, d, view.shape[d]);
  }
}

void CallPlan::bind_sizes(std::span<const TensorView* const> arguments, int64_t* sizes) const {
  for (size_t s = 0; s < sources_.size(); ++s) sizes[s] = arguments[sources_[s].argument]->shape[sources_[s].dimension];
}

void CallPlan::check_sizes(const int64_t* sizes) const {
  for (size_t s = 0; s < sources_.size(); ++s) {
    const SizeSpec& spec = signature_.sizes[s];
    bool good = sizes[s] >= spec.lowest && sizes[s] <= spec.highest;
    if (spec.multiple_of > 1) good = good && sizes[s] % spec.multiple_of == 0;
    if (!good) call_error::size_range(signature_, spec, sizes[s]);
  }
}

void CallPlan::check_extents(size_t index, const TensorView& view, const int64_t* sizes) const {
  const ArgumentSpec& spec = signature_.arguments[index];
  for (size_t d = 0; d < view.shape.size(); ++d) {
    int64_t need = value_of(spec.extents[d], sizes);
    if (view.shape[d] == need) continue;
    std::string source;
    if (is_bare_size(spec.extents[d])) {
      auto size = static_cast<size_t>(spec.extents[d].steps[0].value);
      source = signature_.sizes[size].name + " is dimension " + std::to_string(sources_[size].dimension) + " of '" +
               signature_.arguments[sources_[size].argument].name + "'";
    }
    call_error::extent(signature_, index, d, view.shape[d], need, source);
  }
}

void CallPlan::check_conditions(const int64_t* sizes) const {
  for (const CallCondition& condition : signature_.conditions) {
    if (condition.formula.evaluate(sizes) == 0) call_error::condition(signature_, condition, sizes);
  }
}

void CallPlan::apply_params(const std::map<std::string, double>& params, int64_t* bits) const {
  std::copy(default_bits_.begin(), default_bits_.end(), bits);
  for (const auto& [name, value] : params) {
    size_t p = 0;
    while (p < signature_.params.size() && signature_.params[p].name != name) ++p;
    if (p == signature_.params.size()) call_error::unknown_param(signature_, name);
    bits[p] = parameter_bits(signature_, signature_.params[p], value);
  }
}

void CallPlan::fill_scalars(std::span<const TensorView* const> arguments, int64_t* scalars) const {
  int64_t* next = scalars + sources_.size();
  for (const TensorView* view : arguments) next = std::copy(view->strides.begin(), view->strides.end(), next);
  next += default_bits_.size();
  for (size_t t = 0; t < signature_.tune_params.size(); ++t) {
    *next++ = tune_values_[t].load(std::memory_order_relaxed);
  }
}

void CallPlan::prepare(std::span<const TensorView* const> arguments, const std::map<std::string, double>& params,
                       PreparedCall& call) const {
  size_t count = signature_.arguments.size();
  if (arguments.size() != count) call_error::argument_count(signature_, arguments.size());
  for (size_t a = 0; a < count; ++a) check_argument(a, *arguments[a]);
  int64_t* scalars = call.scalars.data();
  bind_sizes(arguments, scalars);
  check_sizes(scalars);
  for (size_t a = 0; a < count; ++a) check_extents(a, *arguments[a], scalars);
  check_conditions(scalars);
  apply_params(params, scalars + sources_.size() + stride_count_);

  SmallArray<ByteRange, 16> ranges(count);
  for (size_t a = 0; a < count; ++a) {
    const TensorView& view = *arguments[a];
    if (!byte_range(view, &ranges[a])) call_error::overflow(signature_, a, view);
    if (!ranges[a].empty() && !view.data) call_error::null_data(signature_, a, view);
    size_t dimension = 0;
    if (signature_.arguments[a].is_output && !ranges[a].empty()) {
      StrideFault fault = stride_fault(view, &dimension);
      if (fault == StrideFault::not_positive) call_error::stride_not_positive(signature_, a, dimension, view);
      if (fault == StrideFault::overlapping) call_error::stride_overlaps(signature_, a, dimension, view);
    }
    call.buffers[a] = view.data;
  }
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = 0; b < a; ++b) {
      bool written = signature_.arguments[a].is_output || signature_.arguments[b].is_output;
      if (!written || !ranges[a].meets(ranges[b])) continue;
      bool later_is_output = signature_.arguments[a].is_output;
      call_error::overlap(signature_, later_is_output ? a : b, later_is_output ? b : a);
    }
  }
  fill_scalars(arguments, scalars);
}

std::vector<const TensorView*> CallPlan::in_order(const std::map<std::string, TensorView>& arguments) const {
  std::vector<const TensorView*> list;
  for (const ArgumentSpec& spec : signature_.arguments) {
    auto found = arguments.find(spec.name);
    list.push_back(found == arguments.end() ? nullptr : &found->second);
  }
  for (const auto& entry : arguments) {
    bool known = false;
    for (const ArgumentSpec& spec : signature_.arguments) known |= spec.name == entry.first;
    if (!known) call_error::unknown_argument(signature_, entry.first);
  }
  for (size_t a = 0; a < list.size(); ++a) {
    if (!list[a]) call_error::missing_argument(signature_, signature_.arguments[a].name);
  }
  return list;
}

void CallPlan::set_tune_param(const std::string& name, int64_t value) {
  for (size_t t = 0; t < signature_.tune_params.size(); ++t) {
    const TuneParam& param = signature_.tune_params[t];
    if (param.name != name) continue;
    if (value < param.lowest || value > param.highest) call_error::tune_param_range(signature_, param, value);
    tune_values_[t] = value;
    return;
  }
  call_error::unknown_tune_param(signature_, name);
}

}  // namespace lathe
