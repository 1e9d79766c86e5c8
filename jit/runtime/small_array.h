// An array whose length is set once: in place up to N elements, on the heap beyond. Keeps a call free of allocations.
#pragma once

#include <cstddef>
#include <memory>

namespace lathe {

template <class T, size_t N>
class SmallArray {
 public:
  explicit SmallArray(size_t size) : heap_(size > N ? std::make_unique<T[]>(size) : nullptr), size_(size) {}
  SmallArray(const SmallArray&) = delete;
  SmallArray& operator=(const SmallArray&) = delete;

  T* data() { return heap_ ? heap_.get() : inline_; }
  const T* data() const { return heap_ ? heap_.get() : inline_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }

 private:
  T inline_[N];
  std::unique_ptr<T[]> heap_;
  size_t size_;
};

}  // namespace lathe
