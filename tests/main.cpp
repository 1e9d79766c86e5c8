// No test reads or writes the user's cache or what the user tuned, nor do the programs that tests start.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/source_dir.h"

std::string source_dir() { return LATHE_SOURCE_DIR; }

int main(int argc, char** argv) {
  setenv("LATHE_CACHE", "off", 1);
  setenv("LATHE_TUNED", "off", 1);
  return doctest::Context(argc, argv).run();
}
