// Reads target descriptions (toml++) and keeps the embedded ones. Every key is required and no other is allowed, so
// that a misspelt key is an error at its line and never a silent default.
#include "targets/target.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "targets/embedded.h"
#include "targets/instruction.h"

namespace lathe {
namespace {

constexpr std::string_view levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};

std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
  std::string near = nearest_name(name, names);
  return near.empty() ? "" : fmt::format("did you mean '{}'?", near);
}

SourceLocation location_of(const toml::source_region& region, const std::string& file) {
  return {file, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

// One table of a description: remembers which keys were asked for, so that finish() can name the others.
class Section {
 public:
  Section(const toml::table& table, std::string name, const std::string& file)
      : table_(table), name_(std::move(name)), file_(file) {}

  std::string text(const std::string& key) {
    const toml::node& node = require(key);
    if (auto value = node.value_exact<std::string>()) return *value;
    fail(node, key, "a string");
  }

  int64_t integer(const std::string& key, int64_t lowest, int64_t highest) {
    const toml::node& node = require(key);
    auto value = node.value_exact<int64_t>();
    if (value && *value >= lowest && *value <= highest) return *value;
    fail(node, key, fmt::format("an integer in {}..{}", lowest, highest));
  }

  double number(const std::string& key, double highest) {
    const toml::node& node = require(key);
    std::optional<double> value = node.is_number() ? node.value<double>() : std::nullopt;
    if (value && *value >= 0 && *value <= highest) return *value;
    fail(node, key, fmt::format("a number in 0..{}", highest));
  }

  bool boolean(const std::string& key) {
    const toml::node& node = require(key);
    if (auto value = node.value_exact<bool>()) return *value;
    fail(node, key, "true or false");
  }

  std::vector<std::string> features(const std::string& key) {
    const toml::node& node = require(key);
    const toml::array* array = node.as_array();
    if (!array) fail(node, key, "an array of strings");
    std::vector<std::string> result;
    for (const toml::node& element : *array) {
      auto text = element.value_exact<std::string>();
      if (!text || text->size() < 2 || ((*text)[0] != '+' && (*text)[0] != '-')) {
        fail(element, key, "strings such as \"+fma\" or \"-fma\"");
      }
      result.push_back(*text);
    }
    return result;
  }

  Section section(const std::string& key) {
    const toml::node& node = require(key);
    const toml::table* table = node.as_table();
    if (!table) fail(node, key, "a table");
    return {*table, name_.empty() ? key : name_ + "." + key, file_};
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& key, const std::string& need) {
    auto shown = node.is_array() || node.is_table() ? std::string("a list or table") : describe(node);
    throw Error(ErrorCode::bad_file, {.step = "target",
                                      .what = fmt::format("bad value of '{}'", path(key)),
                                      .got = shown,
                                      .need = need,
                                      .where = location_of(node.source(), file_)});
  }

  const toml::node& require(const std::string& key) {
    asked_.insert(key);
    if (const toml::node* node = table_.get(key)) return *node;
    throw Error(ErrorCode::bad_file, {.step = "target",
                                      .what = fmt::format("missing key '{}'", path(key)),
                                      .got = "no such key",
                                      .need = "every key of a target description",
                                      .where = location_of(table_.source(), file_)});
  }

  void finish() const {
    for (const auto& [key, node] : table_) {
      std::string name(key.str());
      if (asked_.count(name)) continue;
      std::string hint = did_you_mean(name, {asked_.begin(), asked_.end()});
      throw Error(ErrorCode::bad_file, {.step = "target",
                                        .what = fmt::format("unknown key '{}'", path(name)),
                                        .got = name,
                                        .need = fmt::format("one of {}", fmt::join(asked_, ", ")),
                                        .where = location_of(key.source(), file_),
                                        .hint = hint});
    }
  }

 private:
  std::string path(const std::string& key) const { return name_.empty() ? key : name_ + "." + key; }

  static std::string describe(const toml::node& node) {
    if (auto value = node.value_exact<std::string>()) return fmt::format("\"{}\"", *value);
    if (auto value = node.value_exact<int64_t>()) return fmt::format("{}", *value);
    if (auto value = node.value_exact<double>()) return fmt::format("{}", *value);
    if (auto value = node.value_exact<bool>()) return *value ? "true" : "false";
    return "a date or time";
  }

  const toml::table& table_;
  std::string name_;
  const std::string& file_;
  std::set<std::string> asked_;
};

PipeInfo read_pipe(Section& pipes, const std::string& name) {
  Section pipe = pipes.section(name);
  PipeInfo info;
  info.per_cycle = pipe.number("per_cycle", 16);
  info.latency_cycles = static_cast<int>(pipe.integer("latency_cycles", 1, 1000));
  pipe.finish();
  return info;
}

void read_vectors(Section& top, Target& target) {
  Section vector = top.section("vector");
  target.vector_bytes = static_cast<int>(vector.integer("bytes", 16, 64));
  if (target.vector_bytes & (target.vector_bytes - 1)) vector.fail(vector.require("bytes"), "bytes", "16, 32 or 64");
  target.vector_registers = static_cast<int>(vector.integer("registers", 8, 64));
  target.mask_registers = vector.boolean("mask_registers");
  target.loads_per_cycle = static_cast<int>(vector.integer("loads_per_cycle", 1, 16));
  target.stores_per_cycle = static_cast<int>(vector.integer("stores_per_cycle", 1, 16));
  vector.finish();
}

void read_pipes(Section& top, Target& target) {
  Section pipes = top.section("pipes");
  target.add = read_pipe(pipes, "add");
  target.mul = read_pipe(pipes, "mul");
  target.logic = read_pipe(pipes, "logic");
  target.divide = read_pipe(pipes, "divide");
  target.popcount = read_pipe(pipes, "popcount");
  pipes.finish();
}

void read_caches(Section& top, Target& target) {
  Section caches = top.section("caches");
  constexpr int64_t largest = int64_t{1} << 40;
  target.l1_bytes = caches.integer("l1_bytes", 1024, largest);
  target.l2_bytes = caches.integer("l2_bytes", 0, largest);
  target.l3_bytes = caches.integer("l3_bytes", 0, largest);
  caches.finish();
}

toml::table parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::syntax, {.step = "target",
                                    .what = "the description is no TOML",
                                    .got = std::string(error.description()),
                                    .need = "TOML 1.0",
                                    .where = location_of(error.source(), file)});
  }
}

}  // namespace

