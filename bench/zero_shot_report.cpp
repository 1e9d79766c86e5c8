#include "bench/zero_shot_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace lathe::bench {

namespace {

constexpr double kLoses = 1.05;

std::string shortened(const std::string& text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 2) + "..";
}

double geometric_mean(const std::vector<Row>& rows, const std::function<double(const Row&)>& value) {
  double sum = 0;
  size_t count = 0;
  for (const Row& row : rows) {
    const double v = value(row);
    if (row.error.empty() && v > 0) sum += std::log(v), ++count;
  }
  return count ? std::exp(sum / static_cast<double>(count)) : 0;
}

size_t count_if(const std::vector<Row>& rows, const std::function<bool(const Row&)>& holds) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const Row& r) { return r.error.empty() && holds(r); }));
}

void print_share(const char* what, size_t count, size_t of) {
  fmt::print("{}: {} of {} ({:.1f} %)\n", what, count, of,
             of ? 100.0 * static_cast<double>(count) / static_cast<double>(of) : 0);
}

}  // namespace

double fraction_of_bound(const Row& row) { return row.constructed_us > 0 ? row.bound_us / row.constructed_us : 0; }

void print_head() {
  fmt::print("{:<28} {:<34} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8} {:<8} {:>5} {:>9} {:>9}\n", "operator", "sizes",
             "us", "plain us", "C us", "/ plain", "/ C", "of bound", "by", "lanes", "choose ms", "compile");
}

void print_row(const Row& row) {
  fmt::print("{:<28} {:<34} ", shortened(row.name, 28), shortened(row.sizes, 34));
  if (!row.error.empty()) {
    fmt::print("{}\n", row.error);
  } else {
    fmt::print("{:>10.1f} {:>10.1f} {:>10.1f} {:>8.3f} {:>8.3f} {:>8.3f} {:<8} {:>5} {:>9.2f} {:>9.1f}{}\n",
               row.constructed_us, row.plain_us, row.c_us, row.to_plain, row.to_c, fraction_of_bound(row), row.bound_by,
               row.lanes, row.construct_ms, row.compile_ms,
               row.to_plain > kLoses || row.to_c > kLoses ? "  LOSES" : "");
  }
  std::fflush(stdout);
}

void print_summary(const std::vector<Row>& rows) {
  const size_t good = count_if(rows, [](const Row&) { return true; });
  fmt::print("\n{} cases, {} measured\n", rows.size(), good);
  print_share("slower than the plain nest by more than 5 %",
              count_if(rows, [](const Row& r) { return r.to_plain > kLoses; }), good);
  print_share("slower than C by more than 5 %", count_if(rows, [](const Row& r) { return r.to_c > kLoses; }), good);
  print_share("most time in a loop of single elements", count_if(rows, [](const Row& r) { return r.lanes == 1; }),
              good);
  for (const Row& row : rows) {
    if (row.error.empty() && row.lanes == 1)
      fmt::print("  {} {}: {}\n", row.name, row.sizes, row.reason.empty() ? "no reason known" : row.reason);
  }
  fmt::print("geometric means: {:.3f} of the plain nest's time, {:.3f} of C's, {:.3f} of the bound\n",
             geometric_mean(rows, [](const Row& r) { return r.to_plain; }),
             geometric_mean(rows, [](const Row& r) { return r.to_c; }), geometric_mean(rows, fraction_of_bound));
  for (const Row& row : rows)
    if (!row.error.empty()) fmt::print("not measured: {} {}: {}\n", row.name, row.sizes, row.error);
}

void write_json(const std::string& path, const std::vector<Row>& rows, uint64_t seed, const std::string& target) {
  nlohmann::json list = nlohmann::json::array();
  for (const Row& r : rows) {
    list.push_back({{"operator", r.name},
                    {"sizes", r.sizes},
                    {"text", r.text},
                    {"constructed_us", r.constructed_us},
                    {"plain_us", r.plain_us},
                    {"c_us", r.c_us},
                    {"to_plain", r.to_plain},
                    {"to_c", r.to_c},
                    {"bound_us", r.bound_us},
                    {"bound_by", r.bound_by},
                    {"lanes", r.lanes},
                    {"construct_ms", r.construct_ms},
                    {"compile_ms", r.compile_ms},
                    {"reason", r.reason},
                    {"error", r.error}});
  }
  std::ofstream out(path);
  out << nlohmann::json{{"seed", seed}, {"target", target}, {"rows", list}}.dump(1) << "\n";
  if (!out) throw std::runtime_error("cannot write " + path);
}

void print_changes(const std::string& before, const std::vector<Row>& rows) {
  std::ifstream in(before);
  if (!in) throw std::runtime_error("cannot read " + before);
  std::map<std::pair<std::string, std::string>, double> old;
  for (const auto& r : nlohmann::json::parse(in).at("rows")) {
    if (r.at("error").get<std::string>().empty()) old[{r.at("operator"), r.at("sizes")}] = r.at("to_c");
  }
  std::vector<std::pair<double, const Row*>> changes;  // above 1: slower than before
  double sum = 0;
  for (const Row& row : rows) {
    auto it = old.find({row.name, row.sizes});
    if (it == old.end() || !row.error.empty() || it->second <= 0) continue;
    changes.emplace_back(row.to_c / it->second, &row);
    sum += std::log(changes.back().first);
  }
  std::sort(changes.begin(), changes.end());
  fmt::print("\nagainst {}: {} cases in both, {:.3f} of the time relative to C\n", before, changes.size(),
             changes.empty() ? 1 : std::exp(sum / static_cast<double>(changes.size())));
  for (const auto& [change, row] : changes) {
    if (change < 0.9 || change > 1.1) fmt::print("{:>8.3f} {} {}\n", change, row->name, row->sizes);
  }
}

}  // namespace lathe::bench
