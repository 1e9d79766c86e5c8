// Alternatives: the line in a file, its checks, and that the classes they declare hold for the library's.
#include "lang/alternatives.h"

#include <doctest/doctest.h>

#include "lang/oracle.h"
#include "lang/text.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

constexpr const char* two =
    "direct(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] * X[i] - 1\n\n"
    "factored(X: f32[N]) -> Y: f32[N]\n  Y[i] = (X[i] - 1) * (X[i] + 1)\n\n";

std::string refusal(const std::string& text) {
  try {
    parse_file_text(text, "t.lathe");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("alternatives of a file are found by their name and by that of each operator") {
  const SourceFile file = parse_file_text(std::string("alternatives square = direct, factored within 2.5\n") + two, "t.lathe");
  REQUIRE(file.alternatives.size() == 1);
  const Alternatives& all = file.alternatives[0];
  CHECK(print(all) == "alternatives square = direct, factored within 2.5\n");
  CHECK(all.meaning().name == "direct");
  CHECK(all.find("factored")->within == 2.5);
  CHECK(all.find("square") == nullptr);
  CHECK(file.find_alternatives("square") == &all);
  CHECK(file.alternatives_with("factored") == &all);
  CHECK(find_operator(file, "square").name == "direct");
  CHECK(make_alternatives("square", {{file.operators[0]}, {file.operators[1], 2.5}}) == all);
}

TEST_CASE("alternatives take the same arguments, and declare how far they are off") {
  CHECK(contains(refusal(std::string(two) + "alternatives square = direct, factore\n"), "did you mean factored?"));
  CHECK(contains(refusal(std::string(two) + "alternatives square = direct\n"), "square has nothing to choose from"));
  CHECK(contains(refusal(std::string(two) + "alternatives direct = direct, factored\n"), "the name of an operator"));
  CHECK(contains(refusal(std::string(two) + "alternatives square = direct, direct\n"), "a name that is taken"));
  CHECK(contains(refusal(std::string(two) + "alternatives square = direct, factored within 0.5\n"), "a factor of at least 1"));
  CHECK(contains(refusal(std::string(two) + "alternatives square = direct within 2, factored\n"), "no factor on the first"));
  CHECK(contains(refusal(std::string(two) + "alternatives square = direct, factored within\n"), "a factor on the error of the first"));
  CHECK(contains(refusal(std::string(two) + "g(X: f32[N]) -> Z: f32[N]\n  Z[i] = X[i]\nalternatives square = direct, g\n"),
                 "direct and g are no alternatives: got (X: f32[N]) -> Z: f32[N], need (X: f32[N]) -> Y: f32[N], as the first has"));
}

TEST_CASE("the first alternative's bound, times the declared factor, holds for the others' definitions") {
  const SourceFile file = read_lathe_file(source_dir() + "/stdlib/winograd.lathe");
  const Alternatives& all = file.alternatives.at(0);
  const Operator& first = all.meaning();
  for (const Alternative& other : all.list) {
    for (const auto& sizes : {std::map<std::string, int64_t>{{"H", 7}, {"W", 8}, {"C", 5}, {"O", 3}}, {{"H", 3}, {"W", 4}, {"C", 33}, {"O", 1}}}) {
      const CheckOptions options{.seed = 1, .exact = false, .bound_factor = other.within};
      const CheckData data = make_check_data(first, sizes, options);
      interpret(other.op, data.bindings);
      const CheckReport report = compare(first, data, options);
      CHECK_MESSAGE(report.good, other.op.name << ": " << report.first_difference);
      CHECK(report.compared > 0);
    }
  }
}

}  // namespace lathe
