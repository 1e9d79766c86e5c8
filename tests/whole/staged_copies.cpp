// Copies of operands have room for all that tiles touch. This program checks every kernel's scratch memory.
#include <doctest/doctest.h>

#include "jit/compile.h"
#include "lang/oracle.h"
#include "lang/text.h"
#include "schedules/text.h"

namespace lathe {
namespace {

TEST_CASE("a copy made outside of panels that are tiled again has room for their last unit") {
  const SourceFile file = parse_file_text(
      "product(A: f32[M, K], B: f32[K, N]) -> C: f32[M, N]\n"
      "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
      "schedule for product\n"
      "C.split(k, ko, ki, 32, even).split(j, jp, jj, 64).tile(jj, i -> jo, io, ji, ii; width 16: 2 rows)\n"
      "C.reorder(ko, jp, io, jo, ki, ii, ji).vectorize(ji).unroll(ii).store_in(registers, at = jo)\n"
      "B.stage_at(C, ko).layout(ki, ji).with_first(io)\n",
      "product.lathe");
  const Operator& op = file.operators.at(0);
  const Target target = target_named("x86-64-v2");
  const Kernel kernel = compile(op, {.schedule = schedule_for(file, op, target.level), .target = target});
  for (const int64_t columns : {1, 15, 24, 65, 130}) {
    const CheckData data = make_check_data(op, {{"M", 5}, {"K", 37}, {"N", columns}}, {});
    kernel.run(data.bindings.tensors, {}, {});
    CHECK(compare(op, data, {}).good);
  }
}

}  // namespace
}  // namespace lathe
