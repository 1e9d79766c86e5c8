// What of a definition its first update leaves to be read.
#pragma once

#include "jit/lower/split_choices.h"

namespace lathe {

// Boxes that hold every point of a Func's definition which is read, or stays, before the first update writes it; the whole where
// that is not known, or where it takes more than two. A scan S[k + 1] = S[k] + X[k + 1] needs S[0] alone: an update that writes
// each point of a box once, in order, and reads points before the one that it writes, finds the others written by itself.
std::vector<Piece> kept_points(Piece whole, const Facts& facts);

}  // namespace lathe
