#include "stdlib/library.h"

#include <algorithm>
#include <mutex>

#include "stdlib/texts.h"

namespace lathe::stdlib {

namespace {

// Every file is read once, when an operator of it is first asked for.
const SourceFile& file_of(const LibraryOperator& row) {
  static std::vector<std::once_flag> read(text_count);
  static std::vector<SourceFile> files(text_count);
  std::call_once(read[row.file], [&] { files[row.file] = parse_file_text(texts[row.file].text, texts[row.file].name); });
  return files[row.file];
}

}  // namespace

Operator LibraryOperator::algorithm() const { return find_operator(file_of(*this), std::string(name)); }

Operator LibraryOperator::instance(DType type) const {
  const SourceFile& all = file_of(*this);
  const TypeParam& param = all.find_generic(name)->types[0];
  if (type == param.usual) return algorithm();
  return find_operator(with_types(all, std::string(name), {{param.name, type}}), std::string(name));
}

std::vector<Schedule> LibraryOperator::schedules() const {
  std::vector<Schedule> written;
  const Operator op = algorithm();
  for (const SourceBlock& block : file_of(*this).schedules) {
    if (operator_of(block) == name) written.push_back(parse_schedule(block, op));
  }
  return written;
}

std::span<const LibraryOperator> operators() { return {rows, row_count}; }

const LibraryOperator& find(std::string_view name) {
  return *std::find_if(rows, rows + row_count, [&](const LibraryOperator& row) { return row.name == name; });
}

}  // namespace lathe::stdlib
