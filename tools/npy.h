// Arrays in .npy files, NumPy's own format: versions 1 to 3, C and Fortran order, both byte orders.
#pragma once

#include <string>

#include "support/tensor_view.h"

namespace lathe::tools {

// A tensor read from somewhere. In Fortran order the view's strides ascend: the data stay as they were in the file.
struct Array {
  Tensor storage;
  TensorView view;
};

// Error{bad_file} for a file that cannot be read, is torn, or has an element type that Lathe has not.
Array read_npy(const std::string& path);

// Writes version 1, C order, whatever the strides of `view`. Elements of packed types are written as whole bytes.
void write_npy(const std::string& path, const TensorView& view);

// An array of i8 or u8, as NumPy has it, packed into i4 or u4. Error{bad_file} for another type and for values that do not fit.
Array packed(const Array& array, DType type, const std::string& path);

}  // namespace lathe::tools
