// The check that an ordinary call passes: flat loops that allocate nothing and hardly branch. It answers yes for views
// that pass the full check, have elements, and (outputs) have larger strides outside. Its no decides nothing.
#include "jit/runtime/kernel_checks.h"

namespace lathe {

namespace {

uint64_t unsigned_of(int64_t value) { return static_cast<uint64_t>(value); }

}  // namespace

void CallPlan::evaluate_extents(const ArgumentRule& rule, int64_t* scalars) const {
  for (size_t d = rule.first_dimension; d < rule.first_dimension + rule.rank; ++d) {
    if (extent_rules_[d].formula) scalars[extent_rules_[d].scalar] = extent_rules_[d].formula->evaluate(scalars);
  }
}

// A tensor without gaps, which most are: where the element count is known nothing else needs to be. Rows of packed
// elements have gaps. `rank` is a constant where this is called with one, and the loop then none.
[[gnu::always_inline]] inline bool CallPlan::quick_check_dense(const ArgumentRule& rule, size_t rank, const TensorView& view,
                                                               int64_t* scalars, ByteRange* range) const {
  const int64_t *shape = view.shape.data(), *strides = view.strides.data();
  const ExtentRule* extents = extent_rules_.data() + rule.first_dimension;
  int64_t* stride_scalars = scalars + size_count_ + rule.first_dimension;
  uint64_t elements = 1, differences = rule.is_packed, wide = 0, many = 0;
#pragma GCC unroll 4
  for (size_t d = rank; d-- > 0;) {
    const uint64_t extent = unsigned_of(shape[d]);
    differences |= (extent ^ unsigned_of(scalars[extents[d].scalar])) | (unsigned_of(strides[d]) ^ elements);
    wide |= extent - 1;
    many |= elements;
    stride_scalars[d] = static_cast<int64_t>(elements);
    elements *= extent;
  }
  const auto data = reinterpret_cast<uintptr_t>(view.data);
  *range = {data, data + elements * unsigned_of(rule.element_bytes)};
  return (differences | wide >> extent_bits | many >> count_bits) == 0 && data != 0 && range->end > data;
}

[[gnu::always_inline]] inline bool CallPlan::quick_check_dense(const ArgumentRule& rule, const TensorView& view,
                                                               int64_t* scalars, ByteRange* range) const {
  switch (rule.rank) {
    case 1: return quick_check_dense(rule, 1, view, scalars, range);
    case 2: return quick_check_dense(rule, 2, view, scalars, range);
    case 3: return quick_check_dense(rule, 3, view, scalars, range);
    case 4: return quick_check_dense(rule, 4, view, scalars, range);
    default: return quick_check_dense(rule, rule.rank, view, scalars, range);
  }
}

[[gnu::noinline]] bool CallPlan::quick_check_strided(const ArgumentRule& rule, const TensorView& view, int64_t* scalars,
                                                     ByteRange* range) const {
  // With extents and strides below 2^26 no sum of products overflows; the element count might, in many dimensions of
  // stride 0.
  constexpr int most_bits = 60;  // of a count of elements of 8 bytes
  constexpr size_t most_dimensions = 16;
  if (view.data == nullptr || rule.rank > most_dimensions) return false;
  bool bad = false;
  uint64_t elements = 1, low = 0, high = 1, wide = 0;
  const ExtentRule* extents = extent_rules_.data() + rule.first_dimension;
  int64_t* stride_scalars = scalars + size_count_ + rule.first_dimension;
  for (size_t d = rule.rank; d-- > 0;) {
    const int64_t extent = view.shape[d], stride = view.strides[d], sign = stride >> 63;
    const uint64_t step = unsigned_of(extent - 1) * unsigned_of(stride);
    wide |= unsigned_of((extent - 1) | (stride ^ sign));
    bad |= extent != scalars[extents[d].scalar];
    bad |= rule.is_output & (extent > 1) & (stride < static_cast<int64_t>(high));  // not over all that is inside
    bad |= rule.is_packed & (extent > 1) & (d + 1 == rule.rank ? stride != 1 : stride % 2 != 0);
    bad |= __builtin_mul_overflow(elements, unsigned_of(extent), &elements);
    low += step & unsigned_of(sign);
    high += step & ~unsigned_of(sign);
    stride_scalars[d] = stride;
  }
  if (rule.is_packed) low = unsigned_of(static_cast<int64_t>(low) / 2), high = high / 2 + high % 2;
  const auto data = reinterpret_cast<uintptr_t>(view.data), bytes = static_cast<uintptr_t>(rule.element_bytes);
  *range = {data + low * bytes, data + high * bytes};
  return !bad && wide >> extent_bits == 0 && elements >> most_bits == 0 && range->begin <= data && range->end > data;
}

// Of ranges that are not empty: each meets itself.
[[gnu::always_inline]] inline bool CallPlan::quick_check_overlap(const ByteRange* ranges) const {
  const size_t count = argument_count_;
  size_t meetings = 0;
  for (size_t output : outputs_) {
    const ByteRange written = ranges[output];
    for (size_t a = 0; a < count; ++a) meetings += (written.begin < ranges[a].end) & (ranges[a].begin < written.end);
  }
  return meetings == outputs_.size();
}

[[gnu::always_inline]] inline bool CallPlan::quick_check_types(const TensorView* const* arguments) const {
  bool differs = false;
  const TensorView* const* next = arguments;
  for (const ArgumentRule& rule : argument_rules_) {
    const TensorView& view = **next++;
    differs |= (view.dtype != rule.dtype) | (view.shape.size() != rule.rank) | (view.strides.size() != rule.rank) |
               (view.is_read_only & rule.is_output);
  }
  return !differs;
}

bool CallPlan::quick_check(const TensorView* const* arguments, int64_t* scalars, ByteRange* ranges) const {
  if (!quick_check_types(arguments)) return false;
  bind_sizes(arguments, scalars);
  for (size_t size : limited_sizes_) {
    if (!size_rules_[size].allows(scalars[size])) return false;
  }
  const ArgumentRule* rules = argument_rules_.data();
  for (size_t a = 0, count = argument_count_; a < count; ++a) {
    if (rules[a].has_formula) [[unlikely]] evaluate_extents(rules[a], scalars);
    if (quick_check_dense(rules[a], *arguments[a], scalars, &ranges[a])) [[likely]] continue;
    if (rules[a].has_formula) evaluate_extents(rules[a], scalars);  // strides took their place
    if (!quick_check_strided(rules[a], *arguments[a], scalars, &ranges[a])) return false;
  }
  for (const CallCondition& condition : signature_->conditions) {
    if (condition.formula.evaluate(scalars) == 0) return false;
  }
  return quick_check_overlap(ranges);
}

}  // namespace lathe
