// References of attention, embedding and what goes with them.
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

// One query over KV places of which `seen` tells whether it counts: scores and values by functions.
template <class Score, class Value, class Seen>
Real attended(Ix places, const Score& score, const Value& value, const Seen& seen) {
  const Real none = -std::numeric_limits<double>::infinity();
  const auto masked = [&](Ix j) { return seen(j) ? score(j) : none; };
  const Real top = largest(places, masked);
  const auto weight = [&](Ix j) { return exp(masked(j) - top); };
  return sum(places, [&](Ix j) { return weight(j) * value(j); }) / sum(places, weight);
}

// Causal: up to the query's own place; a window: so many places at most.
void attention(Call& c, bool causal, Ix window) {
  const In query = c.in("query"), key = c.in("key"), value = c.in("value");
  c.out("O").fill([&](Ix b, Ix h, Ix i, Ix d) {
    const auto score = [&](Ix j) {
      return sum(c["D"], [&](Ix e) { return query(b, h, i, e) * key(b, h, j, e); }) * c.param("scale");
    };
    const Ix own = i + c["KV"] - c["Q"];
    return attended(
        c["KV"], score, [&](Ix j) { return value(b, h, j, d); },
        [&](Ix j) { return !causal || (j <= own && j > own - window); });
  });
}

void rotated(Call& c, bool halves) {
  const In X = c.in("X"), position = c.in("position");
  const auto turned = [&](Ix t, Ix h, Ix e, Ix p) {
    const Real angle = rounded(position.at(t), 0) * pow(c.param("base"), -Real(e) / Real(c["E"]));
    const auto x = [&](Ix q) { return halves ? X(t, h, q, e) : X(t, h, e, q); };
    return x(p) * cos(angle) + (p == 0 ? -x(1) : x(0)) * sin(angle);
  };
  if (halves)
    c.out("Y").fill([&](Ix t, Ix h, Ix p, Ix e) { return turned(t, h, e, p); });
  else
    c.out("Y").fill([&](Ix t, Ix h, Ix e, Ix p) { return turned(t, h, e, p); });
}

constexpr Ix everything = Ix{1} << 40;
const std::vector<std::map<std::string, Ix>> heads = {{{"B", 1}, {"H", 2}, {"Q", 17}, {"KV", 33}, {"D", 16}}};

// Of the caches as they are afterwards; `new_row(h, s, e)` where s is one of T places from `at` on.
void cached(Call& c, Ix T, bool one) {
  const In q = c.in("q"), k = c.in("k"), v = c.in("v"), keys = c.in("keys"), values = c.in("values");
  const Ix at = c.in("at").at();
  const auto row = [&](const In& fresh, Ix h, Ix s, Ix e) { return one ? fresh(h, e) : fresh(h, s - at, e); };
  const auto is_new = [&](Ix s) { return s >= at && s < at + T; };
  const auto K = [&](Ix h, Ix s, Ix e) { return is_new(s) ? row(k, h, s, e) : keys(h, s, e); };
  const auto V = [&](Ix h, Ix s, Ix d) { return is_new(s) ? row(v, h, s, d) : values(h, s, d); };
  c.out("K").fill([&](Ix h, Ix s, Ix e) { return K(h, s, e); });
  c.out("V").fill([&](Ix h, Ix s, Ix d) { return V(h, s, d); });
  const auto result = [&](Ix h, Ix t, Ix d) {
    const auto score = [&](Ix s) {
      return sum(c["E"], [&](Ix e) { return (one ? q(h, e) : q(h, t, e)) * K(h, s, e); }) * c.param("scale");
    };
    return attended(c["S"], score, [&](Ix s) { return V(h, s, d); }, [&](Ix s) { return s <= at + t; });
  };
  if (one)
    c.out("O").fill([&](Ix h, Ix d) { return result(h, 0, d); });
  else
    c.out("O").fill([&](Ix h, Ix t, Ix d) { return result(h, t, d); });
}

}  // namespace

Table sequences() {
  return {
      {"attention",
       {.sizes = heads, .params = {{}, {{"causal", 1}}}},
       [](Call& c) { attention(c, c["causal"] == 1, everything); }},
      {"window_attention",
       {.sizes = heads, .params = {{{"window", 5}}}},
       [](Call& c) { attention(c, true, c["window"]); }},
      {"grouped_attention",
       {.sizes = {{{"B", 1}, {"H", 2}, {"G", 3}, {"Q", 7}, {"KV", 17}, {"D", 8}}}},
       [](Call& c) {
         const In query = c.in("query"), key = c.in("key"), value = c.in("value");
         c.out("O").fill([&](Ix b, Ix h, Ix g, Ix i, Ix d) {
           const auto score = [&](Ix j) {
             return sum(c["D"], [&](Ix e) { return query(b, h, g, i, e) * key(b, h, j, e); }) * c.param("scale");
           };
           return attended(
               c["KV"], score, [&](Ix j) { return value(b, h, j, d); },
               [&](Ix j) { return c["causal"] == 0 || j <= i + c["KV"] - c["Q"]; });
         });
       }},
      {"attend", {.sizes = {{{"H", 2}, {"S", 40}, {"E", 16}, {"D", 17}}}}, [](Call& c) { cached(c, 1, true); }},
      {"prefill",
       {.sizes = {{{"H", 2}, {"T", 7}, {"S", 40}, {"E", 16}, {"D", 17}}}},
       [](Call& c) { cached(c, c["T"], false); }},
      {"embedding",
       {.ranges = {{"word", {-2, 12}}}},
       [](Call& c) {
         const In table = c.in("table"), word = c.in("word");
         c.out("Y").fill([&](Ix t, Ix e) { return table.or_zero(word.at(t), e); });
       }},
      {"rope", {.sizes = {{{"T", 5}, {"H", 3}, {"E", 32}}}}, [](Call& c) { rotated(c, false); }},
      {"rope_halves", {.sizes = {{{"T", 5}, {"H", 3}, {"E", 32}}}}, [](Call& c) { rotated(c, true); }},
  };
}

}  // namespace lathe::reference
