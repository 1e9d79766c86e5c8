// The operand of a register tile that is worth copying: what every row of tiles reads again, vector by vector.
#pragma once

#include "schedules/construct/axes.h"

namespace lathe::construct {

struct Panel {
  std::string tensor;                                       // an input
  Expr worth;                                               // where, in sizes and strides, the copy pays
  int64_t element_bytes = 4;
  bool across = false;                                      // its terms lie side by side: vectors find neighbours in a copy only
};

// The input whose neighbouring elements a vector reads, other rows of terms for other terms, and nothing else for other
// rows of the tile; nothing where there is none, or several reads of it. `rows`: of one tile.
std::optional<Panel> panel_of(const NestFacts& nest, const Axes& axes, int64_t rows);

// The input of which the last index of the result reads rows and the innermost term what lies side by side in them, while all
// other reads are the same for that index, or neighbours; null where there is none. Copied with rows and terms exchanged it is a panel.
const Read* operand_across(const NestFacts& nest);

// The index whose steps read that operand again, the innermost one; "": none does.
std::string rows_of_across(const NestFacts& nest, const Read& operand);

// An operand that every step of several indices reads again, of several terms perhaps, and that no cache near by holds.
struct LargeOperand {
  std::string tensor;
  std::vector<std::string> readers;                         // indices that read the same of it, the tile's rows among them
  Expr pays, does_not;                                      // where it is worth reading in blocks, and where not
  int64_t element_bytes = 4;
};

// The input as for a panel, whatever the number of terms and of indices that read it again; nothing where a panel will do.
// `rows`: of one tile.
std::optional<LargeOperand> large_operand_of(const NestFacts& nest, const Axes& axes, int64_t rows);

// Bytes of an input that the vectors and terms of one tile read.
Expr bytes_read(const NestFacts& nest, const Axes& axes, const Read& read);
Expr half_of_second_cache();

// Whether a vector reads neighbours of an input of which no step of any index but the tile's rows reads them again, and the
// innermost terms other rows of it.
bool reads_once_but_for_rows(const NestFacts& nest, const Axes& axes);

}  // namespace lathe::construct
