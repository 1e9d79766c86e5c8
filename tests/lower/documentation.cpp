// The nests printed in docs/schedule.md are those of the schedules above them: before the section's directive and after
// it. With LATHE_UPDATE=1 they are written anew.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "jit/ir/text.h"
#include "jit/lower/lower.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/environment.h"
#include "targets/target.h"
#include "tests/schedules/page.h"
#include "tests/source_dir.h"

using namespace lathe;

namespace {

// The body of the first variant, without braces around it.
std::string nest_of(const Operator& op, const Schedule& schedule) {
  const Operator fixed = with_static_params(op, {});
  const Lowered lowered = lower(fixed, &schedule, target_named("x86-64-v4"));
  return ir::print(lowered.program.functions.at(0).body);
}

std::vector<Directive> all_directives(const Schedule& schedule) {
  std::vector<Directive> all = schedule.directives;
  for (const Specialization& s : schedule.specializations) all.insert(all.end(), s.directives.begin(), s.directives.end());
  return all;
}

// Around the section's directive: its last one in the example, and those of the same kind right before it.
std::string before_and_after(const SourceFile& file, std::string example, const std::string& directive) {
  if (!example.starts_with("schedule for")) example = "schedule for dense\n" + example;
  const SourceBlock block{example, {"docs/schedule.md", 1, 1}};
  const Operator& op = find_operator(file, operator_of(block));
  const Schedule schedule = parse_schedule(block, op);
  const std::vector<Directive> all = all_directives(schedule);
  size_t end = all.size();
  auto is_it = [&](size_t i) { return info_of(all[i].kind).name == directive; };
  while (end > 0 && !is_it(end - 1)) --end;
  REQUIRE_MESSAGE(end > 0, "the example of " << directive);
  size_t begin = end;
  while (begin > 0 && is_it(begin - 1)) --begin;
  while (end < all.size() && (directive == "free_layout" || directive == "constant") && all[end].kind == DirectiveKind::layout) ++end;
  return "# before\n" + nest_of(op, first_directives(schedule, begin)) + "# after\n" + nest_of(op, first_directives(schedule, end));
}

struct Shown {
  std::string page;                                         // with fresh nests
  std::vector<std::string> sections, stale;                 // that have nests; whose nests are not what the page says
};

// Walks over the page: a block of nests shows the last example of its section.
Shown fresh_page(const std::string& page) {
  const SourceFile file = parse_file_text(examples_of(page, "lathe").at(0).text, "docs/schedule.md");
  Shown shown;
  std::istringstream lines(page);
  std::string line, section, example, fence, block;
  while (std::getline(lines, line)) {
    if (fence.empty() && line.starts_with("### ")) section = line.substr(4), example.clear();
    const bool opens = fence.empty() && line.starts_with("```") && line.size() > 3;
    const bool closes = !fence.empty() && line == "```";
    if (closes && fence == "schedule") example = block;
    if (closes && fence == "nests") {
      const std::string fresh = before_and_after(file, example, section);
      shown.sections.push_back(section);
      if (fresh != block) shown.stale.push_back(section);
      shown.page += fresh;
    }
    if (opens) fence = line.substr(3), block.clear();
    else if (closes) fence.clear();
    else if (!fence.empty()) block += line + "\n";
    if (fence != "nests" || opens) shown.page += line + "\n";
  }
  return shown;
}

}  // namespace

TEST_CASE("docs/schedule.md shows for each directive the nest before it and after it") {
  const std::string page = read_page("schedule.md");
  const Shown shown = fresh_page(page);
  if (is_on(Setting::update)) {
    std::ofstream(source_dir() + "/docs/schedule.md") << shown.page;
    return;
  }
  for (const std::string& section : shown.stale) CHECK_MESSAGE(false, "the nests of " << section << ": LATHE_UPDATE=1 rewrites them");
  for (const char* name : {
#define LATHE_DIRECTIVE(name, signature, text) #name,
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
       }) {
    const bool has = std::find(shown.sections.begin(), shown.sections.end(), name) != shown.sections.end();
    CHECK_MESSAGE((has || std::string(name) == "require"), "no nests for " << name);
  }
}
