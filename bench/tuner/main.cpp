// ./dev bench tuner: what docs/tuning.md promises, in numbers.
#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "bench/tuner/parts.h"

namespace lathe::bench {
namespace {

struct Part {
  const char* name;
  bool (*run)(const TunerOptions& options);
};
constexpr Part parts[] = {{"gains", bench_gains},
                          {"plain", bench_plain},
                          {"parameters", bench_parameters},
                          {"layouts", bench_layouts},
                          {"records", bench_records},
                          {"known", bench_known}};

int run(const TunerOptions& options, const std::vector<std::string>& wanted) {
  bool good = true;
  for (const Part& part : parts) {
    const bool asked = wanted.empty() && part.run != bench_known;   // a night's work, and no part of what a tuner promises
    if (asked || std::find(wanted.begin(), wanted.end(), part.name) != wanted.end())
      good = part.run(options) && good;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace lathe::bench

int main(int argc, char** argv) {
  lathe::bench::TunerOptions options;
  std::vector<std::string> wanted;
  CLI::App app(
      "what searches gain, how soon, and what their records are worth: about an hour and a half; each part by itself "
      "is less");
  app.add_option("part", wanted, "gains, plain, parameters, layouts, records; all of these if none is named; or known")
      ->check(CLI::IsMember({"gains", "plain", "parameters", "layouts", "records", "known"}));
  app.add_option("--only", options.only,
                 "a regular expression: cases whose operator and sizes it finds, such as \"conv .*H=28\"");
  app.add_option("--seconds", options.seconds, "of a search")->capture_default_str();
  app.add_option("--seed", options.seed, "of the searches, and of the sizes of records")->capture_default_str();
  app.add_option("--enumerate", options.enumerate_seconds, "gains: seconds to enumerate where nothing was gained")
      ->capture_default_str();
  app.add_option("--plain-seconds", options.plain_seconds, "plain: of a search")->capture_default_str();
  app.add_option("--records", options.records, "records: sizes that are tuned")->capture_default_str();
  app.add_option("--unseen", options.unseen, "records: sizes that they are used for")->capture_default_str();
  app.add_option("--unseen-seconds", options.unseen_seconds, "records: of a search to compare with")
      ->capture_default_str();
  app.add_option("--shapes", options.shapes, "known: shapes that are drawn of each class")->capture_default_str();
  app.add_option("--candidates", options.candidates, "known: that the model ranks first, and as many drawn, for a shape")
      ->capture_default_str();
  app.add_flag("--list", options.list, "known: each candidate, with its predicted and its measured cost beside the constructed schedule's");
  CLI11_PARSE(app, argc, argv);
  try {
    return lathe::bench::run(options, wanted);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
