// What a random schedule should have, beyond what chance gives it: coverage asks for rare directives and pairs of them.
#pragma once

#include <set>

#include "schedules/schedule.h"
#include "tests/fuzz/random.h"

namespace lathe {

struct Taste {
  std::set<DirectiveKind> wanted = {};
  bool wants(DirectiveKind kind) const { return wanted.count(kind) > 0; }
  bool chance(Random& random, DirectiveKind kind, int percent) const { return random.chance(wants(kind) ? 90 : percent); }
};

}  // namespace lathe
