// One variant of a schedule by itself: the one that a call takes, and each of them at sizes that are fixed.
#include <doctest/doctest.h>

#include <set>

#include "jit/lower/lower.h"
#include "lang/oracle.h"
#include "tests/tuner/fixtures.h"
#include "tuner/dispatched.h"
#include "tuner/executed.h"
#include "tuner/one_variant.h"

namespace lathe::tuner {

TEST_CASE("the program's dispatch and the schedule's conditions name the same variant") {
  const Operator op = product();
  const Target target = target_named("x86-64-v3");
  const Schedule schedule = with_params_fixed(constructed_schedule(op, {.target = target}), target);
  const ir::Program program = compile_to_ir(op, {.schedule = schedule, .target = target});
  std::set<std::string> taken;
  for (const int64_t m : {3, 40, 500}) {
    for (const int64_t n : {5, 1024}) {
      const Sizes scalars = scalars_of(op, {{"M", m}, {"N", n}, {"K", 300}});
      const std::vector<Asked> asked = dispatched(program, scalars);
      REQUIRE(!asked.empty());
      for (const Asked& a : asked) CHECK(a.taken == (&a == &asked.back()));
      CHECK(asked.size() == 1 + variant_taken(schedule, target, scalars));
      taken.insert(asked.back().function);
    }
  }
  CHECK(taken.size() > 1);
}

TEST_CASE("each variant runs alone at sizes that are fixed, whatever its condition says") {
  const Operator op = product();
  const Schedule schedule = constructed_schedule(op);
  const Sizes sizes{{"M", 21}, {"N", 70}, {"K", 33}};
  for (size_t v = 0; v < schedule.specializations.size(); ++v) {
    CAPTURE(v);
    const Kernel kernel = compile(op, {.schedule = variant_at(schedule, v, op, sizes), .cache = Cache::memory});
    CHECK(kernel.stats().variants == 2);  // itself and the plain nest
    const CheckOptions check{.seed = v + 1, .strides = CheckStrides::dense};
    const CheckData data = make_check_data(op, sizes, check);
    kernel.run(data.bindings.tensors, {.threads = 1});
    CHECK(compare(op, data, check).good);
  }
}

}  // namespace lathe::tuner
