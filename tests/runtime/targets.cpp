// Target descriptions: the embedded ones, and what is wrong with a bad one.
#include "helpers.h"
#include "targets/target.h"

using namespace lathe;

namespace {

const char* const good = R"(name = "mine"
level = "x86-64-v3"
cpu = ""
features = ["+fma", "-avx512f"]
threads = 4
clock_ghz = 3.5
[vector]
bytes = 32
registers = 16
mask_registers = false
loads_per_cycle = 3
stores_per_cycle = 2
[pipes]
add = { per_cycle = 2, latency_cycles = 3 }
mul = { per_cycle = 2.0, latency_cycles = 4 }
logic = { per_cycle = 3, latency_cycles = 1 }
divide = { per_cycle = 0.2, latency_cycles = 11 }
popcount = { per_cycle = 0, latency_cycles = 3 }
[caches]
l1_bytes = 49152
l2_bytes = 2097152
l3_bytes = 0
)";

std::string with(std::string from, const std::string& to) {
  std::string text = good;
  auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a description gives every field of a target") {
  Target t = parse_target(good, "mine.toml");
  CHECK(t.name == "mine");
  CHECK(t.level == "x86-64-v3");
  CHECK(t.has_feature("fma"));
  CHECK_FALSE(t.has_feature("avx512f"));
  CHECK(t.threads == 4);
  CHECK(t.clock_ghz == 3.5);
  CHECK(t.vector_bytes == 32);
  CHECK(t.lanes(4) == 8);
  CHECK(t.loads_per_cycle == 3);
  CHECK(t.stores_per_cycle == 2);
  CHECK(t.add.latency_cycles == 3);
  CHECK(t.divide.per_cycle == 0.2);
  CHECK(t.popcount.per_cycle == 0);
  CHECK(t.l1_bytes == 49152);
  CHECK(t.l3_bytes == 0);
}

TEST_CASE("the three levels are embedded and differ in registers and features") {
  CHECK(target_names() == std::vector<std::string>{"x86-64-v2", "x86-64-v3", "x86-64-v4"});
  Target v2 = target_named("x86-64-v2"), v3 = target_named("x86-64-v3"), v4 = target_named("x86-64-v4");
  CHECK(v2.vector_bytes == 16);
  CHECK(v2.vector_registers == 16);
  CHECK_FALSE(v2.has_feature("fma"));
  CHECK(v3.vector_bytes == 32);
  CHECK(v3.vector_registers == 16);
  CHECK(v3.has_feature("fma"));
  CHECK_FALSE(v3.mask_registers);
  CHECK(v4.vector_bytes == 64);
  CHECK(v4.vector_registers == 32);
  CHECK(v4.mask_registers);
  CHECK(v4.popcount.per_cycle == 0);
  for (const Target& t : {v2, v3, v4}) CHECK(t.name == t.level);
}

TEST_CASE("each level has the features of the one below") {
  auto covers = [](const char* upper, const char* lower) {
    Target high = target_named(upper);
    for (const std::string& feature : target_named(lower).features) CHECK(high.has_feature(feature.substr(1)));
  };
  covers("x86-64-v3", "x86-64-v2");
  covers("x86-64-v4", "x86-64-v3");
}

TEST_CASE("an unknown target lists the names and suggests one") {
  CHECK_ERROR(target_named("x86-64-v5"), unknown_target, "got x86-64-v5", "x86-64-v2, x86-64-v3, x86-64-v4",
              "did you mean");
}

TEST_CASE("an unknown key is an error at its line") {
  CHECK_ERROR(parse_target(with("threads = 4", "threads = 4\nthreds = 5"), "mine.toml"), bad_file,
              "unknown key 'threds'", "mine.toml:6", "did you mean 'threads'?");
  CHECK_ERROR(parse_target(with("bytes = 32", "bytes = 32\nwidth = 5"), "mine.toml"), bad_file,
              "unknown key 'vector.width'", "mine.toml:9");
}

TEST_CASE("a missing key is an error at its table") {
  CHECK_ERROR(parse_target(with("registers = 16\n", ""), "mine.toml"), bad_file, "missing key 'vector.registers'",
              "mine.toml:7");
  CHECK_ERROR(parse_target(with(", latency_cycles = 11", ""), "mine.toml"), bad_file,
              "missing key 'pipes.divide.latency_cycles'", "mine.toml:17");
}

TEST_CASE("a value of the wrong type or range is an error at its line") {
  CHECK_ERROR(parse_target(with("bytes = 32", "bytes = 48"), "mine.toml"), bad_file, "'vector.bytes'", "got 48",
              "need 16, 32 or 64", "mine.toml:8");
  CHECK_ERROR(parse_target(with("threads = 4", "threads = \"4\""), "mine.toml"), bad_file, "got \"4\"",
              "need an integer in 1..65536", "mine.toml:5");
  CHECK_ERROR(parse_target(with("per_cycle = 0.2", "per_cycle = -1"), "mine.toml"), bad_file,
              "'pipes.divide.per_cycle'", "got -1");
  CHECK_ERROR(parse_target(with("x86-64-v3", "x86-64-v9"), "mine.toml"), bad_file, "'level'", "got \"x86-64-v9\"");
  CHECK_ERROR(parse_target(with("\"+fma\"", "\"fma\""), "mine.toml"), bad_file, "got \"fma\"", "\"+fma\" or \"-fma\"");
  CHECK_ERROR(parse_target(with("mask_registers = false", "mask_registers = 0"), "mine.toml"), bad_file,
              "need true or false");
}

TEST_CASE("text that is no TOML is a syntax error with its place") {
  CHECK_ERROR(parse_target("name = \"x\"\nlevel = = 3\n", "broken.toml"), syntax, "is no TOML", "broken.toml:2");
}

TEST_CASE("another instruction set keeps the machine's caches, threads and clock") {
  Target machine = parse_target(good, "mine.toml");
  Target both = with_instruction_set(machine, target_named("x86-64-v4"));
  CHECK(both.name == "x86-64-v4");
  CHECK(both.vector_registers == 32);
  CHECK(both.mask_registers);
  CHECK(both.has_feature("avx512f"));
  CHECK(both.l1_bytes == 49152);
  CHECK(both.threads == 4);
  CHECK(both.clock_ghz == 3.5);
}
