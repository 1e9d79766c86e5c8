// Debuggers and profilers see functions of loaded programs by name, for as long as these are loaded.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

#include "tests/codegen/run_program.h"

// The list as GDB's manual describes it.
extern "C" {
struct ListedObject {
  ListedObject *next, *previous;
  const char* image;
  uint64_t bytes;
};
extern struct DebuggerList {
  uint32_t version, action;
  ListedObject *relevant, *first;
} __jit_debug_descriptor;
}

namespace {
using namespace lathe;
using namespace lathe::test;

constexpr const char* program = R"(program listed

unit named_for_debuggers(y: f32; n: i64) {
  for i in 0, n serial {
    y[i] = f32(1)
  }
}

entry listed(y: f32; n: i64) {
  call named_for_debuggers(y; n)
}
)";

// Entries of the list whose object file names the function.
int listed(std::string_view function) {
  int count = 0;
  for (const ListedObject* e = __jit_debug_descriptor.first; e; e = e->next) {
    const std::string_view image(e->image, e->bytes);
    count += image.starts_with("\x7f" "ELF") && image.find(function) != std::string_view::npos;
  }
  return count;
}

TEST_CASE("debuggers find a function's name while its code is loaded, and not afterwards") {
  const Target target = runnable_targets().front();
  CHECK(listed("listed.named_for_debuggers") == 0);
  {
    const Compiled first(program, target);
    CHECK(listed("listed.named_for_debuggers") == 1);
    {
      const Compiled second(program, target);               // runs the code of the first
      CHECK(listed("listed.named_for_debuggers") == 1);
    }
    CHECK(listed("listed.named_for_debuggers") == 1);
  }
  CHECK(listed("listed.named_for_debuggers") == 0);
}

TEST_CASE("LATHE_PERF_MAP writes where functions are") {
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  std::remove(path.c_str());
  setenv("LATHE_PERF_MAP", "1", 1);
  const Compiled compiled(program, runnable_targets().front());
  unsetenv("LATHE_PERF_MAP");
  std::ifstream map(path);
  uint64_t start = 0, bytes = 0;
  std::string name;
  bool found = false;
  while (map >> std::hex >> start >> bytes >> name) found = found || (name == "listed.listed" && start > 0 && bytes > 0);
  CHECK(found);
  std::remove(path.c_str());
}

}  // namespace
