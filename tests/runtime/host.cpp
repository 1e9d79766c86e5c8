// The host's description.
#include "jit/runtime/host.h"

#include "helpers.h"

using namespace lathe;

TEST_CASE("the host has a level, caches, threads and rates that hardware can have") {
  const Target& host = host_target();
  MESSAGE(host.cpu << " " << host.level << ": mul " << host.mul.per_cycle << ", add " << host.add.per_cycle
                   << ", logic " << host.logic.per_cycle << " of " << host.vector_bytes << " bytes a cycle, "
                   << host.clock_ghz << " GHz, " << host.threads << " threads");
  CHECK(host.name == "host");
  CHECK(level_number(host.level) >= 0);
  CHECK(host.vector_bytes == target_named(host.level).vector_bytes);
  CHECK(host.vector_registers == target_named(host.level).vector_registers);
  CHECK(host.threads >= 1);
  CHECK(host.l1_bytes >= 8 << 10);
  CHECK(host.l2_bytes >= host.l1_bytes);
  for (double rate : {host.mul.per_cycle, host.add.per_cycle, host.logic.per_cycle}) {
    CHECK(rate > 0);
    CHECK(rate <= 8);
  }
  CHECK(host.divide.per_cycle > 0);
  CHECK(host.divide.per_cycle <= 2);
  CHECK(host.clock_ghz > 0.1);
  CHECK(host.clock_ghz < 10);
  CHECK(missing_features(target_named(host.level), host).empty());
  CHECK(&host_target() == &host);
}

TEST_CASE("a level on the host keeps the host's caches and takes the level's registers") {
  Target v2 = target_on_host("x86-64-v2");
  CHECK(v2.name == "x86-64-v2");
  CHECK(v2.vector_bytes == 16);
  CHECK(v2.l2_bytes == host_target().l2_bytes);
  CHECK(v2.threads == host_target().threads);
  CHECK(v2.clock_ghz == host_target().clock_ghz);
  CHECK(v2.popcount.per_cycle == 0);
  CHECK(target_on_host("x86-64-v2").mul.per_cycle == v2.mul.per_cycle);
  CHECK(target_on_host("").name == "host");
  CHECK(target_on_host("host").name == "host");
}

TEST_CASE("an unknown name lists the descriptions") {
  CHECK_ERROR(target_on_host("x86-64-v44"), unknown_target, "got x86-64-v44", "one of x86-64-v2");
}

TEST_CASE("code for features that a machine lacks is refused by name") {
  Target old = target_named("x86-64-v2");
  CHECK(missing_features(target_named("x86-64-v2"), old).empty());
  CHECK_ERROR(check_runs_on(target_named("x86-64-v3"), old), missing_feature, "cannot run code for x86-64-v3",
              "got no avx, avx2", "fma", "choose a lower level");
}