bool Target::has_feature(std::string_view feature) const {
  return std::any_of(features.begin(), features.end(),
                     [&](std::string_view entry) { return entry.starts_with('+') && entry.substr(1) == feature; });
}

int level_number(std::string_view level) {
  auto found = std::find(std::begin(levels), std::end(levels), level);
  return found == std::end(levels) ? -1 : static_cast<int>(found - std::begin(levels));
}

std::string key_text(const Target& target) {
  // A new field that is not named here does not compile.
  const auto& [name, level, cpu, features, vector_bytes, vector_registers, mask_registers, add, mul, logic, divide,
               popcount, loads_per_cycle, stores_per_cycle, l1_bytes, l2_bytes, l3_bytes, threads, clock_ghz] = target;
  std::string text =
      fmt::format("level {} cpu {} features {} vector {} x {}{} loads {} stores {} caches {} {} {} threads {}", level,
                  cpu, fmt::join(features, ","), vector_bytes, vector_registers, mask_registers ? " masks" : "",
                  loads_per_cycle, stores_per_cycle, l1_bytes, l2_bytes, l3_bytes, threads);
  for (const PipeInfo& pipe : {add, mul, logic, divide, popcount}) {
    const auto& [per_cycle, latency_cycles] = pipe;
    text += fmt::format(" {}/{}", per_cycle, latency_cycles);
  }
  return text + "\n";
}

Target parse_target(std::string_view toml, const std::string& file_name) {
  toml::table table = parse_toml(toml, file_name);
  Section top(table, "", file_name);
  Target target;
  target.name = top.text("name");
  target.level = top.text("level");
  if (level_number(target.level) < 0) {
    top.fail(top.require("level"), "level", fmt::format("one of {}", fmt::join(levels, ", ")));
  }
  target.cpu = top.text("cpu");
  target.features = top.features("features");
  read_vectors(top, target);
  read_pipes(top, target);
  read_caches(top, target);
  target.threads = static_cast<int>(top.integer("threads", 1, 1 << 16));
  target.clock_ghz = top.number("clock_ghz", 100);
  top.finish();
  return target;
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const EmbeddedTarget* entry = embedded_targets; entry->name; ++entry) names.push_back(entry->name);
  std::sort(names.begin(), names.end());
  return names;
}

// "x86-64-v4+avx512vnni": the description, and what it has besides.
static Target with_features(const std::string& name, size_t plus) {
  Target target = target_named(name.substr(0, plus));
  target.name = name;
  const std::vector<std::string> known = instruction_features();
  for (size_t at = plus; at < name.size();) {
    const size_t end = std::min(name.find('+', at + 1), name.size());
    const std::string feature = name.substr(at + 1, end - at - 1);
    if (std::find(known.begin(), known.end(), feature) == known.end()) {
      throw Error(ErrorCode::unknown_target, {.step = "target", .what = "no such feature", .got = feature.empty() ? "no name" : feature,
                                              .need = fmt::format("one of {}", fmt::join(known, ", ")), .where = {}, .hint = did_you_mean(feature, known)});
    }
    if (!target.has_feature(feature)) target.features.push_back("+" + feature);
    at = end;
  }
  return target;
}

Target target_named(const std::string& name) {
  if (const size_t plus = name.find('+'); plus != std::string::npos) return with_features(name, plus);
  for (const EmbeddedTarget* entry = embedded_targets; entry->name; ++entry) {
    if (name == entry->name) return parse_target(entry->toml, "targets/" + name + ".toml");
  }
  ErrorParts parts{.step = "target", .what = "no such target description", .got = name.empty() ? "no name" : name, .need = {}};
  parts.need = fmt::format("one of {}", fmt::join(target_names(), ", "));
  parts.hint = did_you_mean(name, target_names());
  throw Error(ErrorCode::unknown_target, parts);
}

Target with_instruction_set(const Target& machine, const Target& isa) {
  Target result = isa;
  result.l1_bytes = machine.l1_bytes;
  result.l2_bytes = machine.l2_bytes;
  result.l3_bytes = machine.l3_bytes;
  result.threads = machine.threads;
  result.clock_ghz = machine.clock_ghz;
  return result;
}

}  // namespace lathe
