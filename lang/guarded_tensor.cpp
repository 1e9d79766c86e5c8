// One mapping holds both guard pages and the tensor's pages between them; only the latter become accessible.
#include "lang/guarded_tensor.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "support/error.h"

namespace lathe {
namespace {

unsigned char poison_of(DType type) { return is_float(type) ? 0xFF : 0xA5; }

constexpr int64_t beyond_memory = int64_t{1} << 58;

// Elements from the first to behind the last, at most so many.
int64_t span_of(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  double last = 0;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] <= 0) return 0;
    last += static_cast<double>(shape[d] - 1) * static_cast<double>(strides[d]);
  }
  if (last >= static_cast<double>(beyond_memory)) return beyond_memory;
  int64_t exact = 0;
  for (size_t d = 0; d < shape.size(); ++d) exact += (shape[d] - 1) * strides[d];
  return exact + 1;
}

[[noreturn]] void refuse(int64_t bytes, int64_t memory) {
  throw Error(ErrorCode::out_of_memory, {.step = "check",
                                         .what = "no memory for a tensor",
                                         .got = fmt::format("a request for {} bytes", bytes),
                                         .need = fmt::format("at most {}, which is this machine's memory", memory)});
}

}  // namespace

GuardedTensor::GuardedTensor(DType dtype, std::vector<int64_t> shape, std::vector<int64_t> strides,
                             Placement placement) {
  const int64_t page = sysconf(_SC_PAGESIZE);
  const int64_t used = bytes_in_row(dtype, span_of(shape, strides));
  bytes_ = (used + page - 1) / page * page;
  // The system would promise more than there is, and end the program that uses it.
  const int64_t memory = page * sysconf(_SC_PHYS_PAGES);
  if (bytes_ > memory) refuse(bytes_, memory);
  const size_t total = static_cast<size_t>(bytes_ + 2 * page);
  void* const reserved = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) refuse(bytes_, memory);
  auto* const start = static_cast<std::byte*>(reserved) + page;
  mapping_ = {start, [reserved, total](std::byte*) { munmap(reserved, total); }};
  if (bytes_ > 0 && mprotect(start, bytes_, PROT_READ | PROT_WRITE) != 0) refuse(bytes_, memory);
  const int64_t before = placement == Placement::at_end ? bytes_ - used : 0;
  view_ = {start + before, dtype, std::move(shape), std::move(strides)};
  poison();
}

void GuardedTensor::poison() { std::memset(mapping_.get(), poison_of(view_.dtype), static_cast<size_t>(bytes_)); }

GuardedTensor::Range GuardedTensor::memory() const {
  const int64_t page = sysconf(_SC_PAGESIZE);
  return {mapping_.get() - page, mapping_.get() + bytes_ + page};
}

void GuardedTensor::make_read_only() {
  if (bytes_ > 0) mprotect(mapping_.get(), bytes_, PROT_READ);
}

std::optional<int64_t> GuardedTensor::damage() const {
  const int64_t width = bytes_of(view_.dtype);
  const int64_t first = (static_cast<std::byte*>(view_.data) - mapping_.get()) / width;
  std::vector<char> is_element(bytes_ / width, 0);
  const std::function<void(size_t, int64_t)> mark = [&](size_t d, int64_t offset) {
    if (d == view_.shape.size()) {
      is_element[offset] = 1;
      return;
    }
    for (int64_t i = 0; i < view_.shape[d]; ++i) mark(d + 1, offset + i * view_.strides[d]);
  };
  if (view_.elements() > 0) mark(0, first);
  const auto poison = static_cast<std::byte>(poison_of(view_.dtype));
  for (int64_t i = 0; i < static_cast<int64_t>(is_element.size()); ++i) {
    for (int64_t byte = 0; byte < width && !is_element[i]; ++byte) {
      if (mapping_.get()[i * width + byte] != poison) return i - first;
    }
  }
  return {};
}

}  // namespace lathe
