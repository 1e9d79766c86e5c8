// lathe build: an operator as an archive and a C header, for programs without Lathe.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/choice.h"
#include "tools/files.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct BuildOptions {
  Choice choice;
  std::string folder;
  std::vector<std::string> levels = build_levels();
};

int build_operator(const BuildOptions& options) {
  std::vector<BuildLevel> levels;
  Chosen chosen;
  Choice choice = options.choice;
  choice.runs = false;
  for (const std::string& level : options.levels) {
    chosen = choose_for(choice, with_instruction_set(host_target(), target_named(level)));
    levels.push_back({chosen.target, chosen.schedule});
  }
  const BuiltKernel built = build(chosen.op, levels, chosen.static_params);
  const std::filesystem::path folder(options.folder);
  std::error_code ignored;  // writing says what is wrong
  std::filesystem::create_directories(folder, ignored);
  const std::string header = folder / (built.name + ".h"), archive = folder / ("lib" + built.name + ".a"),
                    abi = folder / "lathe_kernel.h";
  write_file(header, built.header, "build");
  write_file(abi, built.abi_header, "build");
  write_file(archive, built.archive, "build");
  if (options.choice.json) {
    const nlohmann::json report = {{"operator", chosen.op.name}, {"function", built.name}, {"archive", archive},
                                   {"header", header},           {"abi_header", abi},      {"levels", options.levels}};
    fmt::print("{}\n", report.dump(2));
  } else {
    fmt::print("{}\n{}\n{}\n", archive, header, abi);
  }
  return good;
}

}  // namespace

Action add_build(CLI::App& app) {
  auto options = std::make_shared<BuildOptions>();
  add_operator_options(app, options->choice);
  add_schedule_option(app, options->choice);
  app.add_option("-o,--out", options->folder, "the folder that the files go to")->required();
  app.add_option("--level", options->levels, "instruction set levels; which one runs is chosen by the CPU")
      ->check(CLI::IsMember(build_levels()))
      ->allow_extra_args(false)
      ->capture_default_str();
  return [options] { return build_operator(*options); };
}

}  // namespace lathe::tools
