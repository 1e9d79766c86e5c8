// lathe run: arrays and pictures in, arrays and pictures out.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/choice.h"
#include "tools/npy.h"
#include "tools/picture.h"
#include "tools/verbs.h"

namespace lathe::tools {
namespace {

struct RunVerbOptions {
  Choice choice;
  std::vector<std::string> inputs, outputs;  // "A=a.npy" each
};

using Files = std::vector<std::pair<std::string, std::string>>;

// The files of one direction; every name must be an argument of that direction, every output may be left out.
Files files_of(const std::vector<std::string>& texts, const Operator& op, bool outputs) {
  const char* option = outputs ? "--out" : "--in";
  Files files = parse_assignments(fmt::format("{}", fmt::join(texts, ",")), option);
  std::vector<std::string> known;
  for (const TensorArgument& argument : tensor_arguments(op)) {
    if (outputs ? argument.is_output : argument.is_input) known.push_back(argument.name);
  }
  auto has = [](const auto& names, const auto& wanted) {
    return std::find(names.begin(), names.end(), wanted) != names.end();
  };
  std::vector<std::string> given;
  for (const auto& [name, path] : files) {
    given.push_back(name);
    if (has(known, name)) continue;
    std::string near = nearest_name(name, known);
    wrong_use(fmt::format("{} has no such {}", op.name, outputs ? "output" : "input"), name,
              fmt::format("one of {}", fmt::join(known, ", ")),
              near.empty() ? "" : fmt::format("did you mean {}?", near));
  }
  for (const std::string& name : known) {
    if (!outputs && !has(given, name))
      wrong_use("no file for input " + name, "nothing", fmt::format("--in {}=FILE", name));
  }
  return files;
}

Array read_input(const std::string& path, DType dtype) {
  if (!is_picture(path)) {
    Array array = read_npy(path);
    return is_packed(dtype) ? packed(array, dtype, path) : array;
  }
  Tensor picture = read_picture(path, dtype);
  return {picture, picture.view()};
}

// Sizes from the extents that are a size's name alone; --size adds those that appear only inside expressions.
std::map<std::string, int64_t> sizes_from(const Operator& op, const std::map<std::string, Array>& inputs,
                                          const std::vector<std::string>& size_texts) {
  std::map<std::string, int64_t> sizes;
  for (const InputDecl& input : op.inputs) {
    const std::vector<int64_t>& shape = inputs.at(input.name).view.shape;
    if (shape.size() != input.extents.size()) {
      throw Error(ErrorCode::wrong_shape, {.step = "call",
                                           .what = "input " + input.name + " has the wrong rank",
                                           .got = describe(inputs.at(input.name).view),
                                           .need = fmt::format("{} dimensions", input.extents.size()),
                                           .where = input.where});
    }
    for (size_t d = 0; d < shape.size(); d++) {
      if (input.extents[d].kind() == ExprKind::var) sizes.emplace(input.extents[d]->name, shape[d]);
    }
  }
  std::vector<std::string> items = size_texts;
  for (const auto& [name, value] : sizes) {
    bool given = false;
    for (const auto& pair : parse_assignments(fmt::format("{}", fmt::join(size_texts, ",")), "--size"))
      given |= pair.first == name;
    if (!given) items.push_back(fmt::format("{}={}", name, value));
  }
  return sizes_of(op, fmt::format("{}", fmt::join(items, ",")));
}

std::vector<int64_t> output_shape(const TensorArgument& output, const std::map<std::string, int64_t>& sizes) {
  std::vector<int64_t> shape;
  for (const Expr& extent : output.extents) {
    int64_t value = evaluate_extent(extent, sizes);
    if (value < 0) {
      throw Error(ErrorCode::wrong_shape,
                  {.step = "call",
                   .what = fmt::format("output {} has a negative extent {}", output.name, print(extent)),
                   .got = fmt::format("{}", value),
                   .need = "0 or more"});
    }
    shape.push_back(value);
  }
  return shape;
}

void write_output(const std::string& path, const TensorView& view) {
  if (is_picture(path))
    write_png(path, view);
  else
    write_npy(path, view);
}

int run_operator(const RunVerbOptions& options) {
  Chosen chosen = choose(options.choice);
  Files in = files_of(options.inputs, chosen.fixed, false), out = files_of(options.outputs, chosen.fixed, true);
  std::map<std::string, Array> inputs;
  std::map<std::string, TensorView> arguments;
  for (const auto& [name, path] : in) {
    inputs[name] = read_input(path, chosen.fixed.find_input(name)->dtype);
    arguments[name] = inputs[name].view;
  }
  std::map<std::string, int64_t> sizes = sizes_from(chosen.fixed, inputs, options.choice.sizes);
  std::map<std::string, Tensor> results;
  for (const TensorArgument& argument : tensor_arguments(chosen.fixed)) {
    if (argument.is_input) continue;
    results[argument.name] = Tensor(argument.dtype, output_shape(argument, sizes));
    arguments[argument.name] = results[argument.name].view();
  }

  Kernel kernel = compile(chosen.op, chosen.compile_options());
  const PackedCall call(kernel, arguments);
  kernel.run(call.arguments(), {.threads = options.choice.threads}, chosen.run_params);
  call.unpack_outputs();

  nlohmann::json rows = nlohmann::json::array();
  for (const auto& [name, path] : out) {
    const TensorView& result = arguments.at(name);
    write_output(path, result);
    rows.push_back({{"output", name}, {"file", path}, {"dtype", name_of(result.dtype)}, {"shape", result.shape}});
    if (!options.choice.json) fmt::print("{} = {} in {}\n", name, describe(result), path);
  }
  if (options.choice.json) fmt::print("{}\n", rows.dump(2));
  return good;
}

}  // namespace

Action add_run(CLI::App& app) {
  auto options = std::make_shared<RunVerbOptions>();
  add_operator_options(app, options->choice);
  app.add_option("--in", options->inputs,
                 "NAME=FILE, a .npy array, or a PNG or JPEG picture as [H, W, C]; one for each input")
      ->allow_extra_args(false);
  app.add_option("--out", options->outputs, "NAME=FILE, .npy or .png, for each output that is wanted")
      ->allow_extra_args(false);
  add_size_options(app, options->choice);
  add_compile_options(app, options->choice);
  add_thread_option(app, options->choice);
  return [options] { return run_operator(*options); };
}

}  // namespace lathe::tools
