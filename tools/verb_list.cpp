// lathe list: the operators of files, with their signatures.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tools/choice.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct ListOptions {
  std::string file;
  bool json = false;
};

std::string extents_text(const std::vector<Expr>& extents) {
  std::vector<std::string> texts;
  for (const Expr& extent : extents) texts.push_back(print(extent));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

// The first line of the operator's text form: its signature.
std::string signature_of(const Operator& op, const GenericOperator* generic) {
  if (generic) return generic->header;
  std::string text = print(op);
  return text.substr(0, text.find('\n'));
}

nlohmann::json describe_operator(const Operator& op, const GenericOperator* generic, const std::string& path) {
  nlohmann::json arguments = nlohmann::json::array();
  for (const TensorArgument& argument : tensor_arguments(op)) {
    arguments.push_back({{"name", argument.name},
                         {"dtype", name_of(argument.dtype)},
                         {"shape", extents_text(argument.extents)},
                         {"output", argument.is_output}});
  }
  nlohmann::json sizes = nlohmann::json::array(), params = nlohmann::json::array();
  for (const SizeDecl& size : op.sizes) sizes.push_back(size.name);
  for (const ParamDecl& param : op.params) {
    params.push_back({{"name", param.name},
                      {"static", param.is_static},
                      {"dtype", name_of(param.dtype)},
                      {"default", param.default_value}});
  }
  nlohmann::json types = nlohmann::json::array();
  for (const TypeParam& type : generic ? generic->types : std::vector<TypeParam>{}) {
    nlohmann::json admitted = nlohmann::json::array();
    for (DType one : types_in(type.admitted)) admitted.push_back(name_of(one));
    types.push_back({{"name", type.name}, {"admitted", admitted}, {"default", name_of(type.usual)}});
  }
  return {{"operator", op.name}, {"file", path},     {"signature", signature_of(op, generic)},
          {"sizes", sizes},      {"params", params}, {"types", types}, {"arguments", arguments}};
}

int list_operators(const ListOptions& options) {
  bool whole_library = options.file.empty() || options.file == "stdlib";
  std::vector<std::string> files = whole_library ? stdlib_files() : std::vector<std::string>{options.file};
  nlohmann::json rows = nlohmann::json::array();
  for (const std::string& path : files) {
    const SourceFile file = read_lathe_file(path);
    for (const Operator& op : file.operators) {
      const GenericOperator* generic = file.find_generic(op.name);
      if (options.json)
        rows.push_back(describe_operator(op, generic, path));
      else
        fmt::print("{}{}\n", whole_library ? "stdlib:" : "", signature_of(op, generic));
    }
  }
  if (options.json) fmt::print("{}\n", rows.dump(2));
  return good;
}

}  // namespace

Action add_list(CLI::App& app) {
  auto options = std::make_shared<ListOptions>();
  app.add_option("file", options->file, "a .lathe file; the standard library if not given");
  app.add_flag("--json", options->json, "print JSON");
  return [options] { return list_operators(*options); };
}

}  // namespace lathe::tools
