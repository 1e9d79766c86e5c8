#include "tuner/jobs.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace lathe::tuner {

namespace {

constexpr double kFirstTurns = 0.25;                        // of the budget, for the first turn of everyone
constexpr double kTurns = 40;                               // turns in a budget, about
constexpr double kShortest = 0.5;                           // seconds
constexpr double kTrend = 0.5;                              // of the last turn's gain, in the next one
constexpr double kHope = 0.05;                              // of the way to the bound, in one turn
constexpr int kFruitless = 3;                               // turns in which nothing could be measured

SourceLocation location_of(const toml::source_region& region, const std::string& file) {
  return {file, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

class JobReader {
 public:
  explicit JobReader(std::string file) : file_(std::move(file)) {}

  Job read(const toml::table& table) {
    Job job;
    for (const auto& [key, node] : table) {
      if (key == "budget") {
        job.budget = text(node, "budget");
        if (!seconds_in(job.budget)) fail(node, "budget", job.budget, "a time such as 30s, 10m or 8h");
      } else if (key == "threads") {
        job.threads = static_cast<int>(integer(node, "threads"));
      } else if (key == "tune") {
        for (const toml::node& entry : array(node, "tune")) add(job, entry);
      } else {
        fail(node, std::string(key.str()), "an unknown key", "budget, threads or [[tune]]");
      }
    }
    if (job.items.empty()) fail(table, "tune", "nothing to tune", "at least one [[tune]] with an operator");
    return job;
  }

 private:
  void add(Job& job, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (!table) fail(node, "tune", "something else", "tables: [[tune]]");
    JobItem item;
    std::vector<std::string> sizes;
    for (const auto& [key, value] : *table) {
      if (key == "operator") item.op = text(value, "operator");
      else if (key == "sizes") sizes = texts(value, "sizes");
      else if (key == "set") item.sets = texts(value, "set");
      else if (key == "weight") item.weight = value.value<double>().value_or(0);
      else fail(value, std::string(key.str()), "an unknown key", "operator, sizes, set or weight");
    }
    if (item.op.empty()) fail(node, "operator", "none", "FILE[:op] or stdlib:op");
    if (item.weight <= 0) fail(node, "weight", "something else", "a number above 0");
    item.where = location_of(node.source(), file_);
    if (sizes.empty()) sizes.push_back("");
    for (const std::string& size : sizes) {
      item.sizes = size;
      job.items.push_back(item);
    }
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& key, const std::string& got, const std::string& need) {
    throw Error(ErrorCode::bad_file, {.step = "job", .what = key, .got = got, .need = need, .where = location_of(node.source(), file_)});
  }
  std::string text(const toml::node& node, const std::string& key) {
    if (const auto value = node.value_exact<std::string>()) return *value;
    fail(node, key, "something else", "a string");
  }
  int64_t integer(const toml::node& node, const std::string& key) {
    const auto value = node.value_exact<int64_t>();
    if (value && *value >= 0 && *value <= 4096) return *value;
    fail(node, key, "something else", "an integer from 0 to 4096");
  }
  const toml::array& array(const toml::node& node, const std::string& key) {
    if (const toml::array* list = node.as_array()) return *list;
    fail(node, key, "something else", "a list");
  }
  std::vector<std::string> texts(const toml::node& node, const std::string& key) {
    std::vector<std::string> all;
    for (const toml::node& element : array(node, key)) all.push_back(text(element, key));
    return all;
  }

  const std::string file_;
};

}  // namespace

std::optional<double> seconds_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  const double factor = unit == "s" || unit.empty() ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  if (error != std::errc() || !(value * factor > 0) || !std::isfinite(value)) return std::nullopt;
  return value * factor;
}

Job parse_job(const std::string& toml, const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(toml, file);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::syntax, {.step = "job", .what = "this is no TOML", .got = std::string(error.description()),
                                    .need = "a job, as docs/tuning.md shows it", .where = location_of(error.source(), file)});
  }
  return JobReader(file).read(table);
}

Shares::Shares(std::vector<double> weights, double budget_s)
    : turn_s_(std::max(budget_s * kFirstTurns / std::max<double>(static_cast<double>(weights.size()), 1), kShortest)) {
  for (const double w : weights) {
    items_.emplace_back();
    items_.back().weight = w;
  }
  turn_s_ = std::min(turn_s_, std::max(budget_s / kTurns * 4, kShortest));
}

double Shares::expected_gain(size_t item) const {
  const Item& i = items_[item];
  const double headroom = i.of_bound > 0 ? std::max(-std::log(i.of_bound), 0.0) : 0;
  return std::expm1(kTrend * i.last + kHope * headroom / std::max(i.turns, 1));
}

std::optional<Turn> Shares::next(double seconds_left) const {
  if (seconds_left < kShortest) return std::nullopt;
  std::optional<size_t> best;
  const auto untried = [&](size_t i) { return items_[i].turns > 0 ? kFruitless : items_[i].fruitless; };
  for (size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].converged || items_[i].fruitless == kFruitless) continue;
    const bool sooner = best && untried(i) < untried(*best);   // everyone once, in order
    const bool more = best && untried(i) == kFruitless && untried(*best) == kFruitless &&
                      items_[i].weight * expected_gain(i) > items_[*best].weight * expected_gain(*best);
    if (!best || sooner || more) best = i;
  }
  if (!best) return std::nullopt;
  return Turn{*best, std::min(std::ldexp(turn_s_, items_[*best].fruitless), seconds_left), expected_gain(*best)};
}

void Shares::tell_nothing(size_t item) { ++items_[item].fruitless; }

void Shares::tell(size_t item, double gain, double of_bound, bool converged) {
  Item& i = items_[item];
  i.last = std::log(std::max(gain, 1.0));
  i.of_bound = of_bound;
  i.converged = converged;
  ++i.turns;
}

}  // namespace lathe::tuner
