// The checks of a call and what they leave behind: the arrays that LatheEntry takes. A CallPlan is made once for a kernel.
// An ordinary call passes the quick check, one loop over flat tables that allocates nothing. What that cannot pass goes
// through the full check, which decides and, for a failure, finds the words (kernel_errors.h).
#pragma once

#include <atomic>
#include <memory>

#include "jit/runtime/kernel.h"
#include "jit/runtime/small_array.h"

namespace lathe {

// The bytes that a view may touch. Empty where it has no elements.
struct ByteRange {
  uintptr_t begin, end;
  bool empty() const { return begin == end; }
  bool meets(const ByteRange& other) const {
    return !empty() && !other.empty() && begin < other.end && other.begin < end;
  }
};

struct PreparedCall {
  SmallArray<void*, 16> buffers;
  SmallArray<int64_t, 96> scalars;
};

// Hidden, so that position-independent code may inline its members.
class [[gnu::visibility("hidden")]] CallPlan {
 public:
  // Error{bad_definition} where no argument's extent is a size itself; an ill-formed formula is an internal error.
  explicit CallPlan(KernelSignature signature);

  PreparedCall empty_call() const {
    return {SmallArray<void*, 16>(argument_count_), SmallArray<int64_t, 96>(scalar_count_)};
  }
  // Runs every check; throws Error, or fills `call`.
  void prepare(std::span<const TensorView* const> arguments, const std::map<std::string, double>* params,
               PreparedCall& call) const;
  // The views of a call by name, in order.
  std::vector<const TensorView*> in_order(const std::map<std::string, TensorView>& arguments) const;
  // The scalars of a call at these sizes, as far as they follow from them; Error{unknown_name},
  // Error{size_out_of_range}.
  std::vector<int64_t> scalars_at(const std::map<std::string, int64_t>& sizes) const;
  void set_tune_param(const std::string& name, int64_t value);
  const KernelSignature& signature() const { return *signature_; }

 private:
  struct SizeRule {
    size_t argument, dimension;                             // the first dimension that is this size
    int64_t lowest, highest, multiple_of;
    bool allows(int64_t value) const {
      return value >= lowest && value <= highest && (multiple_of == 1 || value % multiple_of == 0);
    }
  };
  // What an extent must be is found among the scalars: a size, or else a formula's value, which stands where the
  // dimension's stride will.
  struct ExtentRule {
    size_t scalar;
    const SizeFormula* formula;                             // null: a size
  };
  struct ArgumentRule {
    DType dtype;
    bool is_output, is_packed, has_formula;
    size_t rank, first_dimension;                           // of extent_rules_
    int64_t element_bytes;
  };
  using Views = std::span<const TensorView* const>;
  // The quick check takes extents up to 2^26 and counts of elements inside a dimension below 2^33: no product of one of
  // each, in bytes, leaves 64 bits.
  static constexpr int extent_bits = 26, count_bits = 33;

  void make_rules();
  bool quick_check(const TensorView* const* arguments, int64_t* scalars, ByteRange* ranges) const;
  bool quick_check_types(const TensorView* const* arguments) const;
  bool quick_check_dense(const ArgumentRule& rule, const TensorView& view, int64_t* scalars, ByteRange* range) const;
  bool quick_check_dense(const ArgumentRule& rule, size_t rank, const TensorView& view, int64_t* scalars, ByteRange* range) const;
  bool quick_check_strided(const ArgumentRule& rule, const TensorView& view, int64_t* scalars, ByteRange* range) const;
  bool quick_check_overlap(const ByteRange* ranges) const;
  void evaluate_extents(const ArgumentRule& rule, int64_t* scalars) const;
  void full_check(Views arguments, int64_t* scalars, ByteRange* ranges) const;
  void check_argument(size_t index, const TensorView& view) const;
  void check_sizes(const int64_t* sizes) const;
  void check_extents(size_t index, const TensorView& view, const int64_t* sizes) const;
  void check_packing(size_t index, const TensorView& view) const;
  void check_memory(size_t index, const TensorView& view, ByteRange* range) const;
  void check_overlap(const ByteRange* ranges) const;
  void bind_sizes(const TensorView* const* arguments, int64_t* sizes) const {
    for (const SizeRule& rule : size_rules_) *sizes++ = arguments[rule.argument]->shape[rule.dimension];
  }
  void apply_params(const std::map<std::string, double>* params, int64_t* bits) const;

  std::shared_ptr<const KernelSignature> signature_;        // the rules point into it
  size_t size_count_ = 0, argument_count_ = 0, dimension_count_ = 0, scalar_count_ = 0;
  std::vector<SizeRule> size_rules_;
  std::vector<size_t> limited_sizes_;                       // whose rule is more than that the quick check takes them
  std::vector<ExtentRule> extent_rules_;                    // of all dimensions of all arguments
  std::vector<ArgumentRule> argument_rules_;
  std::vector<size_t> outputs_;                             // positions
  std::vector<int64_t> default_bits_;                       // of run-time parameters
  std::unique_ptr<std::atomic<int64_t>[]> tune_values_;     // may change while other threads call
};

// The bits of a run-time parameter as abi.h passes them; Error{wrong_dtype} where `value` is not of its type.
int64_t parameter_bits(const KernelSignature& signature, const RunParam& param, double value);

// False where extents and strides overflow 64 bits or the address space. Extents must not be negative.
bool byte_range(const TensorView& view, ByteRange* range);

enum class StrideFault : uint8_t { none, not_positive, overlapping };
// Whether each element of a written view has a place of its own; `dimension` is the one at fault. Conservative: a
// dimension must step over everything that the dimensions of smaller strides span.
StrideFault stride_fault(const TensorView& view, size_t* dimension);

}  // namespace lathe
