// Pictures as tensors [H, W, C]: PNG and JPEG in, PNG out.
#pragma once

#include <string>

#include "support/tensor_view.h"

namespace lathe::tools {

// Whether a file of this name is handled here rather than as .npy: .png, .jpg or .jpeg.
bool is_picture(const std::string& path);

// The picture as f32 in 0..1 or u8 in 0..255, with the file's own channels: grey 1, grey + alpha 2, RGB 3, RGBA 4.
// Sample values are taken as they are stored (usually sRGB); 16-bit files are reduced to 8. Error{bad_file} otherwise.
Tensor read_picture(const std::string& path, DType dtype);

// Writes f32 (clamped to 0..1) or u8, [H, W] or [H, W, C] with C from 1 to 4, as a PNG.
void write_png(const std::string& path, const TensorView& view);

}  // namespace lathe::tools
