// A vector whose first N elements need no memory of their own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

namespace lathe {

template <class T, size_t N> class SmallVector {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  SmallVector() = default;
  SmallVector(std::initializer_list<T> list) { append(list.begin(), list.end()); }
  template <class Iterator> SmallVector(Iterator first, Iterator last) { append(first, last); }
  SmallVector(const SmallVector& o) { append(o.begin(), o.end()); }
  SmallVector(SmallVector&& o) noexcept { take(o); }
  SmallVector& operator=(const SmallVector& o) {
    if (this != &o) *this = SmallVector(o);
    return *this;
  }
  SmallVector& operator=(SmallVector&& o) noexcept {
    if (this == &o) return *this;
    release();
    take(o);
    return *this;
  }
  ~SmallVector() { release(); }

  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T& front() { return data_[0]; }
  const T& front() const { return data_[0]; }
  T& back() { return data_[size_ - 1]; }
  const T& back() const { return data_[size_ - 1]; }

  void reserve(size_t count) {
    if (count > capacity_) grow(count);
  }
  void push_back(T value) {
    if (size_ == capacity_) grow(2 * capacity_);
    new (data_ + size_++) T(std::move(value));
  }
  template <class Iterator> void append(Iterator first, Iterator last) {
    reserve(size_ + static_cast<size_t>(std::distance(first, last)));
    for (; first != last; ++first) new (data_ + size_++) T(*first);
  }
  void clear() {
    std::destroy_n(data_, size_);
    size_ = 0;
  }
  bool operator==(const SmallVector& o) const { return std::equal(begin(), end(), o.begin(), o.end()); }

 private:
  T* inside() { return reinterpret_cast<T*>(storage_); }

  void grow(size_t capacity) {
    T* larger = std::allocator<T>().allocate(capacity);
    std::uninitialized_move_n(data_, size_, larger);
    const size_t size = size_;
    release();
    data_ = larger, size_ = size, capacity_ = capacity;
  }
  void release() {
    clear();
    if (data_ != inside()) std::allocator<T>().deallocate(data_, capacity_);
    data_ = inside(), capacity_ = N;
  }
  void take(SmallVector& o) {                               // into an empty vector without memory of its own
    if (o.data_ == o.inside()) {
      std::uninitialized_move_n(o.data_, o.size_, data_);
      size_ = o.size_;
      o.clear();
      return;
    }
    data_ = std::exchange(o.data_, o.inside());
    size_ = std::exchange(o.size_, 0);
    capacity_ = std::exchange(o.capacity_, N);
  }

  alignas(T) std::byte storage_[N * sizeof(T)];
  T* data_ = inside();
  size_t size_ = 0, capacity_ = N;
};

}  // namespace lathe
