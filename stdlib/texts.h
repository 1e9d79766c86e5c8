// What stdlib/generate makes of the .lathe files here: their texts, and a row for each operator.
#pragma once

#include "stdlib/library.h"

namespace lathe::stdlib {

struct LibraryText {
  const char* name;                                         // "stdlib/normalize.lathe"
  const char* text;
};
extern const LibraryText texts[];
extern const size_t text_count;

extern const LibraryOperator rows[];
extern const size_t row_count;

const LibraryOperator& find(std::string_view name);         // its row

}  // namespace lathe::stdlib
