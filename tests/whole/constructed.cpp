// Constructed schedules: what stands where, and that the results are right there.
#include <doctest/doctest.h>

#include <string>

#include "tests/whole/schedule_trials.h"

namespace lathe {
namespace {

constexpr const char* columns =
    "columns(X: f32[M, N]) -> Y: f32[M, N]\n  top[j] = max(i < M: X[i, j])\n  total[j] = sum(i < M: X[i, j] - top[j])\n"
    "  Y[i, j] = (X[i, j] - top[j]) / (total[j] - 1)\n";
constexpr const char* groups =
    "groups(X: f32[N, H, G, C]) -> Y: f32[N, H, G, C]\n  total[n, g] = sum(y < H, c < C: X[n, y, g, c])\n"
    "  Y[n, y, g, c] = X[n, y, g, c] - total[n, g]\n";
constexpr const char* passes =
    "passes(X: f32[H, W, C], v: f32[R]) -> Y: f32[H, W, C]\n"
    "  across[y, x, c] = sum(s < R: v[s] * X[y, x + s - 1, c] outside edge)\n"
    "  Y[y, x, c] = sum(r < R: v[r] * across[y + r - 1, x, c])\n";
constexpr const char* layer =
    "layer(X: f32[N, H, W, C], F: f32[R, S, C, O]) -> Y: f32[N, H, W, O]\n  P[n, y, x, c] = X[n, y, x, c] outside 0\n"
    "  Y[n, y, x, o] = sum(r < R, s < S, c < C: P[n, y + r, x + s, c] * F[r, s, c, o])\n";
constexpr const char* colours =
    "colours(X: f32[H, W, 3]) -> Y: f32[H, W, 3]\n"
    "  Y[y, x, c] = select(c == 0, X[y, x, 0] + X[y, x, 2], select(c == 1, X[y, x, 1], X[y, x, 2]))\n";
constexpr const char* neighbours =
    "neighbours(X: u8[H, W]) -> Y: u8[H, W]\n  around[y, x] = sum(r < 3, s < 3: X[y + r - 1, x + s - 1] outside wrap) - X[y, x]\n"
    "  Y[y, x] = u8(around[y, x] == 3 or around[y, x] == 2 and X[y, x] == 1)\n";
constexpr const char* halves =
    "halves(X: f32[B, 2, N], w: f32[N]) -> Y: f32[B, 2, N]\n  turned[b, k] = X[b, 1, k] * w[k] - w[k]\n"
    "  Y[b, h, k] = X[b, 0, k] + select(h == 0, turned[b, k], -turned[b, k])\n";
constexpr const char* scaled =
    "scaled(X: f32[H, W, C], P: f32[H, W], v: f32[R]) -> Y: f32[H, W, C]\n  near[y, x] = sum(r < R: v[r] * P[y + r - 8, x] outside edge)\n"
    "  scale[y, x] = sqrt(abs(near[y, x]) + 1) * (P[y, x] - near[y, x])\n  Y[y, x, c] = X[y, x, c] * scale[y, x]\n";
constexpr const char* largest =
    "largest(A: f32[M, N]) -> B: f32[M, 4]\n  B[i, r] = f32(-inf)\n"
    "  over n < N, q < 4: B[i, 3 - q] = select(q < 3 and A[i, n] > B[i, max(2 - q, 0)], B[i, max(2 - q, 0)], "
    "select(A[i, n] > B[i, 3 - q], A[i, n], B[i, 3 - q]))\n";
constexpr const char* activated =
    "activated(A: f32[M, K], B: f32[K, N], b: f32[N]) -> D: f32[M, N]\n  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n"
    "  x[i, j] = C[i, j] + b[j]\n  y[i, j] = x[i, j] * x[i, j] * 0.5\n  D[i, j] = x[i, j] * tanh(y[i, j])\n";
constexpr const char* bytes =
    "bytes(A: u8[M, K], B: i8[K, N], s: f32[N]) -> D: f32[M, N]\n  C[i, j] = sum(k < K: i32(B[k, j]) * i32(A[i, k]))\n"
    "  D[i, j] = f32(C[i, j]) * s[j]\n";
constexpr const char* signed_bytes =
    "signed_bytes(A: i8[M, K], B: i8[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))\n";
constexpr const char* words =
    "words(A: i16[B, M, K], W: i16[K, N]) -> C: i32[B, M, N]\n  C[b, i, j] = sum(k < K: i32(A[b, i, k]) * i32(W[k, j]))\n";
constexpr const char* pictures =
    "pictures(X: u8[N, H, W, C], F: i8[R, S, C, O]) -> Y: i32[N, H, W, O]\n  P[n, y, x, c] = X[n, y, x, c] outside 0\n"
    "  Y[n, y, x, o] = sum(r < R, s < S, c < C: i32(P[n, y + r, x + s, c]) * i32(F[r, s, c, o]))\n";
constexpr const char* shifted =
    "shifted(X: u8[N, H, W, C], F: i8[R, S, C, O], X_zero: u8[], F_zero: i32[O]) -> Y: i32[N, H, W, O]\n"
    "  P[n, y, x, c] = X[n, y, x, c] outside X_zero[]\n  q[n, y, x] = sum(c < C: i32(X[n, y, x, c] outside X_zero[]) - i32(X_zero[]))\n"
    "  p[n, y, x] = sum(r < R, s < S: q[n, y + r, x + s])\n  f[o] = sum(r < R, s < S, c < C: i32(F[r, s, c, o]))\n"
    "  A[n, y, x, o] = sum(r < R, s < S, c < C: i32(P[n, y + r, x + s, c]) * i32(F[r, s, c, o]))\n"
    "  Y[n, y, x, o] = A[n, y, x, o] - i32(X_zero[]) * f[o] - p[n, y, x] * F_zero[o]\n";
constexpr const char* narrow = "narrow(X: f32[M, N]) -> Y: u8[M, N]\n  Y[i, j] = u8(X[i, j] * 100)\n";

void holds(const std::string& algorithm, const std::string& part, bool wanted = true) {
  const std::string text = constructed(algorithm, "x86-64-v3");
  INFO(text);
  CHECK((text.find(part) != std::string::npos) == wanted);
}

// On targets with this feature, the last index in lanes.
void computes_with(const std::string& feature, const std::string& algorithm, const Sizes& sizes) {
  for (const char* target : {"x86-64-v3+avxvnni", "x86-64-v4+avx512vnni"}) {
    const std::string schedule = constructed(algorithm, target);
    has(schedule, feature);
    computes_on(target, algorithm, schedule.substr(schedule.find('\n') + 1), sizes);
  }
}

}  // namespace

TEST_CASE("sums over columns are made once, not for each row that reads them") {
  holds(columns, "compute_at", false);
  computes_constructed(columns, {{{"M", 9}, {"N", 17}}, {{"M", 5}, {"N", 3}}, {{"M", 1}, {"N", 40}}, {{"M", 0}, {"N", 8}}});
}

TEST_CASE("what is attached to a nest stands outside of the loops that do not change it") {
  holds(groups, "total.compute_at(Y, g)");
  holds(groups, "reorder(n, g, y");
  computes_constructed(groups, {{{"N", 2}, {"H", 5}, {"G", 3}, {"C", 19}}, {{"N", 1}, {"H", 2}, {"G", 4}, {"C", 5}}, {{"N", 1}, {"H", 3}, {"G", 1}, {"C", 0}}});
}

TEST_CASE("short last dimensions of several nests are joined to the ones before") {
  holds(passes, "Y.collapse(x, c, xc)");
  holds(passes, "across.compute_at(Y, yb).split(xc, xco, xci, 32)");
  computes_constructed(passes, {{{"H", 6}, {"W", 13}, {"C", 3}, {"R", 3}}, {{"H", 4}, {"W", 2}, {"C", 1}, {"R", 5}}, {{"H", 3}, {"W", 5}, {"C", 17}, {"R", 2}},
                                {{"H", 5}, {"W", 1}, {"C", 8}, {"R", 1}}});
}

TEST_CASE("filters larger than the second cache are read in blocks, by all that reads a block again") {
  holds(layer, "4 * R * S * C * O > target.L2 / 2");
  computes_constructed(layer, {{{"N", 1}, {"H", 3}, {"W", 7}, {"C", 261}, {"O", 270}, {"R", 1}, {"S", 1}},
                               {{"N", 2}, {"H", 2}, {"W", 4}, {"C", 130}, {"O", 300}, {"R", 2}, {"S", 2}},
                               {{"N", 1}, {"H", 2}, {"W", 2}, {"C", 3}, {"O", 9}, {"R", 2}, {"S", 1}}});
}

TEST_CASE("pixels that lie densely are known to do so, in a variant of their own") {
  holds(colours, "stride(X, 1) == 3 and stride(X, 2) == 1");
  computes_constructed(colours, {{{"H", 3}, {"W", 37}}, {{"H", 2}, {"W", 8}}, {{"H", 9}, {"W", 5}}});
}

TEST_CASE("points that read their own alone run as one dimension, with lanes of the widest type on the way") {
  holds(narrow, "Y.collapse(i, j, ij).split(ij, ijo, iji, 32)");
  computes_constructed(narrow, {{{"M", 5}, {"N", 45}}, {{"M", 1}, {"N", 31}}, {{"M", 7}, {"N", 1}}, {{"M", 3}, {"N", 64}}});
}

TEST_CASE("a sum of few terms is a formula in the place of its reads, strict or not") {
  holds(neighbours, "around.sum.compute_inline()");
  holds(neighbours, "compute_at", false);
  const Sizes sizes{{{"H", 1}, {"W", 1}}, {{"H", 5}, {"W", 200}}, {{"H", 3}, {"W", 64}}, {{"H", 2}, {"W", 31}}, {{"H", 70}, {"W", 2}}};
  computes_constructed(neighbours, sizes);
  computes_constructed("best(X: f32[H, W]) -> Y: f32[H, W]\n  most[y, x] = max(s < 4: X[y, x + s] outside 0)\n"
                       "  Y[y, x] = X[y, x] - most[y, x] * most[y, x]\n", sizes);
}

TEST_CASE("a sum of few terms is a formula also where a short last index runs inside of vectors") {
  const std::string boxes = "boxes(X: f32[N, H, W]) -> Y: f32[N, H, W]\n  near[n, y, x] = sum(r < 3, s < 3: X[n, y + r - 1, x + s - 1] outside edge)\n"
                            "  Y[n, y, x] = near[n, y, x] * near[n, y, x] - X[n, y, x]\n  size H in 1..1000\n  size W in 1..1000\n";
  holds(boxes, "specialize(W == 3");
  holds(boxes, "near.compute_inline()");
  computes_constructed(boxes, {{{"N", 2}, {"H", 19}, {"W", 3}}, {{"N", 1}, {"H", 5}, {"W", 40}}, {{"N", 3}, {"H", 1}, {"W", 7}}});
}

TEST_CASE("what few steps of an index repeat is computed again rather than stored") {
  holds(halves, "compute_at", false);
  computes_constructed(halves, {{{"B", 2}, {"N", 37}}, {{"B", 1}, {"N", 5}}, {{"B", 19}, {"N", 3}}});
}

TEST_CASE("an update none of whose steps waits for the one before runs its few last ones as straight code") {
  holds(largest, "unroll(q)");
  computes_constructed(largest, {{{"M", 3}, {"N", 20}}, {{"M", 1}, {"N", 2}}, {{"M", 2}, {"N", 0}}});
  const std::string waiting = "sums(X: f32[M, N]) -> S: f32[M, N]\n  S[i, j] = X[i, j]\n  over k < N - 1: S[i, k + 1] = S[i, k + 1] + S[i, k]\n";
  holds(waiting, "split(i, io, ii, 8)");
}

TEST_CASE("what leads from a sum to the result by single points is done while the sum is in registers") {
  holds(activated, "D.epilogue_of(C)");
  computes_constructed(activated, {{{"M", 33}, {"K", 9}, {"N", 40}}, {{"M", 5}, {"K", 0}, {"N", 19}}, {{"M", 20}, {"K", 3}, {"N", 5}}});
}

TEST_CASE("numbers for each point of a row are made for the row, in lanes, unless lanes run along their terms") {
  holds(scaled, "scale.compute_at(Y, y)");
  holds(scaled, "near.compute_at(Y, y)");
  holds(groups, "total.compute_at(Y, g)");
  computes_constructed(scaled, {{{"H", 3}, {"W", 37}, {"C", 3}, {"R", 5}}, {{"H", 9}, {"W", 2}, {"C", 40}, {"R", 1}}, {{"H", 1}, {"W", 16}, {"C", 16}, {"R", 17}}});
}

TEST_CASE("products that an instruction means are summed by it, with groups of terms copied side by side") {
  const Sizes products = {{{"M", 1}, {"N", 1}, {"K", 0}},   {{"M", 1}, {"N", 70}, {"K", 5}},   {{"M", 5}, {"N", 2}, {"K", 7}}, {{"M", 13}, {"N", 16}, {"K", 64}},
                          {{"M", 31}, {"N", 67}, {"K", 37}}, {{"M", 3}, {"N", 1100}, {"K", 21}}, {{"M", 2}, {"N", 3}, {"K", 4200}}};
  computes_with("B.stage_at(C, jo).layout(k/4, j, k%4)", bytes, products);
  computes_with("tensorize(ke, vpdpbusd)", bytes, products);
  computes_with("tensorize(ke, vpdpbusd_signed)", signed_bytes, products);
  Sizes several = products;
  for (auto& sizes : several) sizes["B"] = 1 + sizes["M"] % 3;
  computes_with("tensorize(ke, vpdpwssd)", words, several);
  computes_constructed(words, several);
}

TEST_CASE("sums of neighbours of a picture use the instruction along its channels") {
  const Sizes sizes = {{{"N", 1}, {"H", 1}, {"W", 1}, {"C", 1}, {"R", 1}, {"S", 1}, {"O", 1}}, {{"N", 2}, {"H", 5}, {"W", 9}, {"C", 6}, {"R", 3}, {"S", 2}, {"O", 70}},
                       {{"N", 1}, {"H", 35}, {"W", 4}, {"C", 8}, {"R", 2}, {"S", 3}, {"O", 19}}, {{"N", 1}, {"H", 3}, {"W", 15}, {"C", 3}, {"R", 5}, {"S", 5}, {"O", 2}}};
  computes_with("F.stage_at(Y, n).layout(r, s, c/4, o, c%4)", pictures, sizes);
  computes_with("tensorize(ce, vpdpbusd)", pictures, sizes);
  computes_with("tensorize(ce, vpdpbusd)", shifted, sizes);   // sums for each pixel are not attached to it
}

TEST_CASE("all that an epilogue reads takes a register tile the rows of one operand") {
  const auto biased = [](const char* result) {
    return fmt::format("biased(A: f32[M, K], B: f32[K, N], a: f32[N], b: f32[N], c: f32[N]) -> D: f32[M, N]\n"
                       "  C[i, j] = sum(k < K: A[i, k] * B[k, j])\n  D[i, j] = {}\n", result);
  };
  holds(biased("C[i, j] + 1"), "width 16: 6 rows");
  holds(biased("C[i, j] + a[j]"), "width 16: 5 rows");
  holds(biased("C[i, j] + a[j] * b[j] - c[j]"), "width 16: 5 rows");
}

TEST_CASE("an instruction is chosen only where the target has it and groups of terms can lie side by side") {
  holds(bytes, "tensorize", false);
  holds(words, "tensorize(ke, vpmaddwd)");
  const auto without = [](const std::string& algorithm) {
    const std::string text = constructed(algorithm, "x86-64-v4+avx512vnni");
    INFO(text);
    CHECK(text.find("tensorize") == std::string::npos);
  };
  without("f(A: u8[M, K], B: u8[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[k, j]))\n");
  without("f(A: u8[K, M], B: i8[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[k, i]) * i32(B[k, j]))\n");
  without("f(A: u8[M, K], B: i8[K, N]) -> C: i32[M, N]\n  C[i, j] = sum(k < K: i32(A[i, k]) * i32(B[(k*3) % K, j]))\n");
  without("f(A: u8[M, K], B: i8[K, N]) -> C: i32[M, N]\n  C[i, j] = max(k < K: i32(A[i, k]) * i32(B[k, j]))\n");
}

TEST_CASE("a reduction is written out only where its terms are few, known and all there") {
  const std::string use = "  Y[y, x] = around[y, x] * 2\n", head = "f(X: f32[H, W]) -> Y: f32[H, W]\n  around[y, x] = ";
  const std::string asked = "around.compute_inline()";
  CHECK(refusal(head + "sum(s < 5: X[y, x + s - 2] outside edge)\n" + use, asked).starts_with("not refused"));
  for (const char* value : {"sum(s < H: X[s, x])", "sum(s < 5: X[y, x + s - 2] outside none)", "sum(r < 9, s < 9: X[y, x] * f32(r + s))"}) {
    INFO(value);
    CHECK(refusal(head + value + "\n" + use, asked).find("a reduction that is no short formula") != std::string::npos);
  }
}

}  // namespace lathe
