// The cache on disk as processes use it: several at once, and on a disk that is full.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/tools/helpers.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

struct Shop : TemporaryFolder {
  Shop() { write("add.lathe", "add(A: f32[N], B: f32[N]) -> C: f32[N]\n  C[i] = A[i] + B[i]\n"); }

  // What a shell returns for these commands, in the folder; its output is in out.txt.
  int run(const std::string& commands) const {
    write("commands", "export LATHE_CACHE=$PWD/cache\ncheck() { '" LATHE_COMMAND "' check add.lathe --size N=9; }\n" +
                          commands + "\n");
    const int status = std::system(("cd '" + path() + "' && sh ./commands >out.txt 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string output() const { return read_file(path("out.txt"), "test"); }
  // Entries, and whatever else was left there.
  int files() const {
    int count = 0;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(path("cache"))) ++count;
    return count;
  }
};

}  // namespace

TEST_CASE("processes that compile one operator at once are all right, and leave whole entries only") {
  Shop shop;
  CHECK_MESSAGE(shop.run("ids=''\nfor i in 1 2 3 4 5 6; do check & ids=\"$ids $!\"; done\n"
                         "for id in $ids; do wait $id || exit 1; done") == 0,
                shop.output());
  const int files = shop.files();
  CHECK(files >= 1);
  CHECK(shop.run("check") == 0);
  CHECK(shop.files() == files);
}

TEST_CASE("on a disk that is full a command says so once, and does its work") {
  Shop shop;
  CHECK_MESSAGE(shop.run("(ulimit -f 0; check; echo returned $?) 2>&1 | cat") == 0, shop.output());
  const std::string output = shop.output();
  CHECK_MESSAGE(output.find("returned 0") != std::string::npos, output);
  const size_t told = output.find("lathe: cache: the folder");
  CHECK_MESSAGE(told != std::string::npos, output);
  CHECK_MESSAGE(output.find("lathe: cache:", told + 1) == std::string::npos, output);
  CHECK(shop.files() == 0);
}
