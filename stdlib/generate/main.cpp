// Makes the C++ side of the standard library of its texts: lathe_generate_library HEADER SOURCE FILE.lathe...
//
// HEADER declares a function for each operator, below the comment that its file has; SOURCE holds the texts, a row for each
// operator, and the functions. Both are in the order of the files, and of the operators within.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "lang/text.h"
#include "support/error.h"

namespace lathe {
namespace {

// An operator as its file has it: the comment above its header, without the signs that begin its lines.
struct Entry {
  std::string name;
  std::vector<std::string> comment;
  const GenericOperator* generic;                           // null: it is not
};

[[noreturn]] void refuse(const std::string& file, const std::string& name, const std::string& what) {
  throw Error(ErrorCode::bad_file, {.step = "read " + file, .what = fmt::format("operator {} {}", name, what)});
}

std::vector<Entry> entries_of(const SourceFile& file) {
  std::vector<Entry> entries;
  std::vector<std::string> comment;
  for (size_t at = 0; at < file.text.size();) {
    const size_t end = std::min(file.text.find('\n', at), file.text.size());
    const std::string line = file.text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("#")) {
      comment.push_back(line.substr(std::min<size_t>(line.size(), 1)));
      continue;
    }
    for (const Operator& op : file.operators) {
      if (line.starts_with(op.name + "(")) entries.push_back({op.name, comment, file.find_generic(op.name)});
    }
    comment.clear();
  }
  return entries;
}

// "rows as probabilities", from " softmax: rows as probabilities".
std::string brief_of(const Entry& entry, const std::string& file) {
  const std::string start = " " + entry.name + ": ";
  if (entry.comment.empty() || !entry.comment[0].starts_with(start)) {
    refuse(file, entry.name, fmt::format("wants a comment that begins with '#{}' and says what it computes", start));
  }
  return entry.comment[0].substr(start.size());
}

// The class of types that a parameter admits, by the names that lang/generic.h and support/dtype_set.h have for it; or as members.
struct TypeClass {
  std::string of_parameter, of_set;
};

TypeClass class_of(DTypeSet admitted) {
  const std::pair<DTypeSet, TypeClass> known[] = {{dtypes::floats, {"Floats", "dtypes::floats"}},
                                                  {dtypes::integers, {"Integers", "dtypes::integers"}},
                                                  {dtypes::numbers, {"Numbers", "dtypes::numbers"}},
                                                  {dtypes::any, {"AnyType", "dtypes::any"}}};
  for (const auto& [set, names] : known) {
    if (set == admitted) return names;
  }
  const std::string members = fmt::format("DTypeSet{{{}}}", names_of(admitted));
  return {fmt::format("OneOf<{}>", members), members};
}

// What the two files say of one operator.
struct Written {
  std::string declaration, row, definition;
};

Written written(const Entry& entry, const std::string& file, size_t text) {
  Written out;
  const std::string brief = brief_of(entry, file);
  for (const std::string& line : entry.comment) out.declaration += fmt::format("//{}\n", line);
  if (!entry.generic) {
    out.declaration += fmt::format("Operator {}();\n\n", entry.name);
    out.row = fmt::format("  {{\"{}\", R\"lathe({})lathe\", {{}}, {}}},\n", entry.name, brief, text);
    out.definition = fmt::format("Operator {0}() {{ return find(\"{0}\").algorithm(); }}\n", entry.name);
    return out;
  }
  if (entry.generic->types.size() != 1) refuse(file, entry.name, "has more than one type parameter");
  const TypeParam& type = entry.generic->types[0];
  const TypeClass types = class_of(type.admitted);
  out.declaration += fmt::format("Operator {}({} {} = {});\n\n", entry.name, types.of_parameter, type.name, name_of(type.usual));
  out.row = fmt::format("  {{\"{}\", R\"lathe({})lathe\", {}, {}}},\n", entry.name, brief, types.of_set, text);
  out.definition = fmt::format("Operator {0}({1} {2}) {{ return find(\"{0}\").instance({2}); }}\n", entry.name,
                               types.of_parameter, type.name);
  return out;
}

void generate(const std::string& header, const std::string& source, const std::vector<std::string>& files) {
  std::string texts, declarations, rows, definitions;
  for (size_t i = 0; i < files.size(); ++i) {
    const SourceFile file = read_lathe_file(files[i]);
    const std::string name = std::filesystem::path(files[i]).filename().string();
    texts += fmt::format("  {{\"stdlib/{}\", R\"lathe({})lathe\"}},\n", name, file.text);
    declarations += fmt::format("// stdlib/{}\n\n", name);
    for (const Entry& entry : entries_of(file)) {
      const Written op = written(entry, files[i], i);
      declarations += op.declaration;
      rows += op.row;
      definitions += op.definition;
    }
  }
  std::ofstream(header) << "// Made of stdlib/*.lathe by stdlib/generate. Included by stdlib/library.h.\n#pragma once\n\n"
                           "#include \"lang/algorithm.h\"\n#include \"lang/generic.h\"\n\nnamespace lathe::stdlib {\n\n"
                        << declarations << "}  // namespace lathe::stdlib\n";
  std::ofstream(source) << "// Made of stdlib/*.lathe by stdlib/generate.\n#include \"stdlib/texts.h\"\n\n"
                           "namespace lathe::stdlib {\n\n"
                        << "constinit const LibraryText texts[] = {\n" << texts << "};\nconst size_t text_count = std::size(texts);\n\n"
                        << "constinit const LibraryOperator rows[] = {\n" << rows << "};\nconst size_t row_count = std::size(rows);\n\n"
                        << definitions << "\n}  // namespace lathe::stdlib\n";
}

}  // namespace
}  // namespace lathe

int main(int count, char** words) {
  if (count < 4) return fmt::print(stderr, "lathe_generate_library HEADER SOURCE FILE.lathe...\n"), 2;
  try {
    lathe::generate(words[1], words[2], {words + 3, words + count});
  } catch (const lathe::Error& error) {
    return fmt::print(stderr, "{}\n", error.what()), 1;
  }
  return 0;
}
