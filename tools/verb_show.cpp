// lathe show: one stage of a compilation as text.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "jit/codegen/codegen.h"
#include "jit/ir/text.h"
#include "tools/choice.h"
#include "tools/text_diff.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct ShowOptions {
  Choice choice;
  std::string stage = "loops";
  size_t directive = 0;  // 0: the whole schedule
  bool diff = false;
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
  if (stage == "schedule") return count_directives(*chosen.schedule) > 0 ? print(*chosen.schedule) : "# no schedule: the plain nest\n";
  if (stage == "llvm") return llvm_text(compile_to_ir(chosen.op, options), chosen.target);
  if (stage == "asm") return assembly_text(compile_to_ir(chosen.op, options), chosen.target);
  return ir::print(compile_to_ir(chosen.op, options, stage == loops_stage ? pass_names().front() : stage));
}

// The schedule as far as this many directives, the parts of a variant behind the common ones.
Chosen with_directives(const Chosen& chosen, size_t count) {
  Chosen part = chosen;
  part.schedule = first_directives(*chosen.schedule, count);
  return part;
}

std::string directive_text(const Schedule& schedule, size_t number) {
  std::vector<Directive> all = schedule.directives;
  for (const Specialization& s : schedule.specializations) all.insert(all.end(), s.directives.begin(), s.directives.end());
  return print(all.at(number - 1));
}

// What one directive does to the stage: the text without and with it, each under the directives before it.
std::string change_text(const Chosen& chosen, const ShowOptions& options) {
  const size_t count = count_directives(*chosen.schedule);
  if (options.directive > count) {
    wrong_use("there is no such directive", fmt::format("--directive {}", options.directive),
              fmt::format("1 to {}, counted as --stage schedule prints them", count));
  }
  if (count == 0) wrong_use("nothing to compare with", "--diff", "an operator with a schedule");
  const bool whole = options.directive == 0;
  const std::string before = stage_text(with_directives(chosen, whole ? 0 : options.directive - 1), options.stage);
  const std::string after = stage_text(with_directives(chosen, whole ? count : options.directive), options.stage);
  const std::string name = whole ? "the schedule" : directive_text(*chosen.schedule, options.directive);
  if (options.diff) return fmt::format("# {}\n{}", name, text_diff(before, after));
  return fmt::format("# before {}\n{}# after {}\n{}", name, before, name, after);
}

int show(const ShowOptions& options) {
  std::vector<std::string> stages = stage_names();
  if (std::find(stages.begin(), stages.end(), options.stage) == stages.end()) {
    std::string near = nearest_name(options.stage, stages);
    wrong_use("there is no such stage", options.stage, fmt::format("one of {}", fmt::join(stages, ", ")),
              near.empty() ? "" : fmt::format("did you mean {}?", near));
  }
  Chosen chosen = choose(options.choice);
  const bool compares = options.diff || options.directive > 0;
  std::string text = compares ? change_text(chosen, options) : stage_text(chosen, options.stage);
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
  app.add_option("--directive", options->directive, "the stage before and after the directive of this number, from 1");
  app.add_flag("--diff", options->diff, "only the lines that the directive, or the whole schedule, changes");
  return [options] { return show(*options); };
}

}  // namespace lathe::tools
