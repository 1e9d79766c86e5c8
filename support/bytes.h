// Numbers and texts as bytes of this machine, for files that only it reads. The reader never looks past the end: what
// is missing or absurd makes it bad, and everything read from then on is empty.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace lathe {

class ByteWriter {
 public:
  template <class T>
  void number(T value) {
    const auto wide = static_cast<uint64_t>(value);
    bytes_.append(reinterpret_cast<const char*>(&wide), sizeof wide);
  }
  void text(std::string_view text) {
    number(text.size());
    bytes_.append(text);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T = uint64_t>
  T number() {
    uint64_t wide = 0;
    if (!take(sizeof wide)) return T{};
    std::memcpy(&wide, bytes_.data() + at_ - sizeof wide, sizeof wide);
    return static_cast<T>(wide);
  }
  std::string text() {
    const auto size = number<uint64_t>();
    if (!take(size)) return {};
    return std::string(bytes_.substr(at_ - size, size));
  }
  std::string_view rest() const { return good_ ? bytes_.substr(at_) : std::string_view(); }
  bool good() const { return good_; }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  bool take(uint64_t count) {
    good_ = good_ && count <= bytes_.size() - at_;
    if (good_) at_ += count;
    return good_;
  }

  std::string_view bytes_;
  size_t at_ = 0;
  bool good_ = true;
};

}  // namespace lathe
