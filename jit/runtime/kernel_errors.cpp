// What a failed call says: the kernel, the argument by name and position, the value, the rule with its formula.
#include "jit/runtime/kernel_errors.h"

#include <fmt/format.h>

namespace lathe::call_error {
namespace {

[[noreturn]] void fail(const KernelSignature& kernel, ErrorCode code, const std::string& what, const std::string& got,
                       const std::string& need, const std::string& hint = "") {
  ErrorParts parts{.step = "call", .what = fmt::format("{}: {}", kernel.name, what), .got = got, .need = need};
  parts.where = kernel.where;
  parts.hint = hint;
  throw Error(code, parts);
}

// "output 'D' (argument 4)"
std::string shown(const KernelSignature& kernel, size_t argument) {
  const ArgumentSpec& spec = kernel.arguments[argument];
  return fmt::format("{} '{}' (argument {})", spec.is_output ? "output" : "input", spec.name, argument + 1);
}

std::string extents_text(const ArgumentSpec& spec) {
  std::vector<std::string> texts;
  for (const SizeFormula& extent : spec.extents) texts.push_back(extent.text);
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
  std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("did you mean '{}'?", near);
}

template <class Row>
std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.name);
  return names;
}

std::string one_of(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("one of {}", fmt::join(names, ", "));
}

}  // namespace

void argument_count(const KernelSignature& kernel, size_t got) {
  fail(kernel, ErrorCode::wrong_argument_count, "wrong number of arguments", fmt::format("{}", got),
       fmt::format("{}: {}", kernel.arguments.size(), fmt::join(names_of(kernel.arguments), ", ")));
}

void unknown_argument(const KernelSignature& kernel, const std::string& name) {
  auto names = names_of(kernel.arguments);
  fail(kernel, ErrorCode::wrong_argument_count, "no such argument", fmt::format("'{}'", name), one_of(names),
       did_you_mean(name, names));
}

void unknown_size(const KernelSignature& kernel, const std::string& name) {
  auto names = names_of(kernel.sizes);
  fail(kernel, ErrorCode::unknown_name, "no such size", fmt::format("'{}'", name), one_of(names),
       did_you_mean(name, names));
}

void missing_size(const KernelSignature& kernel, const std::string& name) {
  fail(kernel, ErrorCode::unknown_name, fmt::format("size '{}' is missing", name), "no value for it",
       fmt::format("{}", fmt::join(names_of(kernel.sizes), ", ")));
}

void missing_argument(const KernelSignature& kernel, const std::string& name) {
  fail(kernel, ErrorCode::wrong_argument_count, fmt::format("argument '{}' is missing", name), "no tensor of this name",
       fmt::format("{}", fmt::join(names_of(kernel.arguments), ", ")));
}

void unknown_param(const KernelSignature& kernel, const std::string& name) {
  auto names = names_of(kernel.params);
  fail(kernel, ErrorCode::wrong_argument_count, "no such run-time parameter", fmt::format("'{}'", name), one_of(names),
       did_you_mean(name, names));
}

void param_type(const KernelSignature& kernel, const RunParam& param, double value) {
  fail(kernel, ErrorCode::wrong_dtype, fmt::format("bad value of parameter '{}'", param.name), fmt::format("{}", value),
       fmt::format("a value of type {}", name_of(param.dtype)));
}

void dtype(const KernelSignature& kernel, size_t argument, const TensorView& view) {
  fail(kernel, ErrorCode::wrong_dtype, fmt::format("wrong element type of {}", shown(kernel, argument)),
       std::string(name_of(view.dtype)), std::string(name_of(kernel.arguments[argument].dtype)));
}

void rank(const KernelSignature& kernel, size_t argument, const TensorView& view) {
  const ArgumentSpec& spec = kernel.arguments[argument];
  fail(kernel, ErrorCode::wrong_shape, fmt::format("wrong rank of {}", shown(kernel, argument)),
       fmt::format("{} dimensions: [{}]", view.shape.size(), fmt::join(view.shape, ", ")),
       fmt::format("{}: {}", spec.extents.size(), extents_text(spec)));
}

void stride_count(const KernelSignature& kernel, size_t argument, const TensorView& view) {
  fail(kernel, ErrorCode::wrong_shape, fmt::format("wrong number of strides of {}", shown(kernel, argument)),
       fmt::format("{}", view.strides.size()), fmt::format("{}: one for each dimension", view.shape.size()));
}

void read_only(const KernelSignature& kernel, size_t argument) {
  fail(kernel, ErrorCode::read_only_output, fmt::format("{} may only be read", shown(kernel, argument)),
       "a tensor that its owner gave for reading", "memory that a call may write");
}

void negative_extent(const KernelSignature& kernel, size_t argument, size_t dimension, int64_t got) {
  fail(kernel, ErrorCode::wrong_shape,
       fmt::format("negative extent of {}, dimension {}", shown(kernel, argument), dimension), fmt::format("{}", got),
       "at least 0");
}

void extent(const KernelSignature& kernel, size_t argument, size_t dimension, int64_t got, int64_t need,
            const std::string& source) {
  const std::string& text = kernel.arguments[argument].extents[dimension].text;
  if (need < 0) {
    fail(kernel, ErrorCode::wrong_shape,
         fmt::format("at these sizes the extent of {}, dimension {}, is negative", shown(kernel, argument), dimension),
         fmt::format("{} = {}", text, need), "at least 0");
  }
  std::string value = fmt::format("{}", need);
  fail(kernel, ErrorCode::wrong_shape,
       fmt::format("wrong extent of {}, dimension {}", shown(kernel, argument), dimension), fmt::format("{}", got),
       text == value ? value : fmt::format("{} = {}", text, value), source);
}

