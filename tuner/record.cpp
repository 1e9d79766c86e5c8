#include "tuner/record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "lang/text.h"
#include "support/error.h"
#include "targets/fingerprint.h"

namespace lathe::tuner {

namespace {

using nlohmann::json;

constexpr int kTextVersion = 1;

constexpr std::string_view outcome_names[] = {
#define LATHE_OUTCOME(name, text, meaning) text,
#include "tuner/outcomes.def"
#undef LATHE_OUTCOME
};

// FNV-1a: the same in every run and on every machine.
uint64_t hash_of(const std::string& text) {
  uint64_t value = 0xcbf29ce484222325u;
  for (char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return value;
}

json line_of(const Problem& p) {
  return {{"problem", p.key()}, {"op", p.op}, {"sizes", p.sizes}, {"threads", p.threads}, {"level", p.level},
          {"layouts", p.layouts}, {"target", p.target}, {"algorithm", p.algorithm}};
}

json line_of(const Run& r) {
  return {{"run", r.id}, {"of", r.problem}, {"seed", r.seed}, {"budget_s", r.budget_s}, {"started", r.started},
          {"ended", r.ended}, {"lathe", r.lathe}, {"llvm", r.llvm}, {"knew", r.knew}};
}

json line_of(const Trial& t) {
  return {{"trial", t.number}, {"in", t.run}, {"trace", t.trace}, {"schedule", t.schedule},
          {"outcome", name_of(t.outcome)}, {"detail", t.detail}, {"us", t.us}, {"ratio", t.ratio},
          {"speedup", t.speedup}, {"samples_us", t.samples_us}, {"confirmed", t.confirmed}};
}

Problem problem_from(const json& j) {
  Problem p{j.at("op"), j.at("algorithm"), j.at("sizes"), j.at("threads"), j.at("target"), j.at("level"), j.at("layouts")};
  if (p.key() != j.at("problem").get<std::string>()) throw std::invalid_argument("the problem's key is not its own");
  return p;
}

Run run_from(const json& j) {
  return {j.at("run"), j.at("of"), j.at("seed"), j.at("budget_s"), j.at("started"), j.at("ended"), j.at("lathe"), j.at("llvm"), j.at("knew")};
}

Trial trial_from(const json& j) {
  const auto outcome = outcome_named(j.at("outcome").get<std::string>());
  if (!outcome) throw std::invalid_argument("unknown outcome " + j.at("outcome").dump());
  return {j.at("in"), j.at("trial"), j.at("trace"), j.at("schedule"), *outcome, j.at("detail"),
          j.at("us"), j.at("ratio"), j.at("speedup"), j.at("samples_us"), j.at("confirmed")};
}

void read_line(const json& j, Records& records) {
  if (j.contains("problem")) {
    records.problems.push_back(problem_from(j));
  } else if (j.contains("run")) {
    records.runs.push_back(run_from(j));
  } else if (j.contains("trial")) {
    records.trials.push_back(trial_from(j));
  } else {
    throw std::invalid_argument("neither a problem, a run nor a trial");
  }
}

}  // namespace

std::string_view name_of(Outcome outcome) { return outcome_names[static_cast<size_t>(outcome)]; }

std::optional<Outcome> outcome_named(std::string_view text) {
  for (size_t i = 0; i < outcome_count; ++i) if (outcome_names[i] == text) return static_cast<Outcome>(i);
  return std::nullopt;
}

std::string print(const Sizes& sizes) {
  std::vector<std::string> items;
  for (const auto& [name, value] : sizes) items.push_back(fmt::format("{}={}", name, value));
  return fmt::format("{}", fmt::join(items, ","));
}

std::string Problem::key() const {
  return fmt::format("{:016x}", hash_of(fmt::format("{}\n{}\n{}\n{}\n{}", algorithm, print(sizes), threads, target, layouts)));
}

std::string print(const Layouts& layouts) {
  std::vector<std::string> items;
  for (const auto& [name, right] : layouts) items.push_back(name + (right == LayoutRight::constant ? " constant" : " free"));
  return fmt::format("{}", fmt::join(items, ", "));
}

Problem problem_of(const Operator& op, const Sizes& sizes, int threads, const Target& target, const Layouts& layouts) {
  return {op.name, print(op), sizes, threads, fingerprint_of(target), target.level, print(layouts)};
}

std::string print(const Records& records) {
  std::string text = json{{"lathe_records", kTextVersion}}.dump() + "\n";
  for (const Problem& p : records.problems) text += line_of(p).dump() + "\n";
  for (const Run& r : records.runs) text += line_of(r).dump() + "\n";
  for (const Trial& t : records.trials) text += line_of(t).dump() + "\n";
  return text;
}

Records parse_records(const std::string& text, const std::string& file) {
  Records records;
  std::istringstream in(text);
  int number = 0;
  bool begun = false;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    const auto fail = [&](const std::string& got, const std::string& need) {
      throw Error(ErrorCode::syntax, {.step = "records", .what = "a line of tuning records", .got = got, .need = need,
                                      .where = {file, number, 1}});
    };
    try {
      const json j = json::parse(line);
      if (begun) {
        read_line(j, records);
        continue;
      }
      begun = j.is_object() && j.contains("lathe_records");
      if (!begun) fail("another first line", R"({"lathe_records":1})");
      if (j.at("lathe_records") > kTextVersion) {
        throw Error(ErrorCode::newer_store, {.step = "records", .what = file + " is from a newer Lathe",
                                             .got = "version " + j.at("lathe_records").dump(),
                                             .need = fmt::format("version {} or older", kTextVersion), .where = {file, number, 1}});
      }
    } catch (const json::exception& e) {
      fail(e.what(), "one JSON object with the members that `lathe store export` writes");
    } catch (const std::invalid_argument& e) {
      fail(e.what(), "a line that `lathe store export` wrote");
    }
  }
  return records;
}

std::string lathe_version() { return LATHE_VERSION; }
std::string llvm_version() { return LATHE_LLVM_VERSION; }

}  // namespace lathe::tuner
