// Arguments whose layout the kernel's schedule gives (free_layout, constant): the same elements as a tensor of one dimension
// for each digit, with zeros where the last blocks reach beyond the end.
#pragma once

#include <map>
#include <string>

#include "jit/runtime/kernel.h"

namespace lathe {

// The argument as the kernel takes it. Error{wrong_argument_count} for a name that it does not have, Error{wrong_dtype} and
// Error{wrong_shape} where the view is not such an argument in its ordinary shape.
Tensor packed(const ArgumentSpec& argument, const KernelSignature& signature, const TensorView& from);
// Into such a tensor that is there: places of no element are left as they are.
void pack_into(const ArgumentSpec& argument, const KernelSignature& signature, const TensorView& from,
               const TensorView& to);
// Back again: every element of `to` from its place in `from`.
void unpack(const ArgumentSpec& argument, const TensorView& from, const TensorView& to);

// The arguments of a call in their ordinary shapes, as the kernel takes them: what it wants in a layout is copied.
class PackedCall {
 public:
  PackedCall(const Kernel& kernel, const std::map<std::string, TensorView>& arguments);
  const std::map<std::string, TensorView>& arguments() const { return taken_; }
  void unpack_outputs() const;                              // to the caller's views

 private:
  const Kernel& kernel_;
  const std::map<std::string, TensorView>& given_;
  std::map<std::string, TensorView> taken_;
  std::map<std::string, Tensor> owned_;
};

}  // namespace lathe
