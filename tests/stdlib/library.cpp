// The library's functions build what its texts say, and operators that are written in C++ too (in_cpp/) are equal to their
// texts, with their schedules: both forms of the language make the same objects.
#include "tests/stdlib/in_cpp/library.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "lang/text.h"
#include "schedules/text.h"
#include "stdlib/library.h"
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
void check_types(const in_cpp::WrittenOperator& row, const Text& text) {
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

TEST_CASE("each operator of the library has a function, and none is without a text") {
  std::map<std::string, Text> all = texts();
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    auto text = all.extract(std::string(row.name));
    REQUIRE_MESSAGE(!text.empty(), std::string(row.name));
    CHECK(row.algorithm() == text.mapped().op);
    CHECK(!row.text.empty());
    for (DType type : types_in(row.types)) {
      const std::string name(row.name), param = text.mapped().file.find_generic(name)->types[0].name;
      CHECK(row.instance(type) == find_operator(with_types(text.mapped().file, name, {{param, type}}), name));
    }
  }
  for (const auto& [name, text] : all) FAIL_CHECK("no function builds " << name);
  CHECK(stdlib::softmax() == stdlib::softmax(f32));
  CHECK(stdlib::softmax(f64).find_input("X")->dtype == f64);
}

TEST_CASE("each operator that is written in C++ too is the same as its text") {
  const std::map<std::string, Text> all = texts();
  for (const in_cpp::WrittenOperator& row : in_cpp::operators()) {
    const auto text = all.find(std::string(row.name));
    REQUIRE_MESSAGE(text != all.end(), "no .lathe file has " << std::string(row.name));
    const Operator op = row.algorithm();
    CHECK_MESSAGE(op == text->second.op, print(op) << "is not\n" << print(text->second.op));
    CHECK(print(op) == print(text->second.op));
    check_types(row, text->second);
  }
}

TEST_CASE("each schedule that is written in C++ too is the same as its text") {
  const std::map<std::string, Text> all = texts();
  size_t compared = 0;
  for (const in_cpp::WrittenOperator& row : in_cpp::operators()) {
    const Text& text = all.at(std::string(row.name));
    std::vector<Schedule> written;
    for (const SourceBlock& block : text.file.schedules) {
      if (operator_of(block) == row.name) written.push_back(parse_schedule(block, text.op));
    }
    const in_cpp::Schedules built = row.schedules();
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
