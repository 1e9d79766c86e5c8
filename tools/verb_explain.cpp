// lathe explain: why a kernel is as it is, and what bounds its speed at a size. Nothing is run.
#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "tools/explanation.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct ExplainVerb {
  Choice choice;
  bool no_alternatives = false;
};

int explain_operator(const ExplainVerb& verb) {
  const Chosen chosen = choose(verb.choice);
  std::vector<std::string> sizes = verb.choice.sizes;
  if (sizes.empty()) sizes.push_back("");
  std::vector<Explained> all;
  for (const std::string& text : sizes) all.push_back(explained(chosen, text, !verb.no_alternatives));
  if (verb.choice.json) {
    fmt::print("{}\n", json_text(all));
    return good;
  }
  for (const Explained& e : all) fmt::print("{}{}", &e == &all.front() ? "" : "\n", text_of(e));
  return good;
}

}  // namespace

Action add_explain(CLI::App& app) {
  auto verb = std::make_shared<ExplainVerb>();
  verb->choice.runs = false;
  add_operator_options(app, verb->choice);
  add_size_options(app, verb->choice);
  add_compile_options(app, verb->choice);
  app.add_flag("--no-alternatives", verb->no_alternatives, "do not count what other decisions would cost");
  return [verb] { return explain_operator(*verb); };
}

}  // namespace lathe::tools
