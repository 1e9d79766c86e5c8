#include "bench/growing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace lathe {
namespace {

// Stage s of a chain reads the one before it, the first reads the input. `value` has {} where it reads.
std::string chain(const std::string& header, int stages, const std::string& left, std::string (*value)(const std::string&)) {
  std::string text = header + "\n";
  for (int s = 0; s < stages; ++s) {
    const std::string from = s == 0 ? "A" : fmt::format("F{}", s - 1), to = s + 1 == stages ? "Y" : fmt::format("F{}", s);
    text += fmt::format("  {}{} = {}\n", to, left, value(from));
  }
  return text;
}

std::string scaled(const std::string& from) { return fmt::format("{}[i]*1.5 + 1", from); }
std::string outside(const std::string& from) { return from == "A" ? " outside edge" : ""; }
std::string smoothed(const std::string& from) {
  return fmt::format("{0}[y - 1, x]{1} + {0}[y, x]{1} + {0}[y + 1, x]{1}", from, outside(from));
}
std::string multiplied(const std::string& from) { return fmt::format("sum(k < N: M[i, k]*{}[k])", from); }

std::string scalings(int stages) { return chain("chain(A: f32[N]) -> Y: f32[N]", stages, "[i]", scaled); }
std::string stencils(int stages) { return chain("chain(A: f32[H, W]) -> Y: f32[H, W]", stages, "[y, x]", smoothed); }
std::string products(int stages) { return chain("chain(A: f32[N], M: f32[N, N]) -> Y: f32[N]", stages, "[i]", multiplied); }

std::string with_schedule(std::string text, int stages, std::string (*directives)(const std::string& func)) {
  text += "\nschedule for chain\n";
  for (int s = 0; s < stages; ++s) text += directives(s + 1 == stages ? "Y" : fmt::format("F{}", s));
  return text;
}

std::string stored_stencils(int stages) {
  return with_schedule(stencils(stages), stages, [](const std::string& f) {
    return f == "Y" ? std::string("Y.split(x, xo, xi, 8).vectorize(xi)\n")
                    : fmt::format("{0}.compute_root()\n{0}.split(x, xo, xi, 8).vectorize(xi)\n", f);
  });
}

std::string attached_stencils(int stages) {
  return with_schedule(stencils(stages), stages, [](const std::string& f) {
    return f == "Y" ? std::string("Y.split(y, yo, yi, 4)\n") : fmt::format("{}.compute_at(Y, yo)\n", f);
  });
}

std::vector<std::string> indices(int rank) {
  std::vector<std::string> names;
  for (int d = 0; d < rank; ++d) names.push_back(fmt::format("i{}", d));
  return names;
}
std::vector<std::string> extents(int rank) {
  std::vector<std::string> names;
  for (int d = 0; d < rank; ++d) names.push_back(fmt::format("N{}", d));
  return names;
}

// A sum over the last index of an input of this rank.
std::string nest(int rank) {
  return fmt::format("nest(A: f32[{0}, K], B: f32[K]) -> Y: f32[{0}]\n  Y[{1}] = sum(k < K: A[{1}, k]*B[k])\n",
                     fmt::join(extents(rank), ", "), fmt::join(indices(rank), ", "));
}

// Blocks of every index, the last a vector.
std::string tiled_nest(int rank) {
  std::string text = nest(rank) + "\nschedule for nest\n";
  std::vector<std::string> outer, inner;
  for (const std::string& i : indices(rank)) {
    text += fmt::format("Y.split({0}, {0}o, {0}i, {1})\n", i, i == indices(rank).back() ? 8 : 4);
    outer.push_back(i + "o");
    inner.push_back(i + "i");
  }
  return text + fmt::format("Y.reorder({}, k, {}).vectorize({})\n", fmt::join(outer, ", "), fmt::join(inner, ", "), inner.back());
}

const std::vector<int> stages = {4, 8, 16, 32, 64, 128}, fewer_stages = {4, 8, 16, 32, 64}, ranks = {1, 2, 3, 4, 6, 8};

}  // namespace

std::span<const Growing> growing_operators() {
  using enum GrowingSchedule;
  static const std::vector<Growing> all = {
      {"scalings, inlined", scalings, written, stages},
      {"stencils, nothing said", stencils, written, stages},
      {"stencils, each stored", stored_stencils, written, stages},
      {"stencils, in blocks", attached_stencils, written, stages},
      {"stencils, constructed", stencils, constructed, fewer_stages},
      {"products", products, written, stages},
      {"products, constructed", products, constructed, fewer_stages},
      {"nests", nest, written, ranks},
      {"nests, tiled", tiled_nest, written, ranks},
      {"nests, constructed", nest, constructed, ranks},
  };
  return all;
}

double exponent_of(const std::vector<int>& sizes, const std::vector<double>& costs) {
  double x = 0, y = 0, xx = 0, xy = 0;
  const auto n = static_cast<double>(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) {
    const double at = std::log(sizes[i]), cost = std::log(std::max(costs[i], 1.0));
    x += at, y += cost, xx += at * at, xy += at * cost;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

}  // namespace lathe
