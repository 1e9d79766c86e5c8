// The `lathe` command: a table of verbs, help that starts with examples, and exit codes.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "support/error.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct Verb {
  const char* name;
  const char* summary;
  const char* examples;
  Action (*add)(CLI::App& app);
};

constexpr Verb verbs[] = {
    {"run", "compile an operator and run it on .npy arrays and pictures",
     "  lathe run dense.lathe --in A=a.npy --in B=b.npy --in bias=c.npy --out D=d.npy\n"
     "  lathe run stdlib:blur3x3 --in X=photo.jpg --out Y=blurred.png\n"
     "  lathe run conv.lathe:conv --in X=x.npy --in F=f.npy --out Y=y.npy --set stride=2\n",
     add_run},
    {"check", "compare an operator with the reference interpreter on generated data",
     "  lathe check stdlib:matmul\n"
     "  lathe check dense.lathe --size M=7,N=4093,K=31 --size M=0,N=1,K=1\n"
     "  lathe check dense.lathe --schedule other.lathe --target x86-64-v3 --threads 2\n",
     add_check},
    {"bench", "time an operator next to the peak and bandwidth of the machine",
     "  lathe bench stdlib:matmul --size M=1024,N=1024,K=1024\n"
     "  lathe bench stdlib:matmul --size M=1021,N=1021,K=1021 --schedule naive --json\n"
     "  lathe bench blur.lathe --size H=2160,W=3840,C=3 --cold --threads 2\n"
     "  lathe bench stdlib:matmul --sweep --size M=8..512,N=64..1024,K=256/1000\n",
     add_bench},
    {"tune", "search for a faster schedule, and keep what is found",
     "  lathe tune stdlib:matmul --size M=1024,N=1024,K=1024 --budget 30s\n"
     "  lathe tune stdlib:softmax --size M=1000,N=1000 --budget 2m --threads 0\n"
     "  lathe tune blur.lathe --size H=2160,W=3840,C=3 --csv samples.csv --store ./tuned.sqlite\n"
     "  lathe tune --job night.toml --budget 8h\n",
     add_tune},
    {"store", "list, export, import, merge, compare and pin tuned records",
     "  lathe store list\n"
     "  lathe store export > records.jsonl\n"
     "  lathe store import records.jsonl --store ./tuned.sqlite\n",
     add_store},
    {"show", "print a stage of the compilation",
     "  lathe show dense.lathe --stage algorithm\n"
     "  lathe show stdlib:matmul --stage loops\n"
     "  lathe show stdlib:matmul --stage asm --target x86-64-v3\n",
     add_show},
    {"explain", "tell why a schedule is as it is, and what bounds the time at a size",
     "  lathe explain stdlib:softmax --size M=1000,N=1000\n"
     "  lathe explain stdlib:matmul --size M=64,N=64,K=64 --schedule zero-shot --target x86-64-v4\n"
     "  lathe explain conv.lathe:conv --size N=1,H=56,W=56,C=64,R=3,S=3,O=64 --json\n",
     add_explain},
    {"build", "compile an operator ahead of time, to an archive and a C header",
     "  lathe build stdlib:matmul -o built\n"
     "  lathe build conv.lathe:conv -o built --set stride=2 --level x86-64-v3\n",
     add_build},
    {"list", "list the operators of a file or of the standard library",
     "  lathe list\n"
     "  lathe list dense.lathe --json\n",
     add_list},
    {"doctor", "describe this machine and measure its peak and bandwidth",
     "  lathe doctor\n"
     "  lathe doctor --json\n",
     add_doctor},
    {"tune-worker", "", "", add_tune_worker},  // started by `tune`, not listed
};

constexpr const char* general_examples =
    "  lathe list\n"
    "  lathe check stdlib:matmul --size M=127,N=131,K=137\n"
    "  lathe bench stdlib:matmul --size M=1024,N=1024,K=1024\n"
    "  lathe run dense.lathe --in A=a.npy --in B=b.npy --in bias=c.npy --out D=d.npy\n";

constexpr const char* exit_codes =
    "Data are printed on stdout, messages on stderr. Exit codes: 0 good, 1 the check said no, 2 wrong use (the "
    "command\n"
    "line, a file or an argument), 3 an internal error.";

// CLI11's help with the examples before everything else.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    const char* examples = general_examples;
    for (const Verb& verb : verbs) {
      if (app->get_name() == verb.name) examples = verb.examples;
    }
    return fmt::format("Examples\n{}\n{}\n\n", examples, app->get_description());
  }
};

int run_command(int argc, char** argv) {
  CLI::App app("Lathe compiles tensor operators for this machine and runs them.", "lathe");
  app.formatter(std::make_shared<ExamplesFirst>());
  app.require_subcommand(1);
  app.footer(exit_codes);
  int result = good;
  for (const Verb& verb : verbs) {
    CLI::App* sub = app.add_subcommand(verb.name, verb.summary);
    if (*verb.summary == 0) sub->group("");
    Action action = verb.add(*sub);
    sub->callback([action, &result] { result = action(); });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? good : bad_use;  // 0: help was asked for
  }
  return result;
}

}  // namespace
}  // namespace lathe::tools

int main(int argc, char** argv) {
  using namespace lathe;
  try {
    return tools::run_command(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return kind_of(error.code()) == ErrorKind::internal ? tools::broken : tools::bad_use;
  } catch (const std::exception& error) {
    fmt::print(stderr, "lathe: internal error: {}\n", error.what());
    return tools::broken;
  }
}
