// Command line texts: assignments, FILE[:op], sizes, parameters, with refusals that name the nearest.
#include "tools/choice.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "jit/tuned_files.h"
#include "schedules/text.h"
#include "tests/tools/helpers.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

// A folder with one file of two operators, that serves as the standard library too.
struct Library {
  TemporaryFolder folder;
  std::string file = folder.path("pair.lathe");
  Library() {
    folder.write("pair.lathe",
                 "scaled(A: f32[M, N]; stride = 1, alpha: f32 = 2) -> B: f32[M]\n"
                 "  B[i] = A[i, 0] * alpha\n"
                 "\n"
                 "copied(A: f32[N]) -> B: f32[N]\n"
                 "  B[i] = A[i]\n");
    setenv("LATHE_STDLIB", folder.path().c_str(), 1);
  }
  ~Library() { unsetenv("LATHE_STDLIB"); }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("assignments are pairs between commas, and malformed or repeated ones are refused") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(parse_assignments("M=7,N=4093", "--size") == Pairs{{"M", "7"}, {"N", "4093"}});
  CHECK(parse_assignments("", "--size").empty());
  CHECK(
      contains(failure_of([] { parse_assignments("M", "--size"); }), "--size is malformed: got 'M', need name=value"));
  CHECK(contains(failure_of([] { parse_assignments("M=1,=2", "--size"); }), "got '=2'"));
  CHECK(contains(failure_of([] { parse_assignments("M=1,M=2", "--size"); }), "--size names M twice"));
}

TEST_CASE("numbers are read whole or refused") {
  CHECK(parse_integer("-12", "x") == -12);
  CHECK(parse_number("2.5e3", "x") == 2500);
  CHECK(contains(failure_of([] { parse_integer("12x", "the value of M"); }),
                 "the value of M: got '12x', need an integer"));
  CHECK(contains(failure_of([] { parse_integer("9223372036854775808", "M"); }), "need an integer of 64 bits"));
  CHECK(contains(failure_of([] { parse_number("", "alpha"); }), "need a number"));
}

TEST_CASE("FILE:op and stdlib:op name a file and an operator in it") {
  Library library;
  CHECK(resolve(library.file).path == library.file);
  CHECK(resolve(library.file).name.empty());
  CHECK(resolve(library.file + ":copied").path == library.file);
  CHECK(resolve(library.file + ":copied").name == "copied");
  CHECK(resolve("stdlib:scaled").path == library.file);
  std::string text = failure_of([] { resolve("stdlib:scalde"); });
  CHECK(contains(text, "the standard library has no such operator: got scalde, need one of scaled, copied"));
  CHECK(contains(text, "did you mean stdlib:scaled?"));
}

TEST_CASE("sizes must be complete, known and in range") {
  Library library;
  Operator op = choose({.spec = library.file + ":scaled"}).op;
  CHECK(sizes_of(op, "N=3,M=2") == std::map<std::string, int64_t>{{"M", 2}, {"N", 3}});
  CHECK(size_text(op, {{"N", 3}, {"M", 2}}) == "M=2,N=3");
  CHECK(contains(failure_of([&] { sizes_of(op, "M=2"); }), "--size gives no value for N: got M=2, need M=...,N=..."));
  CHECK(contains(failure_of([&] { sizes_of(op, "M=2,n=3"); }), "scaled has no such size: got n, need one of M, N"));
  CHECK(contains(failure_of([&] { sizes_of(op, "M=2,N=-1"); }), "size N: got -1, need 0 to"));
}

TEST_CASE("--set gives static and run-time parameters by their declaration") {
  Library library;
  Chosen chosen = choose({.spec = "stdlib:scaled", .sets = {"stride=2", "alpha=0.5"}});
  CHECK(chosen.static_params == std::map<std::string, int64_t>{{"stride", 2}});
  CHECK(chosen.run_params == std::map<std::string, double>{{"alpha", 0.5}});
  CHECK(contains(failure_of([] { choose({.spec = "stdlib:scaled", .sets = {"strid=2"}}); }), "did you mean stride?"));
  CHECK(contains(failure_of([] { choose({.spec = "stdlib:scaled", .sets = {"stride=1.5"}}); }), "need an integer"));
}

