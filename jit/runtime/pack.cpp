#include "jit/runtime/pack.h"

#include <cstring>

#include "jit/runtime/kernel_errors.h"

namespace lathe {
namespace {

int64_t extent_of(const ArgumentDigit& digit, const std::vector<int64_t>& shape) {
  const int64_t extent = shape[digit.dimension];
  return digit.modulus > 0 ? digit.modulus : (extent + digit.divisor - 1) / digit.divisor;
}

std::vector<int64_t> packed_shape(const ArgumentSpec& argument, const std::vector<int64_t>& shape) {
  std::vector<int64_t> digits;
  for (const ArgumentDigit& digit : argument.digits) digits.push_back(extent_of(digit, shape));
  return digits;
}

// Calls with each place of the packed tensor, in order, and the element that lives there: offsets in elements, and whether
// there is such an element.
template <class Action>
void for_each_place(const ArgumentSpec& argument, const TensorView& plain, const TensorView& packed, const Action& action) {
  const size_t rank = packed.shape.size();
  if (packed.elements() == 0) return;
  std::vector<int64_t> at(rank, 0), index(plain.shape.size());
  while (true) {
    std::fill(index.begin(), index.end(), 0);
    int64_t to = 0, from = 0;
    for (size_t i = 0; i < rank; ++i) {
      index[argument.digits[i].dimension] += at[i] * argument.digits[i].divisor;
      to += at[i] * packed.strides[i];
    }
    bool real = true;
    for (size_t d = 0; d < index.size(); ++d) {
      real = real && index[d] < plain.shape[d];
      from += index[d] * plain.strides[d];
    }
    action(from, to, real);
    size_t i = rank;
    while (i > 0 && ++at[i - 1] == packed.shape[i - 1]) at[--i] = 0;
    if (i == 0) return;
  }
}

void copy_element(const TensorView& from, int64_t at, const TensorView& to, int64_t place) {
  const auto bytes = static_cast<size_t>(bytes_of(from.dtype));
  std::memcpy(static_cast<char*>(to.data) + place * static_cast<int64_t>(bytes),
              static_cast<const char*>(from.data) + at * static_cast<int64_t>(bytes), bytes);
}

const ArgumentSpec& argument_named(const KernelSignature& signature, const std::string& name) {
  for (const ArgumentSpec& argument : signature.arguments) if (argument.name == name) return argument;
  call_error::unknown_argument(signature, name);
}

}  // namespace

Tensor packed(const ArgumentSpec& argument, const KernelSignature& signature, const TensorView& from) {
  size_t index = 0;
  while (&signature.arguments[index] != &argument) ++index;
  if (from.dtype != argument.dtype) call_error::dtype(signature, index, from);
  size_t rank = argument.digits.empty() ? argument.extents.size() : 0;
  for (const ArgumentDigit& digit : argument.digits) rank = std::max(rank, digit.dimension + 1);
  if (from.shape.size() != rank || from.strides.size() != rank) {
    throw Error(ErrorCode::wrong_shape, {"pack", "rank of '" + argument.name + "'", describe(from),
                                         std::to_string(rank) + " dimensions", signature.where});
  }
  if (!from.data && from.elements() > 0) call_error::null_data(signature, index, from);
  ArgumentSpec plain = argument;
  if (plain.digits.empty()) for (size_t d = 0; d < rank; ++d) plain.digits.push_back({d, 1, 0});
  Tensor result(argument.dtype, packed_shape(plain, from.shape));
  for_each_place(plain, from, result.view(), [&](int64_t at, int64_t place, bool real) {
    if (real) copy_element(from, at, result.view(), place);
  });
  return result;
}

void unpack(const ArgumentSpec& argument, const TensorView& from, const TensorView& to) {
  for_each_place(argument, to, from, [&](int64_t at, int64_t place, bool real) {
    if (real) copy_element(from, place, to, at);
  });
}

PackedCall::PackedCall(const Kernel& kernel, const std::map<std::string, TensorView>& arguments)
    : kernel_(kernel), given_(arguments), taken_(arguments) {
  for (const ArgumentSpec& argument : kernel.signature().arguments) {
    auto given = given_.find(argument.name);
    if (argument.digits.empty() || given == given_.end()) continue;
    taken_[argument.name] = owned_.emplace(argument.name, packed(argument, kernel.signature(), given->second)).first->second;
  }
}

void PackedCall::unpack_outputs() const {
  for (const ArgumentSpec& argument : kernel_.signature().arguments) {
    if (argument.is_output && owned_.count(argument.name)) unpack(argument, taken_.at(argument.name), given_.at(argument.name));
  }
}

Tensor Kernel::pack(const std::string& argument, const TensorView& view) const {
  return packed(argument_named(signature(), argument), signature(), view);
}

void Kernel::unpack(const std::string& argument, const TensorView& from, const TensorView& view) const {
  lathe::unpack(argument_named(signature(), argument), from, view);
}

}  // namespace lathe
