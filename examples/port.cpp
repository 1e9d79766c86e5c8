// Porting an operator that a product has already: its formula once, its own memory, threads and errors around it, and the
// proof that not one bit changes.
//
//   dst = src + amount (src - mean of the 3x3 around)        u8 pictures with padded rows, in fixed point; borders repeat
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <vector>

#include "lathe.h"

using namespace lathe;

namespace {

// What the product ships today. amount: in 1/2304
void sharpen_in_c(const uint8_t* src, int64_t src_pitch, uint8_t* dst, int64_t dst_pitch, int64_t height, int64_t width, int32_t amount) {
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      int32_t around = 0;
      for (int64_t r = y - 1; r <= y + 1; ++r) {
        for (int64_t s = x - 1; s <= x + 1; ++s) {
          around += src[std::clamp<int64_t>(r, 0, height - 1) * src_pitch + std::clamp<int64_t>(s, 0, width - 1)];
        }
      }
      const int32_t centre = src[y * src_pitch + x];
      dst[y * dst_pitch + x] = uint8_t(std::clamp(centre + ((amount * (9 * centre - around)) >> 8), 0, 255));
    }
  }
}

// The same as a formula: loops, borders and clamped addresses are no longer ours. >> rounds down in both.
Operator sharpen() {
  Var y("y"), x("x");
  Size H("H", 1, 1 << 20), W("W", 1, 1 << 20);
  Input src("src", u8, {H, W});
  Param amount("amount", i32, 0);
  RDom r(0, 3, "r"), s(0, 3, "s");
  Func around("around"), dst("dst");
  around(y, x) = sum({r, s}, cast(i32, src.at({y + r - 1, x + s - 1}, Boundary::edge)));
  const Expr centre = cast(i32, src(y, x));
  dst(y, x) = cast(u8, min(max(centre + ((amount * (centre * 9 - around(y, x))) >> 8), 0), 255));
  return make_operator("sharpen", {src, amount}, {{dst, {H, W}}});
}

// A picture of the product's own: rows of `pitch` bytes, of which `width` are the picture's.
struct Picture {
  int64_t height, width, pitch;
  std::vector<uint8_t> bytes;
  Picture(int64_t h, int64_t w) : height(h), width(w), pitch((w + 31) / 32 * 32), bytes(size_t(h * pitch), 77) {}
  TensorView view() { return {bytes.data(), u8, {height, width}, {pitch, 1}}; }
};

// The product's threads and its arena, through the hooks of a call: here two threads, and memory that is counted.
struct Services {
  int64_t bytes_asked_for = 0;
};
int32_t on_two_threads(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  int32_t first = 0;
  std::thread other([&] { first = task(context, closure, 0, count / 2); });
  const int32_t second = task(context, closure, count / 2, count);
  other.join();
  return first ? first : second;
}
void* allocate(LatheContext* context, int64_t bytes) {
  static_cast<Services*>(context->user)->bytes_asked_for += bytes;
  return std::aligned_alloc(64, size_t(bytes + 63) / 64 * 64);
}
void release(LatheContext*, void* memory) { std::free(memory); }

}  // namespace

int main() {
  const Operator op = sharpen();
  fmt::print("The formula:\n\n{}\n", print(op));
  fmt::print("The loop nest that is constructed for this machine:\n\n{}\n", ir::print(compile_to_ir(op, {}, "lower").functions[0]));

  // One kernel for every size, held against the old function on pictures of all kinds of shapes.
  const Kernel kernel = compile(op);
  Services services;
  LatheContext context{on_two_threads, allocate, release, &services, nullptr};
  int pictures = 0, different = 0;
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {1, 40}, {3, 31}, {17, 33}, {64, 64}, {123, 457}}) {
    for (const int32_t amount : {0, 96, -40, 2304}) {
      Picture src(height, width), old(height, width), now(height, width);
      for (size_t i = 0; i < src.bytes.size(); ++i) src.bytes[i] = uint8_t(i * i % 251);
      sharpen_in_c(src.bytes.data(), src.pitch, old.bytes.data(), old.pitch, height, width, amount);
      kernel.run(std::vector<TensorView>{src.view(), now.view()}, {.context = &context}, {{"amount", amount}});
      different += old.bytes != now.bytes;                  // the padding too, which stays as it was
      ++pictures;
    }
  }
  fmt::print("{} pictures, {} differ from what the old function makes\n", pictures, different);

  // What does not fit is refused before anything is written, with a code that stays and a text for people.
  Picture src(8, 8), small(8, 7);
  try {
    kernel(src.view(), small.view());
  } catch (const Error& error) {
    fmt::print("{} {}\n", code_text(error.code()), error.what());
  }
  return different;
}
