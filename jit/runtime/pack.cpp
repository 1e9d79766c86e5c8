#include "jit/runtime/pack.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "jit/runtime/copy_digits.h"
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

// What the digits of the packed tensor are in the ordinary one.
std::vector<CopiedDigit> copied_digits(const ArgumentSpec& argument, const TensorView& plain, const TensorView& packed,
                                       bool pack) {
  std::vector<CopiedDigit> digits;
  for (size_t i = 0; i < packed.shape.size(); ++i) {
    const ArgumentDigit& digit = argument.digits[i];
    const int64_t own = plain.strides[digit.dimension] * digit.divisor, other = packed.strides[i];
    digits.push_back({packed.shape[i], digit.divisor, digit.dimension, pack ? own : other, pack ? other : own});
  }
  return digits;
}

const ArgumentSpec& argument_named(const KernelSignature& signature, const std::string& name) {
  for (const ArgumentSpec& argument : signature.arguments) if (argument.name == name) return argument;
  call_error::unknown_argument(signature, name);
}

// The argument with digits, where it has none those of its dimensions; checks that the view is such an argument.
ArgumentSpec with_digits(const ArgumentSpec& argument, const KernelSignature& signature, const TensorView& from) {
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
  ArgumentSpec spec = argument;
  if (spec.digits.empty())
    for (size_t d = 0; d < rank; ++d) spec.digits.push_back({d, 1, 0});
  return spec;
}

}  // namespace

Tensor packed(const ArgumentSpec& argument, const KernelSignature& signature, const TensorView& from) {
  const ArgumentSpec spec = with_digits(argument, signature, from);
  Tensor result(argument.dtype, packed_shape(spec, from.shape));
  copy_digits(copied_digits(spec, from, result, true), from.shape, bytes_of(from.dtype), from.data, result.view().data);
  return result;
}

void pack_into(const ArgumentSpec& argument, const KernelSignature& signature, const TensorView& from,
               const TensorView& to) {
  const ArgumentSpec spec = with_digits(argument, signature, from);
  const std::vector<int64_t> shape = packed_shape(spec, from.shape);
  if (to.dtype != from.dtype || to.shape != shape) {
    throw Error(ErrorCode::wrong_shape,
                {"pack", "room for '" + argument.name + "'", describe(to),
                 fmt::format("{}[{}]", name_of(from.dtype), fmt::join(shape, ", ")), signature.where});
  }
  copy_digits(copied_digits(spec, from, to, true), from.shape, bytes_of(from.dtype), from.data, to.data);
}

void unpack(const ArgumentSpec& argument, const TensorView& from, const TensorView& to) {
  copy_digits(copied_digits(argument, to, from, false), to.shape, bytes_of(to.dtype), from.data, to.data);
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

void Kernel::pack(const std::string& argument, const TensorView& view, const TensorView& packed) const {
  pack_into(argument_named(signature(), argument), signature(), view, packed);
}

void Kernel::unpack(const std::string& argument, const TensorView& from, const TensorView& view) const {
  lathe::unpack(argument_named(signature(), argument), from, view);
}

}  // namespace lathe
