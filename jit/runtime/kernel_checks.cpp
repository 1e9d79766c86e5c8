// The full check of a call, in the order in which a later part relies on an earlier: count; element type, rank, extents
// not negative; sizes bound from the extents that are a size itself; declared ranges; all extents; conditions; then
// memory (overflow, null data, strides of outputs, overlap). The quick check (quick_check.cpp) goes before it.
#include "jit/runtime/kernel_checks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "jit/runtime/kernel_errors.h"

namespace lathe {
namespace {

bool is_bare_size(const SizeFormula& formula) {
  return formula.steps.size() == 1 && formula.steps[0].code == SizeFormula::Code::size;
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
  if (is_packed(view.dtype)) low = low / 2 - (low % 2 != 0), high = bytes_in_row(view.dtype, high);
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

CallPlan::CallPlan(KernelSignature signature)
    : signature_(std::make_shared<const KernelSignature>(std::move(signature))) {
  check_formulas(*signature_);
  make_rules();
  for (const RunParam& param : signature_->params) {
    default_bits_.push_back(parameter_bits(*signature_, param, param.default_value));
  }
  tune_values_ = std::make_unique<std::atomic<int64_t>[]>(signature_->tune_params.size());
  for (size_t t = 0; t < signature_->tune_params.size(); ++t) tune_values_[t] = signature_->tune_params[t].value;
  size_count_ = size_rules_.size();
  argument_count_ = argument_rules_.size();
  dimension_count_ = extent_rules_.size();
  scalar_count_ =
      size_count_ + dimension_count_ + argument_count_ + default_bits_.size() + signature_->tune_params.size();
}

void CallPlan::make_rules() {
  for (const SizeSpec& size : signature_->sizes) {
    size_rules_.push_back({SIZE_MAX, 0, size.lowest, size.highest, std::max<int64_t>(1, size.multiple_of)});
  }
  for (size_t a = 0; a < signature_->arguments.size(); ++a) {
    const ArgumentSpec& spec = signature_->arguments[a];
    if (spec.is_output) outputs_.push_back(a);
    argument_rules_.push_back({spec.dtype, spec.is_output, is_packed(spec.dtype), false, spec.extents.size(),
                               extent_rules_.size(), bytes_of(spec.dtype)});
    for (size_t d = 0; d < spec.extents.size(); ++d) {
      if (!is_bare_size(spec.extents[d])) {
        argument_rules_[a].has_formula = true;
        extent_rules_.push_back({size_rules_.size() + extent_rules_.size(), &spec.extents[d]});
        continue;
      }
      const auto size = static_cast<size_t>(spec.extents[d].steps[0].value);
      extent_rules_.push_back({size, nullptr});
      SizeRule& rule = size_rules_[size];
      if (rule.argument == SIZE_MAX) rule.argument = a, rule.dimension = d;
    }
  }
  for (size_t s = 0; s < size_rules_.size(); ++s) {
    const SizeRule& rule = size_rules_[s];
    if (rule.argument == SIZE_MAX) call_error::no_size_source(*signature_, signature_->sizes[s].name);
    if (rule.lowest > 1 || rule.highest < int64_t{1} << extent_bits || rule.multiple_of > 1) limited_sizes_.push_back(s);
  }
}

void CallPlan::check_argument(size_t index, const TensorView& view) const {
  const ArgumentSpec& spec = signature_->arguments[index];
  if (view.dtype != spec.dtype) call_error::dtype(*signature_, index, view);
  if (view.shape.size() != spec.extents.size()) call_error::rank(*signature_, index, view);
  if (view.strides.size() != view.shape.size()) call_error::stride_count(*signature_, index, view);
  if (view.is_read_only && spec.is_output) call_error::read_only(*signature_, index);
  for (size_t d = 0; d < view.shape.size(); ++d) {
    if (view.shape[d] < 0) call_error::negative_extent(*signature_, index, d, view.shape[d]);
  }
}

void CallPlan::check_sizes(const int64_t* sizes) const {
  for (size_t s = 0; s < size_rules_.size(); ++s) {
    if (!size_rules_[s].allows(sizes[s])) call_error::size_range(*signature_, signature_->sizes[s], sizes[s]);
  }
}

void CallPlan::check_extents(size_t index, const TensorView& view, const int64_t* sizes) const {
  const ArgumentSpec& spec = signature_->arguments[index];
  for (size_t d = 0; d < view.shape.size(); ++d) {
    int64_t need = spec.extents[d].evaluate(sizes);
    if (view.shape[d] == need) continue;
    std::string source;
    if (is_bare_size(spec.extents[d])) {
      auto size = static_cast<size_t>(spec.extents[d].steps[0].value);
      const SizeRule& rule = size_rules_[size];
      source = signature_->sizes[size].name + " is dimension " + std::to_string(rule.dimension) + " of '" +
               signature_->arguments[rule.argument].name + "'";
    }
    call_error::extent(*signature_, index, d, view.shape[d], need, source);
  }
}

void CallPlan::check_memory(size_t index, const TensorView& view, ByteRange* range) const {
  if (!byte_range(view, range)) call_error::overflow(*signature_, index, view);
  if (range->empty()) return;
  if (!view.data) call_error::null_data(*signature_, index, view);
  if (argument_rules_[index].is_packed) check_packing(index, view);
  if (!signature_->arguments[index].is_output) return;
  size_t dimension = 0;
  StrideFault fault = stride_fault(view, &dimension);
  if (fault == StrideFault::not_positive) call_error::stride_not_positive(*signature_, index, dimension, view);
  if (fault == StrideFault::overlapping) call_error::stride_overlaps(*signature_, index, dimension, view);
}

void CallPlan::check_packing(size_t index, const TensorView& view) const {
  for (size_t d = 0; d < view.shape.size(); ++d) {
    const bool is_last = d + 1 == view.shape.size();
    if (view.shape[d] <= 1 || (is_last ? view.strides[d] == 1 : view.strides[d] % 2 == 0)) continue;
    call_error::packed_stride(*signature_, index, d, view);
  }
}

void CallPlan::full_check(Views arguments, int64_t* scalars, ByteRange* ranges) const {
  for (size_t a = 0; a < arguments.size(); ++a) check_argument(a, *arguments[a]);
  bind_sizes(arguments.data(), scalars);
  check_sizes(scalars);
  for (size_t a = 0; a < arguments.size(); ++a) check_extents(a, *arguments[a], scalars);
  for (const CallCondition& condition : signature_->conditions) {
    if (condition.formula.evaluate(scalars) == 0) call_error::condition(*signature_, condition, scalars);
  }
  for (size_t a = 0; a < arguments.size(); ++a) check_memory(a, *arguments[a], &ranges[a]);
  int64_t* next = scalars + size_rules_.size();
  for (const TensorView* view : arguments) next = std::copy(view->strides.begin(), view->strides.end(), next);
  check_overlap(ranges);
}

void CallPlan::check_overlap(const ByteRange* ranges) const {
  for (size_t a = 0; a < argument_rules_.size(); ++a) {
    if (!argument_rules_[a].is_output) continue;
    for (size_t b = 0; b < argument_rules_.size(); ++b) {
      if (a != b && ranges[a].meets(ranges[b])) call_error::overlap(*signature_, std::max(a, b), std::min(a, b));
    }
  }
}

void CallPlan::apply_params(const std::map<std::string, double>* params, int64_t* bits) const {
  std::copy(default_bits_.begin(), default_bits_.end(), bits);
  if (!params) return;
  for (const auto& [name, value] : *params) {
    size_t p = 0;
    while (p < signature_->params.size() && signature_->params[p].name != name) ++p;
    if (p == signature_->params.size()) call_error::unknown_param(*signature_, name);
    bits[p] = parameter_bits(*signature_, signature_->params[p], value);
  }
}

void CallPlan::prepare(Views arguments, const std::map<std::string, double>* params, PreparedCall& call) const {
  const size_t count = argument_count_;
  if (arguments.size() != count) call_error::argument_count(*signature_, arguments.size());
  const TensorView* const* views = arguments.data();
  int64_t* scalars = call.scalars.data();
  SmallArray<ByteRange, 16> ranges(count);
  if (!quick_check(views, scalars, ranges.data())) full_check(arguments, scalars, ranges.data());
  void** buffers = call.buffers.data();
  int64_t* next = scalars + size_count_ + dimension_count_;
  for (size_t a = 0; a < count; ++a) {
    void* data = buffers[a] = views[a]->data;
    *next++ = static_cast<int64_t>(reinterpret_cast<uintptr_t>(data) % 64);
  }
  if (next == scalars + scalar_count_ && !params) return;
  if (!default_bits_.empty() || (params && !params->empty())) apply_params(params, next);
  next += default_bits_.size();
  for (size_t t = 0; t < signature_->tune_params.size(); ++t) *next++ = tune_values_[t].load(std::memory_order_relaxed);
}

std::vector<const TensorView*> CallPlan::in_order(const std::map<std::string, TensorView>& arguments) const {
  std::vector<const TensorView*> list;
  for (const ArgumentSpec& spec : signature_->arguments) {
    auto found = arguments.find(spec.name);
    list.push_back(found == arguments.end() ? nullptr : &found->second);
  }
  for (const auto& entry : arguments) {
    bool known = false;
    for (const ArgumentSpec& spec : signature_->arguments) known |= spec.name == entry.first;
    if (!known) call_error::unknown_argument(*signature_, entry.first);
  }
  for (size_t a = 0; a < list.size(); ++a) {
    if (!list[a]) call_error::missing_argument(*signature_, signature_->arguments[a].name);
  }
  return list;
}

std::vector<int64_t> CallPlan::scalars_at(const std::map<std::string, int64_t>& sizes) const {
  PreparedCall call = empty_call();
  std::vector<int64_t> scalars(call.scalars.size());
  for (const auto& [name, value] : sizes) {
    bool known = false;
    for (const SizeSpec& size : signature_->sizes) known |= size.name == name;
    if (!known) call_error::unknown_size(*signature_, name);
  }
  for (size_t s = 0; s < signature_->sizes.size(); ++s) {
    auto given = sizes.find(signature_->sizes[s].name);
    if (given == sizes.end()) call_error::missing_size(*signature_, signature_->sizes[s].name);
    if (!size_rules_[s].allows(given->second)) call_error::size_range(*signature_, signature_->sizes[s], given->second);
    scalars[s] = given->second;
  }
  const size_t first_tuned = scalars.size() - signature_->tune_params.size();
  std::copy(default_bits_.begin(), default_bits_.end(),
            scalars.begin() + static_cast<std::ptrdiff_t>(first_tuned - default_bits_.size()));
  for (size_t t = first_tuned; t < scalars.size(); ++t) scalars[t] = tune_values_[t - first_tuned];
  return scalars;
}

void CallPlan::set_tune_param(const std::string& name, int64_t value) {
  for (size_t t = 0; t < signature_->tune_params.size(); ++t) {
    const TuneParam& param = signature_->tune_params[t];
    if (param.name != name) continue;
    if (value < param.lowest || value > param.highest) call_error::tune_param_range(*signature_, param, value);
    tune_values_[t] = value;
    return;
  }
  call_error::unknown_tune_param(*signature_, name);
}

}  // namespace lathe