void overflow(const KernelSignature& kernel, size_t argument, const TensorView& view) {
  fail(kernel, ErrorCode::wrong_shape, fmt::format("extents and strides of {} overflow", shown(kernel, argument)),
       fmt::format("[{}] strides [{}]", fmt::join(view.shape, ", "), fmt::join(view.strides, ", ")),
       "element counts and offsets in bytes that fit 64 bits");
}

void null_data(const KernelSignature& kernel, size_t argument, const TensorView& view) {
  fail(kernel, ErrorCode::null_data, fmt::format("{} has no data", shown(kernel, argument)),
       fmt::format("a null pointer with shape [{}]", fmt::join(view.shape, ", ")), "the address of the first element");
}

void stride_not_positive(const KernelSignature& kernel, size_t argument, size_t dimension, const TensorView& view) {
  fail(kernel, ErrorCode::bad_strides,
       fmt::format("bad stride of {}, dimension {}", shown(kernel, argument), dimension),
       fmt::format("{}", view.strides[dimension]),
       "a positive stride where a dimension of an output has several elements");
}

void stride_overlaps(const KernelSignature& kernel, size_t argument, size_t dimension, const TensorView& view) {
  fail(kernel, ErrorCode::bad_strides,
       fmt::format("elements of {} overlap along dimension {}", shown(kernel, argument), dimension),
       fmt::format("[{}] strides [{}]", fmt::join(view.shape, ", "), fmt::join(view.strides, ", ")),
       "each stride of an output to step over what the smaller ones span");
}

void packed_stride(const KernelSignature& kernel, size_t argument, size_t dimension, const TensorView& view) {
  fail(kernel, ErrorCode::bad_strides, fmt::format("bad stride of {}, dimension {}", shown(kernel, argument), dimension),
       fmt::format("{}", view.strides[dimension]),
       dimension + 1 == view.shape.size() ? "1 along the last dimension of packed elements"
                                          : "an even stride: rows of packed elements begin at whole bytes");
}

void overlap(const KernelSignature& kernel, size_t output, size_t other) {
  fail(kernel, ErrorCode::overlap, fmt::format("{} overlaps {}", shown(kernel, output), shown(kernel, other)),
       "memory that both use", "an output to have its memory for itself", "copy one of them first");
}

void size_range(const KernelSignature& kernel, const SizeSpec& size, int64_t got) {
  bool inside = got >= size.lowest && got <= size.highest;
  fail(kernel, ErrorCode::size_out_of_range, fmt::format("size '{}' is outside its declared range", size.name),
       fmt::format("{} = {}", size.name, got),
       inside ? fmt::format("a multiple of {}", size.multiple_of) : fmt::format("{}..{}", size.lowest, size.highest));
}

void condition(const KernelSignature& kernel, const CallCondition& condition, const int64_t* sizes) {
  std::vector<bool> used(kernel.sizes.size());
  for (const SizeFormula::Step& step : condition.formula.steps) {
    if (step.code == SizeFormula::Code::size) used[static_cast<size_t>(step.value)] = true;
  }
  std::vector<std::string> values;
  for (size_t i = 0; i < used.size(); ++i) {
    if (used[i]) values.push_back(fmt::format("{} = {}", kernel.sizes[i].name, sizes[i]));
  }
  ErrorParts parts{.step = "call",
                   .what = fmt::format("{}: at these sizes it does not hold that {}", kernel.name, condition.meaning),
                   .got = values.empty() ? "no size" : fmt::format("{}", fmt::join(values, ", ")),
                   .need = condition.formula.text};
  parts.where = condition.where.known() ? condition.where : kernel.where;
  throw Error(ErrorCode::read_outside_at_call, parts);
}

void no_size_source(const KernelSignature& kernel, const std::string& size) {
  ErrorParts parts{.step = "compile",
                   .what = fmt::format("{}: nothing at a call gives the size '{}'", kernel.name, size),
                   .got = fmt::format("no dimension whose extent is '{}' itself", size),
                   .need = "one, in any argument"};
  parts.where = kernel.where;
  throw Error(ErrorCode::bad_definition, parts);
}

void unknown_tune_param(const KernelSignature& kernel, const std::string& name) {
  auto names = names_of(kernel.tune_params);
  fail(kernel, ErrorCode::unknown_name, "the schedule has no such param", fmt::format("'{}'", name), one_of(names),
       did_you_mean(name, names));
}

void tune_param_range(const KernelSignature& kernel, const TuneParam& param, int64_t got) {
  fail(kernel, ErrorCode::bad_factor, fmt::format("param '{}' of the schedule is outside its range", param.name),
       fmt::format("{}", got), fmt::format("{}..{}", param.lowest, param.highest));
}

void out_of_memory(const KernelSignature& kernel) {
  fail(kernel, ErrorCode::out_of_memory, "scratch memory could not be had", "no memory from the system",
       "enough for the intermediate values of this call", "outputs may be partly written");
}

}  // namespace lathe::call_error
