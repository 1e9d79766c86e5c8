// lathe show: one stage of a compilation as text.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "jit/codegen/codegen.h"
#include "jit/ir/text.h"
#include "tools/choice.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct ShowOptions {
  Choice choice;
  std::string stage = "loops";
};

// The stages that are no passes, before the passes' names: where the loop IR begins, and what follows it.
constexpr const char* loops_stage = "loops";
constexpr const char* outer_stages[] = {"algorithm", "schedule", loops_stage, "llvm", "asm"};

std::vector<std::string> stage_names() {
  std::vector<std::string> names(std::begin(outer_stages), std::end(outer_stages));
  for (const std::string& pass : pass_names()) names.push_back(pass);
  return names;
}

std::string stage_text(const Chosen& chosen, const std::string& stage) {
  CompileOptions options = chosen.compile_options();
  if (stage == "algorithm") return print(chosen.op);
  if (stage == "schedule") return chosen.schedule ? print(*chosen.schedule) : "# no schedule: the plain nest\n";
  if (stage == "llvm") return llvm_text(compile_to_ir(chosen.op, options), chosen.target);
  if (stage == "asm") return assembly_text(compile_to_ir(chosen.op, options), chosen.target);
  return ir::print(compile_to_ir(chosen.op, options, stage == loops_stage ? pass_names().front() : stage));
}

int show(const ShowOptions& options) {
  std::vector<std::string> stages = stage_names();
  if (std::find(stages.begin(), stages.end(), options.stage) == stages.end()) {
    std::string near = nearest_name(options.stage, stages);
    wrong_use("there is no such stage", options.stage, fmt::format("one of {}", fmt::join(stages, ", ")),
              near.empty() ? "" : fmt::format("did you mean {}?", near));
  }
  Chosen chosen = choose(options.choice);
  std::string text = stage_text(chosen, options.stage);
  if (options.choice.json) {
    nlohmann::json row = {
        {"operator", chosen.op.name}, {"stage", options.stage}, {"target", chosen.target.name}, {"text", text}};
    text = row.dump(2);
  }
  fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
  return good;
}

}  // namespace

Action add_show(CLI::App& app) {
  auto options = std::make_shared<ShowOptions>();
  options->choice.runs = false;
  add_operator_options(app, options->choice);
  add_compile_options(app, options->choice);
  app.add_option("--stage", options->stage, fmt::format("one of {}", fmt::join(stage_names(), ", ")))
      ->capture_default_str();
  return [options] { return show(*options); };
}

}  // namespace lathe::tools
