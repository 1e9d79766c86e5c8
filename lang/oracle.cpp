// Compares what a kernel wrote with the definition: the whole output by the interpreter in exact mode, single points by
// the point oracle in bounded mode and where the whole would take too long.
#include "lang/oracle.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <random>

#include "lang/far_elements.h"
#include "lang/needed_regions.h"
#include "lang/program.h"

namespace lathe {
namespace {

constexpr int64_t fewest_points = 32;
constexpr double much_more = 8;  // times the work that is allowed: more than fewest points may take
constexpr size_t most_asked = 8;  // elements that lie far from what was trusted

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

bool agrees(double got, const BoundedValue& need) {
  return got == need.value || (std::isnan(got) && std::isnan(need.value)) || std::fabs(got - need.value) <= need.bound;
}

}  // namespace

struct Expected::Contents {
  Contents(const Operator& op, const CheckData& data, const CheckOptions& options, const std::function<void()>& fill)
      : op(op),
        data(data),
        bindings(data.for_oracle(op)),
        outputs(outputs_of(op, bindings)),
        bound_factor(options.bound_factor),
        exact(options.exact && exact_mode_applies(op, bindings, options.largest)),
        most_asked_work(static_cast<int64_t>((exact ? 1 : much_more) * options.most_point_work)) {
    const double work = needed_regions(op, constants_of(op, bindings)).work;
    if (exact && work <= options.most_whole_work) {
      interpret_whole();
      return;
    }
    if (fill) keep_trusted(fill);
    oracle = std::make_unique<PointOracle>(op, bindings);
    interpret_points(options, work);
    if (!trusted_is_right()) trusted.clear();
    if (trusted.empty()) oracle.reset();
  }

  void keep_trusted(const std::function<void()>& fill) {
    fill();
    for (const OutputComponent& output : outputs) {
      if (!is_packed(output.view.dtype)) trusted[output.name] = copy_of(output.view);
    }
  }

  // At all points; and where sums are not exact, these say how far off an element may be.
  bool trusted_is_right() {
    size_t decided = 0;
    for (const Point& p : points) {
      const auto found = trusted.find(outputs[p.output].name);
      if (!p.need.decided || found == trusted.end()) continue;
      const TensorView& view = found->second.view();
      if (!agrees(load_as_double(view, offset_of(view, p.at)), p.need)) return false;
      within = std::max(within, p.need.bound);
      ++decided;
    }
    return exact || decided > 0;
  }

  std::optional<BoundedValue> value_at(const OutputComponent& output, const std::vector<int64_t>& at,
                                       int64_t most_work) {
    auto need = oracle->at(output.func, output.component, at, most_work);
    if (need) need->bound = exact ? 0 : need->bound * bound_factor;
    return need;
  }

  void interpret_whole() {
    Bindings needed = bindings;
    for (const OutputComponent& output : outputs) {
      const Tensor& tensor = whole[output.name] = Tensor(output.view.dtype, output.view.shape);
      needed.tensors[output.name] = tensor.view();
    }
    interpret(op, needed);
  }

  void interpret_points(const CheckOptions& options, double work) {
    constexpr int64_t unlimited = std::numeric_limits<int64_t>::max() / 2;
    const int64_t most_for_one = trusted.empty() ? unlimited : most_asked_work;
    double elements = 0;
    for (const OutputComponent& output : outputs) elements += static_cast<double>(output.view.elements());
    const double affordable = options.most_point_work / std::max(work / std::max(elements, 1.0), 1.0);
    const int64_t most = std::min(options.max_points, std::max(static_cast<int64_t>(affordable), fewest_points));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const OutputComponent& output = outputs[i];
      const double allowed = options.most_point_work * static_cast<double>(i + 1) / static_cast<double>(outputs.size());
      std::vector<std::vector<int64_t>> drawn = points_of(output.view.shape, most, options.seed + i);
      std::map<size_t, Point> taken;
      for (size_t t = 0; t < drawn.size(); ++t) {
        // A point may need what is shared by many, such as the sum of its row: so the work is counted, too.
        const double left = allowed - static_cast<double>(oracle->work());
        if (left < 0 && (t >= fewest_points || -left > much_more * allowed)) break;
        const size_t p = t % 2 == 0 ? t / 2 : drawn.size() - 1 - t / 2;  // a corner, one at random, a corner
        const size_t apart = trusted.empty() ? 2 : 1;                    // that may take all the work
        if (left < 0 && taken.size() >= apart) move_beside(taken.begin()->second.at, drawn[p]);
        const auto need = value_at(output, drawn[p], most_for_one);
        if (!need) break;
        taken.emplace(p, Point{i, std::move(drawn[p]), *need});
      }
      for (auto& [p, point] : taken) points.push_back(std::move(point));
    }
  }

  // Into the row of a point that is known, with which it may share most of the work.
  static void move_beside(const std::vector<int64_t>& known, std::vector<int64_t>& point) {
    if (!point.empty()) std::copy(known.begin(), known.end() - 1, point.begin());
  }

