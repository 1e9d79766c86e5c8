// The search on machines whose every time is known.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "schedules/text.h"
#include "tests/tuner/fixtures.h"

namespace lathe::tuner {
namespace {

const Decision* decision(const Candidate& c, const std::string& name) {
  for (const Decision& d : c.decisions) if (d.name == name) return &d;
  return nullptr;
}

// Fastest with four rows of three vectors; everything else as it is usual.
Measured rows_and_vectors(const Candidate& c) {
  const Decision *rows = decision(c, "C.tile.rows"), *vectors = decision(c, "C.tile.vectors");
  double us = 100;
  us += rows ? 10 * std::fabs(static_cast<double>(std::stoll(rows->taken) - 4)) : 100;
  us += vectors ? 10 * std::fabs(static_cast<double>(std::stoll(vectors->taken) - 3)) : 100;
  return {Outcome::good, "", us, 0, {}};
}

std::vector<std::string> proposals(uint64_t seed, int most, std::string* best = nullptr) {
  const Space space(product(), avx2(), 1);
  Search search(space, {.seed = seed});
  KnownMachine machine(rows_and_vectors);
  std::vector<std::string> names;
  while (static_cast<int>(names.size()) < most) {
    const auto candidate = search.next();
    if (!candidate) break;
    names.push_back(candidate->name());
    const auto measured = machine.measure(*candidate, 1);
    if (search.tell(*candidate, {measured->outcome, measured->ratio})) machine.accept(*candidate);
  }
  if (best) *best = lathe::print(search.incumbent()->trace);
  return names;
}

TEST_CASE("a search finds the best of a landscape without traps, and ends by itself") {
  std::string best;
  const auto names = proposals(1, 5000, &best);
  CHECK(names.size() < 5000);
  CHECK(contains(best, "C.tile.rows=4"));
  CHECK(contains(best, "C.tile.vectors=3"));
}

TEST_CASE("the same seed and outcomes give the same proposals, another seed others, none twice") {
  const auto a = proposals(1, 120), b = proposals(1, 120), c = proposals(2, 120);
  CHECK(a == b);
  CHECK(a != c);
  CHECK(std::set<std::string>(a.begin(), a.end()).size() == a.size());
}

TEST_CASE("where the constructed schedule is refused the search starts from a simpler one") {
  const Space space(product(), avx2(), 1);
  Search search(space, {});
  auto first = search.next();
  REQUIRE(first);
  CHECK(first->trace.empty());
  CHECK(!search.tell(*first, {Outcome::refused, 0}));
  auto second = search.next();
  REQUIRE(second);
  CHECK(lathe::print(second->trace) == "form=fused-alone");
  CHECK(search.tell(*second, {Outcome::good, 1}));
  CHECK(search.incumbent()->name() == second->name());
}

TEST_CASE("a candidate that failed, was noisy or gained less than a percent is not the incumbent") {
  const Space space(product(), avx2(), 1);
  Search search(space, {});
  search.tell(*search.next(), {Outcome::good, 1});
  const std::string incumbent = search.incumbent()->name();
  for (const Result& result : {Result{Outcome::wrong, 9}, {Outcome::noisy, 9}, {Outcome::crash, 0}, {Outcome::good, 1.005}}) {
    CHECK(!search.tell(*search.next(), result));
  }
  CHECK(search.incumbent()->name() == incumbent);
  CHECK(search.tell(*search.next(), {Outcome::good, 1.02}));
}

TEST_CASE("traces from elsewhere are tried first, and candidates that were tried are not proposed") {
  const Space space(product(), avx2(), 1);
  const Candidate known = space.candidate({{"C.tile.rows", "3"}});
  Search search(space, {}, {known.trace});
  search.tell(*search.next(), {Outcome::good, 1});
  CHECK(search.next()->name() == known.name());
  std::set<std::string> tried;
  for (const Trace& t : space.neighbours(space.candidate({}))) tried.insert(space.candidate(t).name());
  Search other(space, {}, {}, tried);
  other.tell(*other.next(), {Outcome::good, 1});
  CHECK(!tried.count(other.next()->name()));
}

TEST_CASE("candidates that differ in a parameter alone share their schedule") {
  const Space space(product(), avx2(), 1);
  const Candidate usual = space.candidate({});
  REQUIRE(usual.schedule.params.size() == 1);
  const std::string param = "param." + usual.schedule.params[0].name;
  const Candidate other = space.candidate({{param, "48"}});
  CHECK(other.text() == usual.text());
  CHECK(other.name() != usual.name());
  CHECK(other.decided().params[0].formula == Expr(int64_t{48}));
  CHECK(space.candidate({{param, "100000"}}).params.begin()->second == usual.schedule.params[0].highest);
}

TEST_CASE("the model chooses among what is promising, what it refuses is never proposed, and it is corrected") {
  const Space space(product(), avx2(), 1);
  const Model model = [](const Candidate& c) -> std::optional<double> {
    if (contains(c.text(), "epilogue") || c.trace.count("C.stream")) return std::nullopt;
    return rows_and_vectors(c).us;
  };
  Search search(space, {.model = model});
  KnownMachine machine(rows_and_vectors);
  int trials = 0;
  while (trials < 40) {
    const auto candidate = search.next();
    REQUIRE(candidate);
    ++trials;
    const auto measured = machine.measure(*candidate, 1);
    if (search.tell(*candidate, {measured->outcome, measured->ratio})) machine.accept(*candidate);
    if (rows_and_vectors(*search.incumbent()).us == 100) break;
  }
  CHECK(rows_and_vectors(*search.incumbent()).us == 100);
  CHECK(trials <= 30);
}

TEST_CASE("a candidate that is the program of one that was tried is not proposed") {
  const Space space(product(), avx2(), 1);
  const Model by_rows = [](const Candidate& c) { return Modelled(100, std::to_string(rows_and_vectors(c).us)); };
  Search search(space, {.patience = 4, .model = by_rows});
  std::set<double> times;
  while (const auto candidate = search.next()) {
    CHECK(times.insert(rows_and_vectors(*candidate).us).second);
    search.tell(*candidate, {Outcome::good, 1});
  }
  CHECK(times.size() > 3);
}

TEST_CASE("candidates that differ at other sizes alone are one") {
  const Sizes many{{"M", 500}, {"N", 500}, {"K", 500}};
  const Space at_sizes(product(), avx2(), 1, {}, many), anywhere(product(), avx2(), 1);
  const Candidate usual = at_sizes.candidate({});
  CHECK(usual.schedule == anywhere.candidate({}).schedule);
  CHECK(usual.text() != anywhere.candidate({}).text());
  int same = 0;
  for (const Trace& trace : at_sizes.neighbours(usual)) {
    const Candidate other = at_sizes.candidate(trace);
    same += other.name() == usual.name() && other.schedule != usual.schedule;
  }
  CHECK(same > 0);
}

TEST_CASE("a candidate is for calls at its sizes alone, unless an argument has a layout, which all calls need") {
  const Sizes many{{"M", 500}, {"N", 500}, {"K", 500}};
  const Space space(product(), avx2(), 1, {}, many);
  const Candidate usual = space.candidate({{"param.kc", "64"}});
  CHECK(usual.at_sizes);
  CHECK(contains(usual.text(), "K == 500"));
  CHECK(usual.kept().text() == print(usual.decided()));
  CHECK(usual.decided().params.empty());
  const Candidate anywhere = space.at_any_sizes(usual);
  CHECK(!anywhere.at_sizes);
  CHECK(!contains(anywhere.text(), "K == 500"));
  CHECK(anywhere.decided().specializations.size() == usual.schedule.specializations.size());
  CHECK(!Space(product(), avx2(), 1, {{"B", LayoutRight::constant}}, many).candidate({}).at_sizes);
}

TEST_CASE("every neighbour is another candidate that one decision away leads back from") {
  const Space space(product(), avx2(), 1);
  const Candidate start = space.candidate({});
  const std::vector<Trace> neighbours = space.neighbours(start);
  CHECK(neighbours.size() > 20);
  for (const Trace& t : neighbours) CHECK(t.size() == 1);
  Random random(3);
  for (int i = 0; i < 20; ++i) {
    const Candidate a = space.candidate(space.mutated(start, 3, random)), b = space.candidate(space.mutated(start, 3, random));
    CHECK(a.trace.size() <= 3);
    space.candidate(space.mixed(a, b, random));
  }
}

}  // namespace
}  // namespace lathe::tuner
