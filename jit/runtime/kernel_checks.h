// The checks of a call and what they leave behind: the arrays that LatheEntry takes. A CallPlan is made once for a kernel,
// so that a call does no more than compare numbers; it allocates nothing for ordinary argument counts, and words are found
// only for a failure (kernel_errors.h).
#pragma once

#include <atomic>
#include <memory>

#include "jit/runtime/kernel.h"
#include "jit/runtime/small_array.h"

namespace lathe {

struct PreparedCall {
  SmallArray<void*, 16> buffers;
  SmallArray<int64_t, 96> scalars;
};

class CallPlan {
 public:
  // Error{bad_definition} where no argument's extent is a size itself; an ill-formed formula is an internal error.
  explicit CallPlan(KernelSignature signature);

  PreparedCall empty_call() const;
  // Runs every check; throws Error, or fills `call`.
  void prepare(std::span<const TensorView* const> arguments, const std::map<std::string, double>& params,
               PreparedCall& call) const;
  // The views of a call by name, in order.
  std::vector<const TensorView*> in_order(const std::map<std::string, TensorView>& arguments) const;
  void set_tune_param(const std::string& name, int64_t value);
  const KernelSignature& signature() const { return signature_; }

 private:
  struct SizeSource {
    size_t argument, dimension;
  };

  void check_argument(size_t index, const TensorView& view) const;
  void bind_sizes(std::span<const TensorView* const> arguments, int64_t* sizes) const;
  void check_extents(size_t index, const TensorView& view, const int64_t* sizes) const;
  void check_sizes(const int64_t* sizes) const;
  void check_conditions(const int64_t* sizes) const;
  void fill_scalars(std::span<const TensorView* const> arguments, int64_t* scalars) const;
  void apply_params(const std::map<std::string, double>& params, int64_t* bits) const;

  KernelSignature signature_;
  std::vector<SizeSource> sources_;                         // of each size: the first dimension that is this size
  std::vector<int64_t> default_bits_;                       // of run-time parameters
  size_t stride_count_ = 0;
  std::unique_ptr<std::atomic<int64_t>[]> tune_values_;     // may change while other threads call
};

// The bits of a run-time parameter as abi.h passes them; Error{wrong_dtype} where `value` is not of its type.
int64_t parameter_bits(const KernelSignature& signature, const RunParam& param, double value);

// The bytes that a view may touch. Empty where it has no elements.
struct ByteRange {
  uintptr_t begin = 0, end = 0;
  bool empty() const { return begin == end; }
  bool meets(const ByteRange& other) const {
    return !empty() && !other.empty() && begin < other.end && other.begin < end;
  }
};
// False where extents and strides overflow 64 bits or the address space. Extents must not be negative.
bool byte_range(const TensorView& view, ByteRange* range);

enum class StrideFault : uint8_t { none, not_positive, overlapping };
// Whether each element of a written view has a place of its own; `dimension` is the one at fault. Conservative: a
// dimension must step over everything that the dimensions of smaller strides span.
StrideFault stride_fault(const TensorView& view, size_t* dimension);

}  // namespace lathe
