#include "jit/runtime/copy_digits.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lathe {
namespace {

constexpr int64_t kSide = 16;  // elements of a square: a line of four-byte ones

template <class Element>
class Copy {
 public:
  Copy(std::vector<CopiedDigit> digits, const std::vector<int64_t>& shape)
      : digits_(std::move(digits)), shape_(shape), index_(shape.size(), 0) {
    std::erase_if(digits_, [](const CopiedDigit& d) { return d.steps == 1; });
    // What is written side by side runs innermost, and next to it what is read so, if that is another dimension.
    to_last([](const CopiedDigit& d) { return std::abs(d.to); }, digits_.size());
    if (digits_.empty()) return;
    const size_t near = closest([](const CopiedDigit& d) { return std::abs(d.from); }, digits_.size());
    squares_ = digits_.size() > 1 && digits_[near].dimension != digits_.back().dimension;
    if (squares_) to_last([](const CopiedDigit& d) { return std::abs(d.from); }, digits_.size() - 1);
  }

  void run(const Element* from, Element* to, size_t level = 0) {
    const size_t left = digits_.size() - level;
    if (left == 0) {
      *to = *from;
      return;
    }
    if (left == 1) return copy_row(from, to, digits_[level], steps_of(digits_[level]));
    if (left == 2 && squares_) return copy_squares(from, to);
    const CopiedDigit& digit = digits_[level];
    const int64_t steps = steps_of(digit);
    int64_t& index = index_[digit.dimension];
    for (int64_t i = 0; i < steps; ++i, index += digit.divisor)
      run(from + i * digit.from, to + i * digit.to, level + 1);
    index -= steps * digit.divisor;
  }

 private:
  // Steps that lie inside of the shape with the digits around them: all digits inside of this one are 0 at first.
  int64_t steps_of(const CopiedDigit& d) const {
    const int64_t rest = shape_[d.dimension] - index_[d.dimension];
    return std::clamp<int64_t>((rest + d.divisor - 1) / d.divisor, 0, d.steps);
  }

  template <class Key>
  size_t closest(const Key& key, size_t count) const {
    size_t found = count - 1;
    for (size_t i = count; i-- > 0;) {
      if (key(digits_[i]) < key(digits_[found])) found = i;
    }
    return found;
  }
  template <class Key>
  void to_last(const Key& key, size_t count) {
    if (count < 2) return;
    const auto at = digits_.begin() + static_cast<ptrdiff_t>(closest(key, count));
    std::rotate(at, at + 1, digits_.begin() + static_cast<ptrdiff_t>(count));
  }

  static void copy_row(const Element* from, Element* to, const CopiedDigit& d, int64_t steps) {
    if (d.from == 1 && d.to == 1) {
      std::memcpy(to, from, static_cast<size_t>(steps) * sizeof(Element));
      return;
    }
    for (int64_t i = 0; i < steps; ++i) to[i * d.to] = from[i * d.from];
  }

  void copy_squares(const Element* from, Element* to) const {
    const CopiedDigit &read = digits_[digits_.size() - 2], &written = digits_.back();
    const int64_t rows = steps_of(read), columns = steps_of(written);
    for (int64_t r = 0; r < rows; r += kSide) {
      for (int64_t c = 0; c < columns; c += kSide) {
        const Element* square = from + r * read.from + c * written.from;
        Element* place = to + r * read.to + c * written.to;
        const int64_t height = std::min(kSide, rows - r), width = std::min(kSide, columns - c);
        for (int64_t i = 0; i < height; ++i) copy_row(square + i * read.from, place + i * read.to, written, width);
      }
    }
  }

  std::vector<CopiedDigit> digits_;
  const std::vector<int64_t>& shape_;
  std::vector<int64_t> index_;  // of each dimension: what the digits around add up to
  bool squares_ = false;
};

template <class Element>
void copy_as(const std::vector<CopiedDigit>& digits, const std::vector<int64_t>& shape, const void* from, void* to) {
  Copy<Element>(digits, shape).run(static_cast<const Element*>(from), static_cast<Element*>(to));
}

}  // namespace

void copy_digits(const std::vector<CopiedDigit>& digits, const std::vector<int64_t>& shape, int64_t element_bytes,
                 const void* from, void* to) {
  if (std::any_of(shape.begin(), shape.end(), [](int64_t extent) { return extent == 0; })) return;
  switch (element_bytes) {
    case 1:
      return copy_as<uint8_t>(digits, shape, from, to);
    case 2:
      return copy_as<uint16_t>(digits, shape, from, to);
    case 4:
      return copy_as<uint32_t>(digits, shape, from, to);
    default:
      return copy_as<uint64_t>(digits, shape, from, to);
  }
}

}  // namespace lathe
