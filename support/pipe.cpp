// Names of machine operation classes, as target descriptions write them.
#include "support/pipe.h"

namespace lathe {

std::string_view name_of(Pipe pipe) {
  switch (pipe) {
    case Pipe::none: return "none";
    case Pipe::add: return "add";
    case Pipe::mul: return "mul";
    case Pipe::logic: return "logic";
    case Pipe::divide: return "divide";
    case Pipe::math: return "math";
    case Pipe::popcount: return "popcount";
  }
  return "none";
}

}  // namespace lathe
