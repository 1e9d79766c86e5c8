#include "lang/far_elements.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace lathe {

namespace {

// The farthest so far: elements that are no farther than `beyond` need not be looked at.
class Farthest {
 public:
  Farthest(double within, size_t most) : beyond(within), most_(most) {}

  void add(int64_t element, double distance) {
    const auto place =
        std::upper_bound(all.begin(), all.end(), distance, [](double d, const auto& other) { return d > other.first; });
    all.insert(place, {distance, element});
    if (all.size() > most_) all.pop_back();
    if (all.size() == most_) beyond = std::max(beyond, all.back().first);
  }

  double beyond;
  std::vector<std::pair<double, int64_t>> all;  // distance, element

 private:
  const size_t most_;
};

double between(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double distance = std::fabs(a - b);
  return std::isnan(distance) ? std::numeric_limits<double>::infinity() : distance;
}

template <class Float>
void compare(const void* got, const void* need, int64_t count, Farthest& far) {
  const auto* const a = static_cast<const Float*>(got);
  const auto* const b = static_cast<const Float*>(need);
  for (int64_t i = 0; i < count; ++i) {
    if (a[i] == b[i]) continue;
    if (const double distance = between(a[i], b[i]); distance > far.beyond) far.add(i, distance);
  }
}

void compare_any(const TensorView& got, const TensorView& need, Farthest& far) {
  for (int64_t i = 0; i < need.elements(); ++i) {
    double distance = between(load_as_double(got, i), load_as_double(need, i));
    const bool differ = !is_float(got.dtype) && load_as_integer(got, i) != load_as_integer(need, i);
    if (differ) distance = std::max(distance, 1.0);  // also where doubles cannot tell them apart
    if (distance > far.beyond) far.add(i, distance);
  }
}

std::vector<int64_t> point_of(int64_t element, const std::vector<int64_t>& shape) {
  std::vector<int64_t> point(shape.size());
  for (size_t d = shape.size(); d-- > 0; element /= shape[d]) point[d] = element % shape[d];
  return point;
}

}  // namespace

std::vector<FarElement> far_elements(const TensorView& got, const TensorView& need, double within, size_t most) {
  if (got.strides != need.strides) return far_elements(copy_of(got).view(), need, within, most);
  const auto bytes = static_cast<size_t>(need.elements() * bytes_of(need.dtype));
  if (bytes == 0 || std::memcmp(got.data, need.data, bytes) == 0) return {};
  Farthest far(within, most);
  if (got.dtype == DType::f32) {
    compare<float>(got.data, need.data, need.elements(), far);
  } else if (got.dtype == DType::f64) {
    compare<double>(got.data, need.data, need.elements(), far);
  } else {
    compare_any(got, need, far);
  }
  std::vector<FarElement> all;
  for (const auto& [distance, element] : far.all) all.push_back({point_of(element, need.shape), distance});
  return all;
}

}  // namespace lathe
