// A pass over machine code: what an instruction with an EVEX prefix broadcasts from memory is loaded as integers.
//
//   vbroadcastss (%rax), %zmm0   ->   vpbroadcastd (%rax), %zmm0
//
// Both put the same bits into the register. On cores of the Zen 4 family the first also takes a turn of a shuffle unit,
// which shares its ports with arithmetic; the second is done by the load unit alone. Loops that keep both products and
// sums busy have no turn to give away (docs/design/register-tiles.md). LLVM's choice of domains makes the first of the
// second, so this runs at the very end. Instructions without the prefix are free in both forms.
#pragma once

namespace llvm {
class Pass;
}

namespace lathe::codegen {

llvm::Pass* make_integer_broadcasts();

}  // namespace lathe::codegen
