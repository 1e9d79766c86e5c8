// Turns command line texts into an operator, its parameters, a schedule and a target.
#include "tools/choice.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "stdlib/einsum.h"

#include "support/environment.h"
#include "tuner/tuned.h"

namespace lathe::tools {
namespace fs = std::filesystem;

void wrong_use(const std::string& what, const std::string& got, const std::string& need, const std::string& hint) {
  throw Error(ErrorCode::wrong_use,
              {.step = "command line", .what = what, .got = got, .need = need, .where = {}, .hint = hint});
}

void add_operator_options(CLI::App& app, Choice& choice) {
  app.add_option("operator", choice.spec, "FILE[:op], an operator of a .lathe file; stdlib:op; or a formula of indices: 'einsum:ij,jk->ik', 'broadcast:ij+j->ij'")->required();
  app.add_option("--set", choice.sets, "parameters of the operator, such as stride=2 or dtype=f64")->allow_extra_args(false);
  app.add_flag("--json", choice.json, "print JSON");
}

void add_size_options(CLI::App& app, Choice& choice) {
  app.add_option("--size", choice.sizes, "sizes of the operator, such as M=7,N=4093; may be repeated")
      ->allow_extra_args(false);
}

void add_schedule_option(CLI::App& app, Choice& choice) {
  app.add_option("--schedule", choice.schedule,
                 "default (the file's if one fits the target, else what compile takes: constructed, behind what `lathe "
                 "tune` left for its sizes), zero-shot (constructed alone), tuned (the store's for the first size), "
                 "naive (the plain nest), or a FILE");
}

void add_compile_options(CLI::App& app, Choice& choice) {
  add_schedule_option(app, choice);
  app.add_option("--target", choice.target,
                 fmt::format("instruction set: {}; the host's own if not given", fmt::join(target_names(), ", ")));
}

void add_thread_option(CLI::App& app, Choice& choice) {
  app.add_option("--threads", choice.threads, "threads to run on; 0 for all")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
}

std::vector<std::pair<std::string, std::string>> parse_assignments(const std::string& text, const std::string& option) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string item = text.substr(begin, end - begin);
    size_t equals = item.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == item.size()) {
      wrong_use(option + " is malformed", fmt::format("'{}'", item), "name=value,name=value");
    }
    std::string name = item.substr(0, equals);
    bool repeated = std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
    if (repeated) wrong_use(option + " names " + name + " twice", fmt::format("'{}'", text), "each name once");
    pairs.emplace_back(name, item.substr(equals + 1));
    begin = end + 1;
  }
  return pairs;
}

int64_t parse_integer(const std::string& text, const std::string& what) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    wrong_use(what, fmt::format("'{}'", text), "an integer of 64 bits");
  return value;
}

double parse_number(const std::string& text, const std::string& what) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) wrong_use(what, fmt::format("'{}'", text), "a number");
  return value;
}

