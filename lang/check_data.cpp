// Tensors and values for checks. Everything follows from the seed, by a generator whose numbers the standard fixes.
#include <cstring>
#include <limits>
#include <random>

#include "lang/oracle.h"
#include "lang/program.h"
#include "support/copy_elements.h"

namespace lathe {
namespace {

using Generator = std::mt19937_64;

int64_t between(Generator& random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
}

std::vector<int64_t> strides_for(DType dtype, const std::vector<int64_t>& shape, bool is_output, CheckStrides kind,
                                 Generator& random) {
  std::vector<int64_t> strides = dense_strides(dtype, shape);
  const size_t rank = shape.size();
  if (kind == CheckStrides::padded || (kind == CheckStrides::transposed && is_packed(dtype))) {
    int64_t stride = 1;
    for (size_t d = rank; d-- > 0;) {
      strides[d] = stride;
      stride = stride * std::max<int64_t>(shape[d], 1) + (d > 0 ? between(random, 1, 7) : 0);
      if (is_packed(dtype)) stride += stride % 2;
    }
  } else if (kind == CheckStrides::transposed && !is_output) {
    int64_t stride = rank == 1 ? 2 : 1;
    for (size_t d = 0; d < rank; ++d) {
      strides[d] = stride;
      stride *= std::max<int64_t>(shape[d], 1);
    }
  }
  return strides;
}

// Exact: integers up to `largest`. Bounded: floats in [-1, 1); integers small enough to be indices, one in eight
// anything.
Cell value_for(DType type, bool exact, int64_t largest, Generator& random) {
  Cell cell;
  if (type == DType::boolean) {
    cell.i = between(random, 0, 1);
  } else if (is_float(type)) {
    cell.f = exact ? static_cast<double>(between(random, -largest, largest))
                   : static_cast<double>(random() >> 11) * 0x1p-52 - 1;
  } else if (exact) {
    cell.i = is_signed(type) ? between(random, -largest, largest) : between(random, 0, 2 * largest - 1);
  } else {
    const int64_t small = is_signed(type) ? between(random, -100, 100) : between(random, 0, 200);
    const auto any = static_cast<int64_t>(random());
    cell.i = any % 8 == 0 ? any >> 3 : small;
  }
  return cell;
}

// One float in eight becomes one that few computations expect.
void make_special(DType type, Cell& cell, Generator& random) {
  if (!is_float(type) || random() % 8 != 0) return;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double values[] = {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, -0.0};
  cell.f = values[random() % std::size(values)];
}

// Of so many elements, a prime, drawn values return: drawing all of a large tensor takes longer than a search has.
constexpr int64_t kPeriod = 262'139;

void fill(const TensorView& view, const CheckOptions& options, bool special, Generator& random) {
  const CellStore store = cell_store(view.dtype);
  std::vector<int64_t> point(view.shape.size(), 0);
  const bool repeats = !is_packed(view.dtype) && view.strides == dense_strides(view.dtype, view.shape);
  const int64_t drawn = repeats ? std::min(view.elements(), kPeriod) : view.elements();
  for (int64_t left = drawn; left > 0; --left) {
    int64_t offset = 0;
    for (size_t d = 0; d < point.size(); ++d) offset += point[d] * view.strides[d];
    Cell value = value_for(view.dtype, options.exact, options.largest, random);
    if (special) make_special(view.dtype, value, random);
    store(view.data, offset, value);
    for (size_t d = point.size(); d-- > 0;) {
      if (++point[d] < view.shape[d]) break;
      point[d] = 0;
    }
  }
  auto* const bytes = static_cast<std::byte*>(view.data);
  for (int64_t done = drawn; done < view.elements(); done += drawn) {
    const int64_t more = std::min(drawn, view.elements() - done);
    std::memcpy(bytes + done * bytes_of(view.dtype), bytes, static_cast<size_t>(more * bytes_of(view.dtype)));
  }
}

}  // namespace

Bindings CheckData::for_oracle(const Operator& op) const {
  Bindings apart = bindings;
  for (const OutputDecl& output : op.outputs) {
    if (output.in.empty()) continue;
    apart.tensors[output.func] = bindings.tensors.at(output.in);
    apart.tensors[output.in] = before.at(output.in).view();
  }
  return apart;
}

void CheckData::refresh(const Operator& op) {
  for (const TensorArgument& argument : tensor_arguments(op)) {
    if (!argument.is_output) continue;
    GuardedTensor& tensor = tensors.at(argument.name);
    tensor.poison();
    if (const auto kept = before.find(argument.name); kept != before.end()) copy_elements(kept->second.view(), tensor.view());
  }
}

CheckData make_check_data(const Operator& op, const std::map<std::string, int64_t>& sizes,
                          const CheckOptions& options) {
  CheckData data;
  data.bindings.sizes = sizes;
  for (const ParamDecl& param : op.params) {
    if (!param.is_static) data.bindings.params[param.name] = param.default_value;
  }
  std::map<std::string, int64_t> integers;
  for (const auto& [name, value] : constants_of(op, data.bindings)) integers[name] = value.integer;
  const bool special = options.special_values && options.exact && special_values_apply(op);
  Generator random(options.seed);
  for (const TensorArgument& argument : tensor_arguments(op)) {
    std::vector<int64_t> shape;
    for (const Expr& extent : argument.extents) shape.push_back(evaluate_extent(extent, integers));
    for (int64_t extent : shape) {
      if (extent >= 0) continue;
      throw Error(ErrorCode::wrong_shape, {.step = "check",
                                           .what = "an extent of " + argument.name + " is negative at these sizes",
                                           .got = std::to_string(extent),
                                           .need = "at least 0",
                                           .where = op.where});
    }
    const auto strides = strides_for(argument.dtype, shape, argument.is_output, options.strides, random);
    const auto placement = between(random, 0, 1) == 0 ? Placement::at_start : Placement::at_end;
    GuardedTensor tensor(argument.dtype, shape, strides, placement);
    if (argument.is_input) fill(tensor.view(), options, special, random);
    if (!argument.is_output) tensor.make_read_only();
    if (argument.is_input && argument.is_output) data.before[argument.name] = copy_of(tensor.view());
    data.bindings.tensors[argument.name] = tensor.view();
    data.tensors.emplace(argument.name, std::move(tensor));
  }
  return data;
}

DenseArguments dense_arguments(const Operator& op, const CheckData& data) {
  DenseArguments arguments;
  for (const TensorArgument& argument : tensor_arguments(op)) {
    const TensorView& view = data.bindings.tensors.at(argument.name);
    Tensor tensor(view.dtype, view.shape);
    if (argument.is_input && view.elements() > 0) {
      if (is_packed(view.dtype)) {                            // dense too: packed tensors have no other strides here
        int64_t last = 0;
        for (size_t d = 0; d < view.shape.size(); ++d) last += (view.shape[d] - 1) * view.strides[d];
        std::memcpy(tensor.view().data, view.data, static_cast<size_t>(bytes_in_row(view.dtype, last + 1)));
      } else {
        copy_elements(view, tensor.view());
      }
    }
    arguments.tensors.push_back(tensor);
    arguments.views.push_back(tensor.view());
  }
  return arguments;
}

}  // namespace lathe
