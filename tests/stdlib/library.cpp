// The standard library is written twice, as text and in C++: both forms build equal objects, and neither has an operator
// that the other lacks.
#include "stdlib/library.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "lang/text.h"
#include "schedules/text.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

// An operator of a .lathe file, with the file.
struct Text {
  Operator op;
  SourceFile file;
};

std::map<std::string, Text> texts() {
  namespace fs = std::filesystem;
  std::map<std::string, Text> all;
  for (const fs::directory_entry& entry : fs::directory_iterator(source_dir() + "/stdlib")) {
    if (entry.path().extension() != ".lathe") continue;
    const SourceFile file = read_lathe_file(entry.path().string());
    for (const Operator& op : file.operators) {
      CHECK_MESSAGE(all.emplace(op.name, Text{op, file}).second, op.name << " is in two files");
    }
  }
  return all;
}

// Both forms admit the same element types, and agree for each.
void check_types(const stdlib::LibraryOperator& row, const Text& text) {
  const GenericOperator* generic = text.file.find_generic(row.name);
  const std::string name(row.name);
  REQUIRE_MESSAGE((generic != nullptr) == !row.types.empty(), name);
  if (!generic) return;
  REQUIRE_MESSAGE(generic->types.size() == 1, name);
  const TypeParam& type = generic->types[0];
  CHECK_MESSAGE(type.name == "dtype", name);
  CHECK_MESSAGE(names_of(type.admitted) == names_of(row.types), name);
  for (DType dtype : types_in(row.types)) {
    const Operator op = row.instance(dtype), read = find_operator(with_types(text.file, name, {{type.name, dtype}}), name);
    CHECK_MESSAGE(op == read, print(op) << "is not\n" << print(read));
  }
}

}  // namespace

TEST_CASE("each operator of the library is the same as text and in C++") {
  std::map<std::string, Text> all = texts();
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    auto text = all.extract(std::string(row.name));
    if (text.empty()) {
      FAIL_CHECK("no .lathe file has " << std::string(row.name));
      continue;
    }
    const Operator op = row.algorithm();
    CHECK_MESSAGE(op == text.mapped().op, print(op) << "is not\n" << print(text.mapped().op));
    CHECK(print(op) == print(text.mapped().op));
    check_types(row, text.mapped());
  }
  for (const auto& [name, text] : all) FAIL_CHECK("operators.def has no row for " << name);
}

TEST_CASE("each schedule of the library is the same as text and in C++") {
  const std::map<std::string, Text> all = texts();
  size_t compared = 0;
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    const Text& text = all.at(std::string(row.name));
    std::vector<Schedule> written;
    for (const SourceBlock& block : text.file.schedules) {
      if (operator_of(block) == row.name) written.push_back(parse_schedule(block, text.op));
    }
    const stdlib::Schedules built = row.schedules();
    CHECK_MESSAGE(built.size() == written.size(), std::string(row.name));
    for (size_t i = 0; i < std::min(built.size(), written.size()); ++i) {
      CHECK_MESSAGE(built[i] == written[i], print(built[i]) << "is not\n" << print(written[i]));
      ++compared;
    }
    for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
      CHECK(schedule_for(built, level) == schedule_for(text.file, text.op, level));
    }
  }
  CHECK(compared >= 9);                                     // those of matmul, dense, max_plus, conv and blur3x3
}

}  // namespace lathe