TEST_CASE("--set gives element types, and refuses those that the operator does not admit") {
  TemporaryFolder folder;
  const std::string file = folder.path("half.lathe");
  folder.write("half.lathe",
               "half(A: dtype[N]; dtype: floats = f32, by: dtype = 0.5) -> B: dtype[N]\n"
               "  B[i] = A[i] * by\n\n"
               "schedule for half\nB.vectorize(i)\n");
  CHECK(choose({.spec = file}).schedule_label == "author");
  const Chosen chosen = choose({.spec = file, .sets = {"dtype=f64", "by=2"}});
  CHECK(chosen.op.inputs[0].dtype == f64);
  CHECK(chosen.run_params == std::map<std::string, double>{{"by", 2}});
  CHECK(chosen.schedule_label == "zero-shot");              // the file's is for f32
  const auto refusal = [&](const char* set) { return failure_of([&] { choose({.spec = file, .sets = {set}}); }); };
  CHECK(contains(refusal("dtype=i32"), "half does not admit this element type for dtype: got i32, need one of f32, f64"));
  CHECK(contains(refusal("dtype=i32"), "half.lathe:1:19"));
  CHECK(contains(refusal("dtype=f65"), "did you mean f64?"));
  CHECK(contains(refusal("dtyp=f64"), "did you mean dtype?"));
  CHECK(choose({.spec = "einsum:ij,jk->ik", .sets = {"dtype=i32"}}).op.inputs[1].dtype == i32);
}

TEST_CASE(
    "the default schedule is what compile takes: what was tuned stands first, and is named; zero-shot leaves it out") {
  Library library;
  setenv("LATHE_TUNED", library.folder.path("tuned").c_str(), 1);
  const Choice choice{.spec = "stdlib:copied"};
  const Chosen before = choose(choice);
  const std::string text = "schedule for copied\nspecialize(N == 77) {\n  B.split(i, io, ii, 8).vectorize(ii)\n}\n";
  keep_tuned(before.fixed, before.target, parse_schedule({text, {"tuned", 1}}, before.fixed));
  const Chosen tuned = choose(choice);
  CHECK(tuned.schedule_label == "zero-shot (tuned at N=77)");
  CHECK(print(*tuned.schedule).find("N == 77") < print(*tuned.schedule).find("vectorize"));
  CHECK(compile(tuned.op, tuned.compile_options()).stats().variants ==
        compile(tuned.op, {.target = tuned.target, .static_params = tuned.static_params}).stats().variants);
  const Chosen plain = choose({.spec = "stdlib:copied", .schedule = "zero-shot"});
  CHECK(plain.schedule_label == "zero-shot");
  CHECK(*plain.schedule == *before.schedule);
  setenv("LATHE_TUNED", "off", 1);
}

TEST_CASE("a schedule is the file's, none, or another file's that must fit") {
  Library library;
  CHECK(choose({.spec = "stdlib:copied"}).schedule_label == "zero-shot");
  CHECK(count_directives(*choose({.spec = "stdlib:copied", .schedule = "naive"}).schedule) == 0);
  CHECK(contains(failure_of([&] { choose({.spec = "stdlib:copied", .schedule = library.file}); }),
                 "has no schedule that fits: got copied on"));
  std::string text = failure_of([] { choose({.spec = "stdlib:copied", .schedule = "zeroshot"}); });
  CHECK(contains(text, "neither a kind of schedule nor a file: got zeroshot, need default, zero-shot, tuned, naive or a file"));
  CHECK(contains(text, "did you mean zero-shot?"));
  CHECK(contains(failure_of([] { choose({.spec = "stdlib:copied", .schedule = "other.lathe"}); }), "other.lathe"));
}

TEST_CASE("what does not run may name a target that this machine cannot run") {
  Library library;
  for (const std::string& name : target_names()) {
    const Chosen chosen = choose({.spec = "stdlib:copied", .target = name, .runs = false});
    CHECK(chosen.target.level == name);
  }
}

}  // namespace