namespace {

// Where an installed command has it, beside itself; else in the source tree.
std::string stdlib_folder() {
  const std::string given(setting(Setting::stdlib));
  if (!given.empty()) return given;
  std::error_code none;
  const fs::path installed =
      fs::read_symlink("/proc/self/exe", none).parent_path().parent_path() / "share/lathe/stdlib";
  return fs::is_directory(installed, none) ? installed.string() : LATHE_STDLIB_FOLDER;
}

// The file of the standard library that defines an operator of this name.
std::string stdlib_file_of(const std::string& name) {
  fs::path own = fs::path(stdlib_folder()) / (name + ".lathe");
  std::vector<std::string> known, files = stdlib_files();
  if (fs::exists(own)) files.insert(files.begin(), own.string());
  for (const std::string& path : files) {
    const SourceFile file = read_lathe_file(path);
    for (const Operator& op : file.operators) known.push_back(op.name);
    for (const Alternatives& all : file.alternatives) known.push_back(all.name);
    if (std::find(known.begin(), known.end(), name) != known.end()) return path;
  }
  std::string near = nearest_name(name, known);
  wrong_use("the standard library has no such operator", name.empty() ? "no name" : name,
            fmt::format("one of {}", fmt::join(known, ", ")),
            near.empty() ? "`lathe list` shows them" : fmt::format("did you mean stdlib:{}?", near));
}

template <class Declarations>
std::vector<std::string> names_of(const Declarations& declarations) {
  std::vector<std::string> names;
  for (const auto& declaration : declarations) names.push_back(declaration.name);
  return names;
}

[[noreturn]] void unknown_name(const std::string& what, const std::string& name,
                               const std::vector<std::string>& known) {
  std::string near = nearest_name(name, known);
  wrong_use(what, name, known.empty() ? "none: it has no such names" : fmt::format("one of {}", fmt::join(known, ", ")),
            near.empty() ? "" : fmt::format("did you mean {}?", near));
}

std::vector<std::pair<std::string, std::string>> parameters_of(const Choice& choice) {
  return parse_assignments(fmt::format("{}", fmt::join(choice.sets, ",")), "--set");
}

// The file with the operator for the element types that --set gives.
void choose_types(const Choice& choice, const std::string& name, Chosen& chosen) {
  const GenericOperator* generic = chosen.file.find_generic(find_operator(chosen.file, name).name);
  ElementTypes types;
  for (const auto& [param, text] : parameters_of(choice)) {
    if (!generic || !generic->find(param)) continue;
    const std::optional<DType> type = dtype_named(text);
    if (!type) {
      std::vector<std::string> known;
      for (DType admitted : types_in(generic->find(param)->admitted)) known.emplace_back(name_of(admitted));
      unknown_name("the value of type parameter " + param, text, known);
    }
    types[param] = *type;
  }
  if (!types.empty()) chosen.file = with_types(chosen.file, name, types);
}

void choose_params(const Choice& choice, Chosen& chosen) {
  const GenericOperator* generic = chosen.file.find_generic(chosen.op.name);
  for (const auto& [name, text] : parameters_of(choice)) {
    if (generic && generic->find(name)) continue;
    const auto& params = chosen.op.params;
    auto param =
        std::find_if(params.begin(), params.end(), [&name = name](const ParamDecl& p) { return p.name == name; });
    if (param == params.end()) {
      std::vector<std::string> known = names_of(params);
      for (const std::string& type : names_of(generic ? generic->types : std::vector<TypeParam>{})) known.push_back(type);
      unknown_name(chosen.op.name + " has no such parameter", name, known);
    }
    std::string what = "the value of parameter " + name;
    if (param->is_static)
      chosen.static_params[name] = parse_integer(text, what);
    else
      chosen.run_params[name] = parse_number(text, what);
  }
}

// What is no file and nearly one of the words is meant to be that word; other names are left to reading the file.
void refuse_misspelt(const std::string& wanted) {
  std::string near = nearest_name(wanted, {"default", "zero-shot", "tuned", "naive"});
  if (near.empty()) return;
  wrong_use("neither a kind of schedule nor a file", wanted, "default, zero-shot, tuned, naive or a file with schedules",
            fmt::format("did you mean {}?", near));
}

// What `compile` finds unasked stands before what is constructed.
void put_tuned_first(Chosen& chosen) {
  const auto left = tuner::left_for_compile(chosen.fixed, chosen.target, *chosen.schedule);
  if (!left) return;
  std::vector<std::string> calls;
  for (const tuner::Sizes& sizes : left->sizes) calls.push_back(size_text(chosen.fixed, sizes));
  chosen.schedule = left->schedule;
  chosen.schedule_label = fmt::format("{} (tuned at {})", zero_shot_label, fmt::join(calls, "; "));
}

void choose_schedule(const Choice& choice, Chosen& chosen) {
  const std::string& wanted = choice.schedule;
  chosen.schedule_label = "naive";
  chosen.schedule = plain_nest(chosen.op);
  if (wanted == "naive") return;
  const auto construct = [&] {
    CompileOptions options;
    options.target = chosen.target;
    options.static_params = chosen.static_params;
    if (wanted == "tuned") options.known = tuner::tuned_schedules(tuner::default_store_path(), choice.threads);
    if (wanted == "tuned" && !choice.sizes.empty()) options.sizes = sizes_of(chosen.fixed, choice.sizes.front());
    chosen.schedule = best_known_schedule(chosen.op, options);
    chosen.schedule_label = wanted == "tuned" ? wanted : zero_shot_label;
  };
  if (wanted == "zero-shot" || wanted == "tuned") return construct();
  bool from_file = wanted != "default";
  if (from_file && !fs::exists(wanted)) refuse_misspelt(wanted);
  chosen.schedule = schedule_for(from_file ? read_lathe_file(wanted) : chosen.file, chosen.op, chosen.target.level);
  if (chosen.schedule)
    chosen.schedule_label = from_file ? wanted : "author";
  else if (from_file)
    wrong_use(wanted + " has no schedule that fits", fmt::format("{} on {}", chosen.op.name, chosen.target.level),
              fmt::format("a block 'schedule for {}'", chosen.op.name));
  else {
    construct();
    put_tuned_first(chosen);
  }
}

}  // namespace

