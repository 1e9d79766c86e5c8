// `lathe tune` and `lathe store` from outside: a short search, and what becomes of its records.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/tools/helpers.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

struct Outcome {
  int code;
  std::string out, err;
};

struct Workshop : TemporaryFolder {
  Workshop() {
    write("scaled.lathe",
          "scaled(X: f32[H, W]) -> Y: f32[H, W]\n"
          "  Y[i, j] = 3 * X[i, j] + 1\n");
  }
  Outcome lathe(const std::string& arguments) const {
    const std::string command =
        "cd '" + path() + "' && LATHE_STORE=s.sqlite '" LATHE_COMMAND "' " + arguments + " >out.txt 2>err.txt";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(path("out.txt"), "test"), read_file(path("err.txt"), "test")};
  }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a short search prints progress, a summary and a schedule that can be used; its records list, travel and are used") {
  const Workshop shop;
  const Outcome tuned = shop.lathe("tune scaled.lathe --size H=5,W=64 --budget 20s --trials 6 --csv samples.csv");
  CHECK(tuned.code == 0);
  CHECK(contains(tuned.err, " kept), best "));
  CHECK(contains(tuned.err, " s left, "));
  CHECK(contains(tuned.out, "# scaled at H=5,W=64: "));
  CHECK(contains(tuned.out, "ended: trials"));
  const size_t schedule = tuned.out.find("schedule for scaled\n");
  REQUIRE(schedule != std::string::npos);
  shop.write("best.lathe", read_file(shop.path("scaled.lathe"), "test") + "\n" + tuned.out.substr(schedule));
  CHECK(shop.lathe("check best.lathe --size H=5,W=64").code == 0);
  CHECK(contains(read_file(shop.path("samples.csv"), "test"), "scaled,\"H=5,W=64\","));

  const auto rows = nlohmann::json::parse(shop.lathe("store list --json").out);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["operator"] == "scaled");
  CHECK(rows[0]["trials"] >= 6);
  const std::string name = rows[0]["name"];
  CHECK(contains(shop.lathe("store show " + name).out, "# scaled at H=5,W=64, 1 threads"));
  shop.write("records.jsonl", shop.lathe("store export").out);
  CHECK(contains(shop.lathe("store import records.jsonl --store other.sqlite").out, " refused"));
  CHECK(shop.lathe("store diff s.sqlite other.sqlite").code == 0);
  CHECK(contains(shop.lathe("store merge other.sqlite").out, ", 0 new, 0 refused"));
  CHECK(shop.lathe("store pin " + name + " none/0").code == 2);
  const auto records = shop.lathe("bench scaled.lathe --size H=5,W=64 --schedule tuned --json --repetitions 1");
  CHECK(nlohmann::json::parse(records.out)[0]["schedule"] == "tuned");

  const std::string run = tuned.out.substr(tuned.out.find("; run ") + 6, 16);
  CHECK(shop.lathe("tune scaled.lathe --size H=5,W=64 --replay " + run).out == "the same decisions\n");
}

TEST_CASE("wrong uses of tuning and its store are refused") {
  const Workshop shop;
  CHECK(contains(shop.lathe("tune").err, "lathe tune takes an operator or a job: got neither"));
  CHECK(contains(shop.lathe("tune scaled.lathe --size H=5,W=64 --budget soon").err, "--budget: got soon, need a time such as 30s"));
  CHECK(shop.lathe("store list --store none.sqlite").code == 2);
  CHECK(contains(shop.lathe("store list --store scaled.lathe").err, "scaled.lathe is no tuning store, or is damaged"));
  CHECK(contains(shop.lathe("store diff a.sqlite").err, "cannot be opened"));
  CHECK(contains(shop.lathe("tune scaled.lathe --size H=5,W=64 --store /proc/none/s.sqlite").err, "cannot be opened"));
  shop.write("job.toml", "[[tune]]\noperator = \"scaled.lathe\"\nspeed = 3\n");
  CHECK(contains(shop.lathe("tune --job job.toml").err, "at job.toml:3:"));
}

TEST_CASE("a job tunes its list and gives each a summary") {
  const Workshop shop;
  shop.write("job.toml", "budget = \"8s\"\n[[tune]]\noperator = \"scaled.lathe\"\nsizes = [\"H=3,W=8\", \"H=4,W=40\"]\n");
  const Outcome done = shop.lathe("tune --job job.toml --trials 3 --budget 3s --json");
  CHECK(done.code == 0);
  CHECK(nlohmann::json::parse(done.out).size() == 2);
  CHECK(contains(done.err, "scaled at H=3,W=8: "));
  CHECK(contains(done.err, "expected gain"));
}

TEST_CASE("a job goes on without what cannot be measured, and says why") {
  const Workshop shop;
  shop.write("more.lathe",
             "ahead(X: f32[H], Z: f32[W]) -> Y: f32[W]\n  Y[i] = X[i + 3] + Z[i]\n"
             "scaled(X: f32[H, W]) -> Y: f32[H, W]\n  Y[i, j] = 3 * X[i, j] + 1\n");
  shop.write("job.toml",
             "budget = \"8s\"\n[[tune]]\noperator = \"more.lathe:ahead\"\nsizes = [\"H=3,W=8\"]\n"
             "[[tune]]\noperator = \"more.lathe:scaled\"\nsizes = [\"H=300000,W=1000000\", \"H=3,W=8\"]\n");
  const Outcome done = shop.lathe("tune --job job.toml --trials 3 --json");
  CHECK(done.code == 1);
  const auto rows = nlohmann::json::parse(done.out);
  REQUIRE(rows.size() == 3);
  CHECK(contains(rows[0]["error"], "Y reads X outside"));
  CHECK(contains(rows[1]["error"], "no memory for the working set"));
  CHECK(rows[2]["time_us"] > 0);
}

}  // namespace
