// The words of a failed call. Each throws; all are kept out of line so that the checks stay small.
#pragma once

#include "jit/runtime/kernel.h"

namespace lathe::call_error {

[[noreturn]] void argument_count(const KernelSignature& kernel, size_t got);
[[noreturn]] void unknown_argument(const KernelSignature& kernel, const std::string& name);
[[noreturn]] void missing_argument(const KernelSignature& kernel, const std::string& name);
[[noreturn]] void unknown_size(const KernelSignature& kernel, const std::string& name);
[[noreturn]] void missing_size(const KernelSignature& kernel, const std::string& name);
[[noreturn]] void unknown_param(const KernelSignature& kernel, const std::string& name);
[[noreturn]] void param_type(const KernelSignature& kernel, const RunParam& param, double value);
[[noreturn]] void dtype(const KernelSignature& kernel, size_t argument, const TensorView& view);
[[noreturn]] void rank(const KernelSignature& kernel, size_t argument, const TensorView& view);
[[noreturn]] void stride_count(const KernelSignature& kernel, size_t argument, const TensorView& view);
[[noreturn]] void read_only(const KernelSignature& kernel, size_t argument);
[[noreturn]] void negative_extent(const KernelSignature& kernel, size_t argument, size_t dimension, int64_t got);
// `source`: the dimension that gave the formula its size, as words; "" where none did.
[[noreturn]] void extent(const KernelSignature& kernel, size_t argument, size_t dimension, int64_t got, int64_t need,
                         const std::string& source);
[[noreturn]] void overflow(const KernelSignature& kernel, size_t argument, const TensorView& view);
[[noreturn]] void null_data(const KernelSignature& kernel, size_t argument, const TensorView& view);
[[noreturn]] void stride_not_positive(const KernelSignature& kernel, size_t argument, size_t dimension,
                                      const TensorView& view);
[[noreturn]] void stride_overlaps(const KernelSignature& kernel, size_t argument, size_t dimension,
                                  const TensorView& view);
[[noreturn]] void packed_stride(const KernelSignature& kernel, size_t argument, size_t dimension, const TensorView& view);
[[noreturn]] void overlap(const KernelSignature& kernel, size_t output, size_t other);
[[noreturn]] void size_range(const KernelSignature& kernel, const SizeSpec& size, int64_t got);
[[noreturn]] void condition(const KernelSignature& kernel, const CallCondition& condition, const int64_t* sizes);
[[noreturn]] void no_size_source(const KernelSignature& kernel, const std::string& size);
[[noreturn]] void unknown_tune_param(const KernelSignature& kernel, const std::string& name);
[[noreturn]] void tune_param_range(const KernelSignature& kernel, const TuneParam& param, int64_t got);
[[noreturn]] void out_of_memory(const KernelSignature& kernel);

}  // namespace lathe::call_error