  struct Point {
    size_t output;
    std::vector<int64_t> at;
    BoundedValue need;
  };

  const Operator& op;
  const CheckData& data;
  const Bindings bindings;
  const std::vector<OutputComponent> outputs;
  const double bound_factor;
  const bool exact;
  const int64_t most_asked_work;          // where sums are not exact, at least one point has to be known
  std::map<std::string, Tensor> trusted;  // by output: what the plain nest wrote
  double within = 0;                      // how far from that an element may be without a question
  std::unique_ptr<PointOracle> oracle;    // who is asked then
  std::map<std::string, Tensor> whole;                      // by output: every element, compared exactly ...
  std::vector<Point> points;                                // ... or points, within their bounds
};

namespace {

class Comparison {
 public:
  CheckReport report;

  void compare_whole(const OutputComponent& output, const TensorView& expected) {
    if (expected.elements() == 0) return;
    std::vector<int64_t> point(expected.shape.size(), 0);
    do compare_element(output, expected, point);
    while (advance(point, expected.shape));
  }

  void compare_point(const OutputComponent& output, const BoundedValue& need, const std::vector<int64_t>& point) {
    if (!need.decided) {
      ++report.undecided;
      return;
    }
    ++report.compared;
    const int64_t at = offset_of(output.view, point);
    const double got = load_as_double(output.view, at);
    note_error(got, need.value);
    if (agrees(got, need)) return;
    if (report.good) {
      fail(fmt::format("{}[{}]: got {}, need {}{}", output.name, fmt::join(point, ", "), text_of(output.view, at),
                       need.value, need.bound > 0 ? fmt::format(" within {:.2g}", need.bound) : ""));
    }
  }

  void find_damage(const OutputComponent& output, const GuardedTensor& tensor) {
    if (const auto damage = tensor.damage()) {
      fail(fmt::format("{}: wrote outside its elements, at {} elements from its start", output.name, *damage));
      report.outside = true;
    }
  }

 private:
  void fail(const std::string& difference) {
    if (report.good) report.first_difference = difference;
    report.good = false;
  }

  void compare_element(const OutputComponent& output, const TensorView& expected, const std::vector<int64_t>& point) {
    const int64_t got_at = offset_of(output.view, point), need_at = offset_of(expected, point);
    const double got = load_as_double(output.view, got_at), need = load_as_double(expected, need_at);
    const bool same = is_float(expected.dtype)
                          ? got == need || (std::isnan(got) && std::isnan(need))
                          : load_as_integer(output.view, got_at) == load_as_integer(expected, need_at);
    ++report.compared;
    if (same) return;
    note_error(got, need);
    if (report.good) {
      fail(fmt::format("{}[{}]: got {}, need {}", output.name, fmt::join(point, ", "), text_of(output.view, got_at),
                       text_of(expected, need_at)));
    }
  }

  void note_error(double got, double need) {
    const double error = std::fabs(got - need);
    if (std::isfinite(error)) report.largest_error = std::max(report.largest_error, error);
  }
};

}  // namespace

Expected::Expected(const Operator& op, const CheckData& data, const CheckOptions& options,
                   const std::function<void()>& trusted)
    : contents_(std::make_shared<Contents>(op, data, options, trusted)) {}

bool Expected::interprets_whole() const { return !contents_->whole.empty(); }
int64_t Expected::points() const { return static_cast<int64_t>(contents_->points.size()); }

CheckReport Expected::report() const {
  Contents& c = *contents_;
  Comparison comparison;
  for (const OutputComponent& output : c.outputs) {
    if (auto whole = c.whole.find(output.name); whole != c.whole.end()) comparison.compare_whole(output, whole->second.view());
  }
  for (const Contents::Point& p : c.points) comparison.compare_point(c.outputs[p.output], p.need, p.at);
  for (const OutputComponent& output : c.outputs) {
    const auto found = c.trusted.find(output.name);
    if (found == c.trusted.end() || !comparison.report.good) continue;
    const TensorView& view = found->second.view();
    comparison.report.compared += view.elements();
    for (const FarElement& far : far_elements(output.view, view, c.within, most_asked)) {
      const BoundedValue likely{load_as_double(view, offset_of(view, far.at)), c.within, true};
      comparison.compare_point(output, c.value_at(output, far.at, c.most_asked_work).value_or(likely), far.at);
    }
  }
  for (const OutputComponent& output : c.outputs) {
    const auto tensor = c.data.tensors.find(written_argument(c.op, *c.op.find_func(output.func), output.component));
    if (tensor != c.data.tensors.end()) comparison.find_damage(output, tensor->second);
  }
  return comparison.report;
}

CheckReport compare(const Operator& op, const CheckData& data, const CheckOptions& options) {
  return Expected(op, data, options).report();
}

}  // namespace lathe
