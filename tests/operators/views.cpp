// The tensors of a call, as the references see them.
#include <algorithm>
#include <numeric>
#include <utility>

#include "tests/operators/table.h"

namespace lathe::reference {

Ix In::place(std::initializer_list<Ix> index) const {
  Ix offset = 0;
  size_t d = 0;
  for (Ix i : index) offset += i * view_.strides[d++];
  return offset;
}

bool In::inside(std::initializer_list<Ix> index) const {
  size_t d = 0;
  for (Ix i : index) {
    if (i < 0 || i >= view_.shape[d++]) return false;
  }
  return true;
}

Ix In::clamped_place(std::initializer_list<Ix> index) const {
  Ix offset = 0;
  size_t d = 0;
  for (Ix i : index) {
    offset += std::clamp<Ix>(i, 0, view_.shape[d] - 1) * view_.strides[d];
    ++d;
  }
  return offset;
}

Real In::clamped(std::initializer_list<Ix> index) const { return element(clamped_place(index)); }

Out::Out(std::vector<Ix> shape, Sampling sampling) : shape_(std::move(shape)) {
  Ix elements = 1;
  for (Ix extent : shape_) elements *= extent;
  values_.resize(elements);
  if (sampling == Sampling::all || values_.size() < 40'000) return;
  step_ = values_.size() / (sampling == Sampling::ends ? 1 : 20'000);
  while (sampling == Sampling::some && std::gcd(step_, values_.size()) != 1) ++step_;     // goes through all columns
}

Real& Out::operator[](std::initializer_list<Ix> index) {
  Ix offset = 0;
  size_t d = 0;
  for (Ix i : index) offset = offset * shape_[d++] + i;
  return values_[offset];
}

bool Out::advance(std::vector<Ix>& point) const {
  for (size_t d = point.size(); d-- > 0;) {
    if (++point[d] < shape_[d]) return true;
    point[d] = 0;
  }
  return false;
}

}  // namespace lathe::reference
