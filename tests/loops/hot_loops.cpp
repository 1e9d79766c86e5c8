// No hot loop of the corpus gets worse than its golden. Better ones pass; with LATHE_UPDATE=1 the goldens take what
// there is now. And constructed schedules are ahead of the plain nest, in modelled cycles an operation.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "bench/loops/compare.h"
#include "bench/loops/loop_counts.h"
#include "jit/codegen/codegen.h"
#include "support/environment.h"
#include "tests/loops/corpus.h"

namespace lathe::test {
namespace {

struct Counted {
  loops::CaseLoops loops;
  std::vector<loops::AsmLoop> plain;
  bool constructed;
};

std::vector<Counted> counted(const Target& target) {
  std::vector<Counted> cases;
  for (const CorpusLine& line : corpus()) {
    if (line.target != target.name) continue;
    const Job job = job_of(line);
    const std::string assembly = assembly_text(compile_to_ir(job.op, job.options), target);
    loops::CaseLoops hot = loops::hot_loops(line.name(), assembly);
    loops::keep_text(hot, golden_case(line.name(), target.name));
    cases.push_back({std::move(hot), loops::plain_loops(assembly), line.schedule == "constructed"});
  }
  return cases;
}

void write_golden(const std::vector<Counted>& cases, const Target& target) {
  std::ofstream out(golden_path(target.name));
  out << "# The innermost loops of the corpus for " << target.name
      << ". LATHE_UPDATE=1 build/release/tests/test_loops writes them; docs/design/hot-loops.md says how they are "
         "read.\n";
  for (const Counted& c : cases) out << loops::print(c.loops, target);
}

void check_golden(const loops::CaseLoops& now, const Target& target) {
  const loops::CaseLoops before = golden_case(now.name, target.name);
  REQUIRE_MESSAGE(!before.loops.empty(), "no golden: LATHE_UPDATE=1 writes it");
  const auto worse = loops::what_got_worse(before, now, target);
  for (const loops::Worse& w : worse) FAIL_CHECK(w.text());
  const bool is_other = loops::print(before, target) != loops::print(now, target);
  if (worse.empty() && is_other)
    MESSAGE(now.name << " differs from its golden and is no worse; LATHE_UPDATE=1 renews it");
}

// Of the loop that does most in an iteration.
loops::LoopCounts main_loop(const std::vector<loops::AsmLoop>& loops, const Target& target) {
  loops::LoopCounts most;
  for (const loops::AsmLoop& loop : loops) {
    const loops::LoopCounts counts = loops::counts_of(loop, target);
    if (counts.operations > most.operations || (most.operations == 0 && counts.bytes > most.bytes)) most = counts;
  }
  return most;
}

void check_against_plain_nest(const Counted& c, const Target& target) {
  std::vector<loops::AsmLoop> hot;
  for (const loops::HotLoop& h : c.loops.loops) hot.push_back(h.loop);
  const loops::LoopCounts constructed = main_loop(hot, target), plain = main_loop(c.plain, target);
  INFO("constructed: " << loops::print(constructed) << "\nplain nest: " << loops::print(plain));
  CHECK(constructed.cycles / loops::work_of(constructed) < plain.cycles / loops::work_of(plain));
}

void check_target(const std::string& name) {
  const Target target = target_named(name);
  const std::vector<Counted> cases = counted(target);
  REQUIRE(!cases.empty());
  if (is_on(Setting::update)) write_golden(cases, target);
  for (const Counted& c : cases) {
    CAPTURE(c.loops.name);
    check_golden(c.loops, target);
    if (c.constructed) check_against_plain_nest(c, target);
  }
}

}  // namespace

TEST_CASE("no hot loop for x86-64-v3 gets worse") { check_target("x86-64-v3"); }
TEST_CASE("no hot loop for x86-64-v4 gets worse") { check_target("x86-64-v4"); }

}  // namespace lathe::test
