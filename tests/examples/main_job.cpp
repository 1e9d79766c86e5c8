// The main job from outside: what it prints and writes.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <sstream>

#include "tests/tools/helpers.h"
#include "tools/picture.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

std::string output_of(const TemporaryFolder& folder, const std::string& command) {
  int status = std::system(("cd '" + folder.path() + "' && " + command + " >printed.txt").c_str());
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return read_file(folder.path("printed.txt"), "test");
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("the main job writes its pictures and is right") {
  TemporaryFolder folder;
  std::string printed = output_of(folder, PROGRAMS "/photo_job --small --out pictures");
  CHECK(contains(printed, "Machine code generated while running: 0 times."));

  std::istringstream lines(printed);
  std::string line;
  double naive_ms = 0, scheduled_ms = 0, fraction = 0, error = -1, compile_ms = 0;
  while (std::getline(lines, line)) {
    std::istringstream row(line);
    std::string size, speedup;
    if (row >> size && size == "96x96") row >> naive_ms >> scheduled_ms >> speedup >> fraction >> error >> compile_ms;
  }
  CHECK(naive_ms > 0);
  CHECK(scheduled_ms > 0);
  CHECK(fraction > 0);
  CHECK(compile_ms > 0);
  CHECK(error >= 0);
  CHECK(error <= 1e-4);

  Tensor before = read_picture(folder.path("pictures/96x96_before.png"), f32);
  Tensor after = read_picture(folder.path("pictures/96x96_after.png"), f32);
  REQUIRE(before.view().shape == std::vector<int64_t>{96, 96, 3});
  REQUIRE(after.view().shape == before.view().shape);
  // Local contrast changes many pixels by little.
  double sum = 0, largest = 0;
  for (int64_t i = 0; i < before.view().elements(); ++i) {
    double change = std::abs(double(after.as<float>()[i]) - double(before.as<float>()[i]));
    sum += change;
    largest = std::max(largest, change);
  }
  CHECK(sum / double(before.view().elements()) > 0.005);
  CHECK(largest < 0.5);
}

}  // namespace
