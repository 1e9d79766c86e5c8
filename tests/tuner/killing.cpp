// A tuner may die at any instant. The long form of this is `./dev fuzz tuner`.
#include <doctest/doctest.h>

#include "tests/tuner/fixtures.h"
#include "tests/tuner/kill/kills.h"

namespace lathe::tuner {

TEST_CASE("ten kills at random instants lose no acknowledged trial, double none and leave no orphan") {
  Folder folder;
  const Kills kills = kill_tuners(LATHE_COMMAND, folder.path("."), 10, 1);
  CHECK(kills.failure == "");
  CHECK(kills.kills == 10);
  CHECK(kills.acknowledged > 10);
  CHECK(kills.stored >= kills.acknowledged);
}

}  // namespace lathe::tuner
