// Compares what a kernel wrote with the definition: the whole output by the interpreter in exact mode, single points by
// the point oracle in bounded mode and where the whole would take too long.
#include "lang/oracle.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <random>

#include "lang/needed_regions.h"
#include "lang/program.h"

namespace lathe {
namespace {

constexpr double most_whole_work = 2e7;                     // terms that the interpreter does in a fraction of a second

struct OutputComponent {
  std::string name;
  std::string func;
  int component;
  TensorView view;
};

std::vector<OutputComponent> outputs_of(const Operator& op, const Bindings& bindings) {
  std::vector<OutputComponent> all;
  for (const OutputDecl& output : op.outputs) {
    const FuncContents& func = *op.find_func(output.func);
    for (int c = 0; c < func.components(); ++c) {
      const std::string name = component_name(func, c);
      all.push_back({name, func.name, c, bindings.tensors.at(name)});
    }
  }
  return all;
}

int64_t offset_of(const TensorView& view, const std::vector<int64_t>& point) {
  int64_t offset = 0;
  for (size_t d = 0; d < point.size(); ++d) offset += point[d] * view.strides[d];
  return offset;
}

bool advance(std::vector<int64_t>& point, const std::vector<int64_t>& shape) {
  for (size_t d = point.size(); d-- > 0;) {
    if (++point[d] < shape[d]) return true;
    point[d] = 0;
  }
  return false;
}

// All points of a shape, or its corners and `most` random ones.
std::vector<std::vector<int64_t>> points_of(const std::vector<int64_t>& shape, int64_t most, uint64_t seed) {
  std::vector<std::vector<int64_t>> points;
  std::vector<int64_t> point(shape.size(), 0);
  double elements = 1;
  for (int64_t extent : shape) elements *= static_cast<double>(extent);
  if (elements == 0) return points;
  if (elements <= static_cast<double>(most)) {
    do points.push_back(point);
    while (advance(point, shape));
    return points;
  }
  const size_t corner_dims = std::min<size_t>(shape.size(), 6);
  for (size_t corner = 0; corner < size_t{1} << corner_dims; ++corner) {
    for (size_t d = 0; d < corner_dims; ++d) point[d] = corner >> d & 1 ? shape[d] - 1 : 0;
    points.push_back(point);
  }
  std::mt19937_64 random(seed);
  for (int64_t i = 0; i < most; ++i) {
    for (size_t d = 0; d < shape.size(); ++d) point[d] = static_cast<int64_t>(random() % shape[d]);
    points.push_back(point);
  }
  return points;
}

std::string text_of(const TensorView& view, int64_t offset) {
  return is_float(view.dtype) ? fmt::format("{}", load_as_double(view, offset))
         : view.dtype == u64  ? fmt::format("{}", static_cast<uint64_t>(load_as_integer(view, offset)))
                              : fmt::format("{}", load_as_integer(view, offset));
}

class Comparison {
 public:
  Comparison(const Operator& op, const CheckData& data, const CheckOptions& options)
      : op_(op), data_(data), bindings_(data.for_oracle(op)), options_(options), outputs_(outputs_of(op, bindings_)) {}

  CheckReport run() {
    const bool exact = options_.exact && exact_mode_applies(op_, bindings_);
    const double work = needed_regions(op_, constants_of(op_, bindings_)).work;
    if (exact && work <= most_whole_work) {
      compare_whole();
    } else {
      compare_points(exact);
    }
    for (const OutputComponent& output : outputs_) {
      const auto tensor = data_.tensors.find(written_argument(op_, *op_.find_func(output.func), output.component));
      if (tensor == data_.tensors.end()) continue;
      if (const auto damage = tensor->second.damage()) {
        fail(fmt::format("{}: wrote outside its elements, at {} elements from its start", output.name, *damage));
      }
    }
    return report_;
  }

 private:
  void fail(const std::string& difference) {
    if (report_.good) report_.first_difference = difference;
    report_.good = false;
  }

  void compare_whole() {
    Bindings needed = bindings_;
    std::map<std::string, Tensor> tensors;
    for (const OutputComponent& output : outputs_) {
      const Tensor& tensor = tensors[output.name] = Tensor(output.view.dtype, output.view.shape);
      needed.tensors[output.name] = tensor.view();
    }
    interpret(op_, needed);
    for (const OutputComponent& output : outputs_) {
      const TensorView& expected = tensors[output.name].view();
      if (expected.elements() == 0) continue;
      std::vector<int64_t> point(expected.shape.size(), 0);
      do compare_element(output, expected, point);
      while (advance(point, expected.shape));
    }
  }

  void compare_element(const OutputComponent& output, const TensorView& expected, const std::vector<int64_t>& point) {
    const int64_t got_at = offset_of(output.view, point), need_at = offset_of(expected, point);
    const double got = load_as_double(output.view, got_at), need = load_as_double(expected, need_at);
    const bool same = is_float(expected.dtype)
                          ? got == need || (std::isnan(got) && std::isnan(need))
                          : load_as_integer(output.view, got_at) == load_as_integer(expected, need_at);
    ++report_.compared;
    if (same) return;
    note_error(got, need);
    if (report_.good) {
      fail(fmt::format("{}[{}]: got {}, need {}", output.name, fmt::join(point, ", "), text_of(output.view, got_at),
                       text_of(expected, need_at)));
    }
  }

  void compare_points(bool exact) {
    PointOracle oracle(op_, bindings_);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const OutputComponent& output = outputs_[i];
      for (const auto& point : points_of(output.view.shape, options_.max_points, options_.seed + i)) {
        BoundedValue need = oracle.at(output.func, output.component, point);
        need.bound = exact ? 0 : need.bound * options_.bound_factor;
        compare_point(output, need, point);
      }
    }
  }

  void compare_point(const OutputComponent& output, const BoundedValue& need, const std::vector<int64_t>& point) {
    if (!need.decided) {
      ++report_.undecided;
      return;
    }
    ++report_.compared;
    const int64_t at = offset_of(output.view, point);
    const double got = load_as_double(output.view, at);
    note_error(got, need.value);
    const bool same = got == need.value || (std::isnan(got) && std::isnan(need.value));
    if (same || std::fabs(got - need.value) <= need.bound) return;
    if (report_.good) {
      fail(fmt::format("{}[{}]: got {}, need {}{}", output.name, fmt::join(point, ", "), text_of(output.view, at),
                       need.value, need.bound > 0 ? fmt::format(" within {:.2g}", need.bound) : ""));
    }
  }

  void note_error(double got, double need) {
    const double error = std::fabs(got - need);
    if (std::isfinite(error)) report_.largest_error = std::max(report_.largest_error, error);
  }

  const Operator& op_;
  const CheckData& data_;
  const Bindings bindings_;
  const CheckOptions& options_;
  const std::vector<OutputComponent> outputs_;
  CheckReport report_;
};

}  // namespace

CheckReport compare(const Operator& op, const CheckData& data, const CheckOptions& options) {
  return Comparison(op, data, options).run();
}

}  // namespace lathe
