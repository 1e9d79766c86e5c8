// Pictures through libpng's simplified interface and libjpeg.
#include "tools/picture.h"

#include <fmt/core.h>
#include <jpeglib.h>  // needs cstdio before it
#include <png.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <csetjmp>
#include <cstdio>

#include "support/error.h"
#include "tools/files.h"

namespace lathe::tools {
namespace {

// Bytes of a picture, row-major [H, W, C].
struct Samples {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<unsigned char> bytes;
};

[[noreturn]] void fail(const std::string& what, const std::string& got, const std::string& need) {
  throw Error(ErrorCode::bad_file, {.step = "picture", .what = what, .got = got, .need = need});
}

std::string extension_of(const std::string& path) {
  size_t dot = path.rfind('.');
  std::string text = dot == std::string::npos ? "" : path.substr(dot + 1);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Samples decode_png(const std::string& path, const std::string& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, file.data(), file.size()))
    fail(path + " is not a PNG picture", image.message, "a whole PNG file");
  image.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
  Samples samples{image.height, image.width, PNG_IMAGE_SAMPLE_CHANNELS(image.format), {}};
  samples.bytes.resize(PNG_IMAGE_SIZE(image));
  if (!png_image_finish_read(&image, nullptr, samples.bytes.data(), 0, nullptr))
    fail(path + " is a broken PNG picture", image.message, "a whole PNG file");
  return samples;
}

// libjpeg reports an error by a call that must not return: jump back to the reader with its message.
struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};
void leave_jpeg(j_common_ptr state) {
  auto* errors = reinterpret_cast<JpegErrors*>(state->err);
  state->err->format_message(state, errors->message);
  std::longjmp(errors->back, 1);
}
void drop_jpeg_warning(j_common_ptr) {}

// Everything between setjmp and longjmp is plain data; `samples` belongs to the caller. False: errors.message says why.
bool decode_jpeg_into(Samples& samples, const std::string& file, JpegErrors& errors) {
  jpeg_decompress_struct state{};
  state.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave_jpeg;
  errors.manager.output_message = drop_jpeg_warning;
  if (setjmp(errors.back)) {
    jpeg_destroy_decompress(&state);
    return false;
  }
  jpeg_create_decompress(&state);
  jpeg_mem_src(&state, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&state, TRUE);
  state.out_color_space = state.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&state);
  samples.height = state.output_height;
  samples.width = state.output_width;
  samples.channels = state.output_components;
  samples.bytes.resize(static_cast<size_t>(samples.height * samples.width * samples.channels));
  while (state.output_scanline < state.output_height) {
    JSAMPROW row = &samples.bytes[static_cast<size_t>(state.output_scanline * samples.width * samples.channels)];
    jpeg_read_scanlines(&state, &row, 1);
  }
  bool torn = errors.manager.num_warnings > 0;
  if (torn) errors.manager.format_message(reinterpret_cast<j_common_ptr>(&state), errors.message);
  jpeg_finish_decompress(&state);
  jpeg_destroy_decompress(&state);
  return !torn;
}

Samples decode_jpeg(const std::string& path, const std::string& file) {
  Samples samples;
  JpegErrors errors{};
  if (!decode_jpeg_into(samples, file, errors))
    fail(path + " is a broken JPEG picture", errors.message, "a whole JPEG file");
  return samples;
}

unsigned char sample_of(const TensorView& view, int64_t offset) {
  if (view.dtype == u8) return static_cast<const unsigned char*>(view.data)[offset];
  float value = static_cast<const float*>(view.data)[offset];
  return static_cast<unsigned char>(std::lround(255 * (value > 0 ? std::min(value, 1.0f) : 0.0f)));  // NaN is black
}

}  // namespace

bool is_picture(const std::string& path) {
  std::string extension = extension_of(path);
  return extension == "png" || extension == "jpg" || extension == "jpeg";
}

Tensor read_picture(const std::string& path, DType dtype) {
  if (dtype != f32 && dtype != u8) fail("a picture is read into an input", std::string(name_of(dtype)), "f32 or u8");
  std::string file = read_file(path, "picture");
  Samples samples = extension_of(path) == "png" ? decode_png(path, file) : decode_jpeg(path, file);
  Tensor tensor(dtype, {samples.height, samples.width, samples.channels});
  if (dtype == u8) {
    std::copy(samples.bytes.begin(), samples.bytes.end(), tensor.as<unsigned char>());
  } else {
    std::transform(samples.bytes.begin(), samples.bytes.end(), tensor.as<float>(),
                   [](unsigned char sample) { return static_cast<float>(sample) / 255.0f; });
  }
  return tensor;
}

void write_png(const std::string& path, const TensorView& view) {
  static constexpr png_uint_32 formats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
  int64_t channels = view.rank() == 3 ? view.shape[2] : 1;
  bool fits = (view.dtype == f32 || view.dtype == u8) && (view.rank() == 2 || view.rank() == 3) && channels >= 1 &&
              channels <= 4 && view.shape[0] >= 1 && view.shape[1] >= 1;
  if (!fits)
    fail(path + " cannot hold this tensor", describe(view),
         "f32 or u8, [H, W] or [H, W, C] with C from 1 to 4, not empty");

  int64_t height = view.shape[0], width = view.shape[1], channel_stride = view.rank() == 3 ? view.strides[2] : 0;
  std::vector<unsigned char> bytes;
  bytes.reserve(static_cast<size_t>(height * width * channels));
  for (int64_t y = 0; y < height; y++) {
    for (int64_t x = 0; x < width; x++) {
      for (int64_t c = 0; c < channels; c++) {
        bytes.push_back(sample_of(view, y * view.strides[0] + x * view.strides[1] + c * channel_stride));
      }
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  image.format = formats[channels - 1];
  if (!png_image_write_to_file(&image, path.c_str(), 0, bytes.data(), 0, nullptr))
    fail(path + " cannot be written", image.message, "a folder that may be written, and room");
}

}  // namespace lathe::tools
