// Register tiles: rows x vectors of accumulators.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lang/func.h"
#include "lang/text.h"
#include "schedules/construct/batch.h"
#include "schedules/construct/shaper.h"

namespace lathe::construct {

namespace {

constexpr int64_t kStraightCode = 128;                      // vector operations of an innermost body
constexpr int64_t kMostRows = 14;                           // of a tile: each has an address
constexpr int64_t kPanelRows = 8;                           // ... of panels: addresses stay in registers, lines of rows in one set of a cache
constexpr int64_t kRoundRows = 16;                          // of one vector: more than that many do not load less often
constexpr int64_t kWindowRows = 8;                          // neighbours share what their windows read
constexpr int64_t kWideRow = 48;                            // results, of which those at borders are few
constexpr int64_t kAhead = 8;                               // steps of a tile that a vector from the second cache takes
constexpr int64_t kHostTiles = 4;                           // of rows, for which what is attached is made at a time
constexpr int64_t kFewTiles = 2;                            // of rows, for which no copy pays

}  // namespace

// Rows x vectors of accumulators, as many as the registers hold beside the operands of one step.
std::vector<TileClass> Shaper::tile_classes() const {
  const int64_t components = facts_.func.components();
  // Operands as wide as the tile: those of a term, and one at a time of those that the epilogue reads when all terms are summed.
  const auto wide = [&](const std::vector<Expr>& values) {
    const std::vector<Read> reads = reads_in(values);
    return std::count_if(reads.begin(), reads.end(), [&](const Read& read) {
      return move_of(read, axes_.vector) != Move::none && move_of(read, axes_.rows) == Move::none;
    });
  };
  const auto of_terms = wide({facts_.values.begin(), facts_.values.begin() + components});
  const int64_t vectors = std::min(of_terms + 1, wide(facts_.values));
  std::vector<TileClass> classes;
  if (only_windows()) {                                   // a row of the window's operands stays in registers too
    const int64_t across = facts_.target.vector_registers < 32 ? 1 : 2, rows = std::max<int64_t>(kWindowRows / components, 1);
    if (is(Special::direct) && across > 1) classes.push_back({facts_.lanes(), rows});
    classes.insert(classes.begin(), {across * facts_.lanes(), rows});
    return classes;
  }
  const std::vector<int64_t> widths = facts_.target.vector_registers < 32 ? std::vector<int64_t>{2, 1} : std::vector<int64_t>{4, 3, 2, 1};
  for (int64_t across : widths) {
    const int64_t left = facts_.target.vector_registers - 2 - across * std::max<int64_t>(vectors, 1);
    const int64_t rows = std::min<int64_t>(left / (across * components), across == 1 ? kRoundRows : kMostRows);
    if (rows >= 2 || (across == 1 && classes.empty())) {
      classes.push_back({across * facts_.lanes(), std::max<int64_t>(rows, 1)});
    }
  }
  return classes;
}

// The register law with its numbers, of the first class.
std::string Shaper::tile_text(const std::vector<TileClass>& classes) const {
  const TileClass& first = classes.front();
  const int64_t across = first.width / facts_.lanes(), sums = first.rows * across * facts_.func.components();
  std::string text = fmt::format("{} rows of {} x {} vector{} of {} = {} sums in registers", first.rows, axes_.rows,
                                 across, across == 1 ? "" : "s", axes_.vector, sums);
  text += only_windows()
              ? fmt::format(", beside a row of what the window reads, of {} registers", facts_.target.vector_registers)
              : fmt::format(" of {}, the others for operands of one step", facts_.target.vector_registers);
  std::vector<std::string> others;
  for (size_t c = 1; c < classes.size(); ++c)
    others.push_back(fmt::format("{} columns: {} rows", classes[c].width, classes[c].rows));
  return others.empty() ? text : fmt::format("{}; for what is left, {}", text, fmt::join(others, ", "));
}

// Where panels of one width only are cut: two vectors, which waste little where columns are few.
TileClass Shaper::one_class(const std::vector<TileClass>& classes) const {
  if (classes.size() == 1) return classes.front();
  for (const TileClass& c : classes) if (c.width <= 2 * facts_.lanes()) return c;
  return classes.back();
}

// Narrow panels load little for each row as it is: more rows than their addresses have registers for cost more than they save.
std::vector<TileClass> Shaper::of_panels(std::vector<TileClass> classes) {
  if (classes.size() > 1) {
    for (TileClass& c : classes) c.rows = std::min(c.rows, std::max(kPanelRows, classes.front().rows));
  }
  return classes;
}

// The classes with the first one as decided, and with no other, or with those that are narrower.
std::vector<TileClass> Shaper::decided_classes() {
  std::vector<TileClass> classes = tile_classes();
  TileClass first = classes.front();
  first.width = facts_.lanes() * number("tile.vectors", first.width / facts_.lanes(), 1, 6);
  first.rows = number("tile.rows", first.rows, 1, 16);
  const bool several = classes.size() > 1 && decide("tile.classes", true);
  std::erase_if(classes, [&](const TileClass& c) { return !several || c.width >= first.width; });
  classes.insert(classes.begin(), first);
  return classes;
}

void Shaper::tile() {
  nest_.short_size = facts_.extent_name(axes_.vector);
  if (const auto batch = is(Special::batch) ? batch_of(facts_) : std::nullopt) return tile_of_batch(batch->filter);
  std::vector<TileClass> classes = decided_classes();
  arrange({axes_.vector, axes_.rows});
  facts_.because("tile", [&] { return tile_text(classes); });
  const std::optional<Groups> groups = decided_groups();
  auto panel = groups || facts_.node.hosts ? std::nullopt : panel_of(facts_, axes_, classes.front().rows);
  if (panel && panel->across && !is(Special::across) && facts_.node.place != Place::attached) panel = std::nullopt;
  if (panel && panel->across && !facts_.may_lay_out()) panel = std::nullopt;
  if (panel && !decide("panels", true)) panel = std::nullopt;
  if (reads_once_but_for_rows(facts_, axes_)) {
    const Expr rows = facts_.extent(axes_.rows), few(kFewTiles * classes.front().rows);
    nest_.specials[Special::few_rows] = {groups ? le(rows, few) & groups->large : le(rows, few), groups ? gt(rows, few) | groups->small : gt(rows, few)};
    TileClass streamed = groups ? classes.front() : one_class(classes);
    streamed.rows = std::min(streamed.rows, kFewTiles * classes.front().rows);
    if (is(Special::few_rows)) return streamed_tile(streamed, groups);
  }
  if (groups) return grouped_tile(classes, *groups);
  if (panel && panel->across) {
    if (facts_.node.place == Place::attached) classes = {one_class(classes)};
    return packed_tile(of_panels(classes), *panel);
  }
  if (panel) {
    if (is(Special::few_terms)) return tile_of_few_terms(one_class(classes));
    expect_few_terms();
    return packed_tile(of_panels(classes), *panel);
  }
  expect_wide_rows();
  // Where all terms are of a window, each vector of columns reads little of it: that stays where it is.
  const bool tile_alone = facts_.node.hosts || only_windows();
  if (const auto operand = tile_alone ? std::nullopt : large_operand_of(facts_, axes_, classes.front().rows)) {
    nest_.specials[Special::large_operand] = {operand->pays, operand->does_not};
    if (is(Special::large_operand)) return blocked_tile(one_class(classes), *operand);
  }
  const std::string jo = fresh(axes_.vector + "o"), io = fresh(axes_.rows + "o");
  const std::string ji = fresh(axes_.vector + "i"), ii = fresh(axes_.rows + "i");
  const bool panels = classes.size() > 1 && !facts_.node.hosts;
  const std::vector<std::string> outer = facts_.node.hosts ? std::vector<std::string>{} : blocks_of_rows();
  // What is attached reads or copies inputs for several tiles of rows, not for each anew.
  const bool shares = facts_.node.hosts && facts_.surrounds_attached(axes_.rows) && facts_.reads_again_for(axes_.rows);
  const int64_t tiles = shares ? number("host.tiles", kHostTiles, 1, 32) : 1;
  const std::string ib = tiles > 1 ? fresh(axes_.rows + "b") : "", ic = tiles > 1 ? fresh(axes_.rows + "c") : axes_.rows;
  if (tiles > 1) stage().split(axes_.rows, ib, ic, Expr(tiles * one_class(classes).rows));
  stage().tile(axes_.vector, ic, jo, io, ji, ii,
               panels ? of_panels(classes) : std::vector<TileClass>{one_class(classes)}, true);
  width_ = (panels ? classes.front() : one_class(classes)).width;
  loops_[axes_.vector] = jo;
  loops_[axes_.rows] = tiles > 1 ? ib : io;
  std::vector<std::string> all;
  if (facts_.node.hosts) {
    all = loops_around_vector();
    if (tiles > 1) all.insert(all.back() == jo ? all.end() - 1 : all.end(), io);
  } else {
    all = outer;
    append(all, {jo, io});
  }
  const std::string at = all.back();
  append(all, facts_.terms());
  append(all, {ii, ji});
  stage().reorder(all).vectorize(ji).unroll(ii);
  finish_tile(io, ji, at);
  unroll_windows(classes.front().rows * classes.front().width / facts_.lanes(), ii);
  if (facts_.node.hosts) stand_outside(without(axes_.vector));
  stand_outside({axes_.vector}, classes.front().width);
  if (!facts_.node.hosts) stand_outside({axes_.rows}, classes.front().rows);
}

// A tile over blocks of terms, for panels of columns of which a copy is worth making: it lies in the second cache, a block
// of one tile of rows in the first. With few registers a panel is several tiles wide, so that rows are read from the first
// cache for most of them.
void Shaper::packed_tile(const std::vector<TileClass>& classes, const Panel& panel) {
  const int64_t tiles = number("panel.tiles", facts_.target.vector_registers >= 32 ? 1 : 4, 1, 16);
  const bool wide = tiles == 1;
  const int64_t panel_columns = tiles * classes.front().width;
  const std::string term = facts_.func.rvars[0].name, v = axes_.vector, r = axes_.rows;
  const std::string ko = fresh(term + "o"), ki = fresh(term + "i");
  const std::string jp = wide ? "" : fresh(v + "p"), jj = wide ? v : fresh(v + v);
  const std::string jo = fresh(v + "o"), io = fresh(r + "o"), ji = fresh(v + "i"), ii = fresh(r + "i");
  const auto cache = [](const char* name) { return make_var(std::string("target.") + name); };
  const Expr block = min(cache("L1") / Expr(panel.element_bytes * classes.front().rows),
                         cache("L2") / Expr(int64_t{4}) / Expr(panel.element_bytes * panel_columns));
  stage().split(term, ko, ki, make_var(declare_(fresh(term + "c"), block, 16, 4096)), true);
  if (!wide) stage().split(v, jp, jj, Expr(panel_columns));
  stage().tile(jj, r, jo, io, ji, ii, wide ? classes : std::vector<TileClass>{classes.front()}, true);
  std::vector<std::string> all = without(v, r);
  stand_outside(all);
  const std::string panels = wide ? jo : jp;
  append(all, {ko, panels, io});
  if (!wide) all.push_back(jo);
  const std::string at = all.back();
  append(all, {ki, ii, ji});
  stage().reorder(all).vectorize(ji).unroll(ii);
  finish_tile(io, ji, at);
  if (panel.across) {
    stage_of_(panel.tensor).stage_at(facts_.func.name, panels).layout({ki, ji});
    facts_.because("panel", [&] {
      return fmt::format("terms of {} lie side by side: {} of its rows at a time are copied with rows and terms exchanged, and serve every row of tiles", panel.tensor, panel_columns);
    });
  }
  const int64_t ahead = panel.across && wide ? 0 : number("panel.ahead", wide ? kTermsAhead : kAhead, 0, 64);
  if (ahead > 0) stage_of_(panel.tensor).prefetch(facts_.func.name, ki, Expr(ahead));
  loops_[v] = panels;
  loops_[r] = io;
  stand_outside({v}, panel_columns);
  stand_outside({r}, classes.front().rows);
  if (panel.across) return;
  const std::string copied = facts_.decisions.word(facts_.name("panel.copied"), "worth", {"worth", "always", "never"});
  facts_.because("panel", [&] {
    return fmt::format(
        "{} is read again by every row of tiles: {} of its columns at a time, over blocks of {} that fit the first and "
        "second cache; a copy of them pays where {}",
        panel.tensor, panel_columns, term, print(panel.worth));
  });
  if (copied == "never" || !facts_.may_lay_out()) return;
  // Each thread has a panel: rows of tiles on threads would have no first one that copies it.
  const Expr threads = make_var("target.threads") * Expr(panel_columns);
  const Expr enough = facts_.extent(v).defined() ? ge(facts_.extent(v), threads) : ge(facts_.extent(r), Expr(int64_t{1}));
  const Expr where = copied == "worth" ? panel.worth & enough : enough;
  nest_.extras.push_back({where, [func = facts_.func.name, panel, panels, ki, ji, io](const StageOf& of) {
    of(panel.tensor).stage_at(func, panels).layout({ki, ji}).with_first(io);
  }, io});
}

// Where a window reads padded rows that nobody else does: a copy of them costs more than the bodies at their borders if these are few.
void Shaper::expect_wide_rows() {
  const bool padded = std::any_of(facts_.reads.begin(), facts_.reads.end(), [&](const Read& read) { return facts_.makes_rows_of(read.tensor); });
  const Expr columns = facts_.extent(axes_.vector), row = facts_.extent(axes_.rows);
  if (!facts_.target.mask_registers) return;                // borders would be too much code
  if (!padded || facts_.node.strips || !only_windows() || !columns.defined() || !row.defined()) return;
  nest_.specials[Special::direct] = {ge(columns, Expr(facts_.lanes())) & ge(row, Expr(kWideRow)), {}};
}

void Shaper::finish_tile(const std::string& io, const std::string& ji, const std::string& at) {
  if (!only_windows()) stage().tail(io, Tail::automatic, {{1, 1}, {1, 2}});
  decide_tail(ji, Tail::automatic);
  stage().store_in("registers", at);
}

// The loops outside of a tile, in order, those over blocks of rows and their steps last.
std::vector<std::string> Shaper::blocks_of_rows() {
  std::vector<std::string> all;
  const std::string& along = facts_.node.rows_along;
  for (const std::string& v : without(axes_.vector, axes_.rows)) {
    if (v == along) continue;
    all.push_back(loops_.at(v));
    stand_outside({v});
  }
  cut_rows();
  if (block_.empty()) return all;
  stand_outside({along});
  append(all, {block_, step_});
  nest_.condition = dense_terms();
  return all;
}

// The two innermost loops over terms become one where they walk through neighbouring dimensions of every operand and the
// strides say so, as they do for inputs that lie densely.
Expr Shaper::dense_terms() const {
  const std::vector<ReductionVar>& terms = facts_.func.rvars;
  if (terms.size() < 2) return {};
  const std::string &outer = terms[terms.size() - 2].name, &inner = terms.back().name;
  Expr dense;
  for (const Read& read : facts_.reads) {
    if (move_of(read, inner) == Move::none && move_of(read, outer) == Move::none) continue;
    size_t d = 0;
    while (d + 1 < read.at.size() && !(uses_var(read.at[d], outer) && read.at[d + 1] == make_var(inner))) ++d;
    if (d + 1 >= read.at.size()) return {};
    const InputDecl* input = facts_.op.find_input(read.tensor);
    if (!input) continue;                                 // storage of our own is dense
    const auto stride = [&](size_t of) { return make_var(input->name + ".stride." + std::to_string(of)); };
    const Expr here = eq(stride(d), d + 2 == read.at.size() ? input->extents[d + 1] : input->extents[d + 1] * stride(d + 1));
    dense = dense.defined() ? dense & here : here;
  }
  return dense;
}

// Short loops over terms become straight code, innermost first: neighbours that read the same elements share them. A window
// whose size is a symbol does so for the usual sizes.
// The last of them runs inside of the tile's rows: what a row loads the next one still holds.
void Shaper::unroll_windows(int64_t operations, const std::string& rows) {
  const std::vector<ReductionVar>& terms = facts_.func.rvars;
  if (terms.empty() || operations < 1) return;
  int weight = facts_.weight();                             // of a term; a product and its sum are one operation
  for (const Expr& combined : facts_.func.combiner->combined) weight += weight_of(combined);
  operations *= std::max(weight / 2, 1);
  straight_code_ = number("straight", kStraightCode, 0, 512);
  for (size_t t = terms.size(); t-- > 0;) {
    const auto steps = facts_.constant_extent(terms[t].name);
    if (!steps || *steps * operations > straight_code_) return unroll_usual(terms, operations, rows);
    operations *= std::max<int64_t>(*steps, 1);
    if (t + 1 == terms.size() && !rows.empty() && only_windows()) stage().reorder({rows, terms[t].name});
    stage().unroll(terms[t].name);
  }
}

void Shaper::unroll_usual(const std::vector<ReductionVar>& terms, int64_t operations, const std::string& rows) {
  if (facts_.node.hosts || !only_windows() || !form_.short_size.empty()) return;   // each size is code again, short ones have some already
  for (const ReductionVar& t : terms) if (t.extent.kind() != ExprKind::var) return;
  for (const int64_t size : {3, 5}) {
    if (size == 5 && nest_.specials.count(Special::direct)) return;   // has code for wide pictures, most of those of such windows
    Expr condition;
    for (const ReductionVar& t : terms) {
      const Expr here = eq(t.extent, Expr(size));
      condition = condition.defined() ? condition & here : here;
    }
    std::vector<std::string> unrolled;
    int64_t left = straight_code_ / operations;
    for (size_t t = terms.size(); t-- > 0 && left >= size; left /= size) unrolled.push_back(terms[t].name);
    if (unrolled.empty()) return;
    nest_.extras.push_back({condition, [func = facts_.func.name, unrolled, rows](const StageOf& of) {
      if (!rows.empty()) of(func).reorder({rows, unrolled.front()});
      for (const std::string& t : unrolled) of(func).unroll(t);
    }});
  }
}

// Few terms, all of a window: code for usual sizes is worth more than code for edges.
bool Shaper::only_windows() const {
  return std::all_of(facts_.func.rvars.begin(), facts_.func.rvars.end(), [&](const ReductionVar& t) {
    return is_window(facts_.reads, t.name, facts_.func.vars);
  });
}

}  // namespace lathe::construct
