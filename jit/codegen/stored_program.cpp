// A loaded program as bytes: its images, those that are called before their callers.
//
//   entry's symbol, number of images, then for each: object, symbols, imports (symbol, number of the image)
#include <map>

#include "jit/codegen/codegen.h"
#include "jit/codegen/host_features.h"
#include "jit/codegen/image.h"
#include "support/bytes.h"

namespace lathe {

namespace {

class Collector {
 public:
  uint32_t add(const Image& image) {
    if (auto found = number_.find(&image); found != number_.end()) return found->second;
    std::vector<std::pair<std::string, uint32_t>> imports;
    for (const auto& [symbol, callee] : image.imports()) imports.emplace_back(symbol, add(*callee));
    const auto number = static_cast<uint32_t>(number_.size());
    number_[&image] = number;
    images_.text(image.object());
    images_.number(image.symbols().size());
    for (const std::string& symbol : image.symbols()) images_.text(symbol);
    images_.number(imports.size());
    for (const auto& [symbol, callee] : imports) {
      images_.text(symbol);
      images_.number(callee);
    }
    return number;
  }

  std::string take(const std::string& entry) {
    ByteWriter all;
    all.text(entry);
    all.number(number_.size());
    return all.take() + images_.take();
  }

 private:
  std::map<const Image*, uint32_t> number_;
  ByteWriter images_;
};

Image::Ptr read_image(ByteReader& in, const std::vector<Image::Ptr>& earlier) {
  std::string object = in.text();
  std::vector<std::string> symbols;
  for (uint64_t i = 0, n = in.number(); i < n && in.good(); ++i) symbols.push_back(in.text());
  Image::Imports imports;
  for (uint64_t i = 0, n = in.number(); i < n && in.good(); ++i) {
    std::string symbol = in.text();
    const uint64_t callee = in.number();
    if (callee >= earlier.size()) return nullptr;
    imports[std::move(symbol)] = earlier[callee];
  }
  return in.good() ? Image::link(std::move(object), std::move(symbols), std::move(imports)) : nullptr;
}

}  // namespace

std::string stored_form(const LoadedProgram& program) {
  Collector collector;
  collector.add(*program.image);
  return collector.take(program.symbol);
}

std::optional<LoadedProgram> load_stored(std::string_view bytes, const Target& target) {
  require_host_features(target);
  ByteReader in(bytes);
  LoadedProgram program;
  program.symbol = in.text();
  std::vector<Image::Ptr> images;
  for (uint64_t i = 0, n = in.number(); i < n && in.good(); ++i) {
    images.push_back(read_image(in, images));
    if (!images.back()) return std::nullopt;
  }
  if (!in.good() || !in.at_end() || images.empty()) return std::nullopt;
  program.image = images.back();
  program.entry = reinterpret_cast<LatheEntry>(program.image->address(program.symbol));
  program.owner = program.image;
  return program;
}

}  // namespace lathe