std::vector<std::string> stdlib_files() {
  std::vector<std::string> files;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(stdlib_folder(), missing)) {
    if (entry.path().extension() == ".lathe") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

namespace {

// An operator that the command line itself spells out, as the file that would hold it.
std::optional<SourceFile> spelt_out(const std::string& spec) {
  // Generic: nothing in it names a type but its arguments.
  const auto written = [&](const Operator& op) {
    std::string text = print(op) + "\n";
    const std::string usual = ": f32[", any = ": dtype[";
    for (size_t at = 0; (at = text.find(usual, at)) != std::string::npos; at += any.size()) text.replace(at, usual.size(), any);
    text.insert(text.find(") ->"), "; dtype: numbers = f32");
    return parse_file_text(text, spec);
  };
  if (spec.starts_with("einsum:")) return written(stdlib::einsum(spec.substr(7)));
  if (spec.starts_with("broadcast:")) return written(stdlib::broadcast(spec.substr(10)));
  return std::nullopt;
}

SourceFile file_of(const FileAndOperator& place) {
  std::optional<SourceFile> given = spelt_out(place.path);
  return given ? *std::move(given) : read_lathe_file(place.path);
}

}  // namespace

FileAndOperator resolve(const std::string& spec) {
  if (spec.starts_with("stdlib:")) {
    std::string name = spec.substr(7);
    return {stdlib_file_of(name), name};
  }
  if (spec.starts_with("einsum:") || spec.starts_with("broadcast:")) return {spec, ""};
  size_t colon = spec.rfind(':');
  if (fs::exists(spec) || colon == std::string::npos) return {spec, ""};
  return {spec.substr(0, colon), spec.substr(colon + 1)};
}

Chosen choose(const Choice& choice) { return choose_for(choice, target_on_host(choice.target)); }

Chosen choose_for(const Choice& choice, const Target& target) {
  Chosen chosen;
  FileAndOperator place = resolve(choice.spec);
  chosen.path = place.path;
  chosen.file = file_of(place);
  choose_types(choice, place.name, chosen);
  chosen.op = find_operator(chosen.file, choice.alternative.empty() ? place.name : choice.alternative);
  choose_params(choice, chosen);
  if (const Alternatives* all = chosen.file.alternatives_with(chosen.op.name)) {
    const Alternative& own = *all->find(chosen.op.name);
    chosen.meaning = {{with_static_params(all->meaning(), chosen.static_params), own.within}};
  }
  chosen.fixed = with_static_params(chosen.op, chosen.static_params);
  chosen.target = target;
  if (choice.runs) check_runs_on(chosen.target, host_target());
  choose_schedule(choice, chosen);
  return chosen;
}

std::vector<Chosen> choose_all(const Choice& choice) {
  const FileAndOperator place = resolve(choice.spec);
  const SourceFile file = file_of(place);
  const Alternatives* all = file.find_alternatives(place.name);
  if (!all) return {choose(choice)};
  std::vector<Chosen> list;
  for (const Alternative& a : all->list) {
    Choice one = choice;
    one.alternative = a.op.name;
    list.push_back(choose(one));
  }
  return list;
}

CompileOptions Chosen::compile_options() const {
  CompileOptions options;
  options.schedule = schedule;
  options.target = target;
  options.static_params = static_params;
  return options;
}

std::map<std::string, int64_t> sizes_of(const Operator& op, const std::string& text) {
  std::map<std::string, int64_t> sizes;
  for (const auto& [name, value] : parse_assignments(text, "--size")) {
    const SizeDecl* size = nullptr;
    for (const SizeDecl& declared : op.sizes) {
      if (declared.name == name) size = &declared;
    }
    if (!size) unknown_name(op.name + " has no such size", name, names_of(op.sizes));
    int64_t extent = parse_integer(value, "the value of size " + name);
    if (extent < size->lowest || extent > size->highest || extent % size->multiple_of != 0) {
      throw Error(ErrorCode::size_out_of_range,
                  {.step = "command line",
                   .what = "size " + name,
                   .got = value,
                   .need = fmt::format("{} to {}, a multiple of {}", size->lowest, size->highest, size->multiple_of),
                   .where = op.where});
    }
    sizes[name] = extent;
  }
  std::vector<std::string> missing;
  for (const SizeDecl& size : op.sizes) {
    if (!sizes.count(size.name)) missing.push_back(size.name);
  }
  if (!missing.empty()) {
    wrong_use("--size gives no value for " + fmt::format("{}", fmt::join(missing, ", ")),
              text.empty() ? "nothing" : text, fmt::format("{}=...", fmt::join(names_of(op.sizes), "=...,")));
  }
  return sizes;
}

std::string size_text(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  std::vector<std::string> items;
  for (const SizeDecl& size : op.sizes) {
    if (auto found = sizes.find(size.name); found != sizes.end())
      items.push_back(fmt::format("{}={}", size.name, found->second));
  }
  return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace lathe::tools
