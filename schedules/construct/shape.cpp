#include "schedules/construct/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "lang/func.h"
#include "lang/text.h"
#include "schedules/construct/batch.h"
#include "schedules/construct/shaper.h"

namespace lathe::construct {

namespace {

constexpr int64_t kRowsKept = 32;                           // rows of a result that share those of a producer
constexpr int64_t kLines = 32;                              // steps of a last index for each vector of another one
constexpr int64_t kSquare = 16;                             // ... of which at most so many are straight code
constexpr int kLight = 8;                                   // operations of a point whose code may stand there so often
constexpr int64_t kFew = 4;                                 // steps of a last index that become straight code
constexpr int64_t kApart = 4;                               // elements so far apart are shuffled out of whole vectors
constexpr int64_t kCombine = 8;                             // terms summed one by one while lanes are once halved and added
constexpr size_t kThreadedLoops = 3;                        // loops that may run on threads
constexpr int64_t kWorthThreads = 2'000'000;                // terms: waking a thread costs what so many take

// Whether a tile of the host's rows reads an operand again whose terms lie side by side: a copy of it with rows and terms exchanged
// then serves them all. Of few rows each is better summed in lanes of terms.
bool meets_rows_across(const NestFacts& facts, const Form& form) {
  if (facts.node.place != Place::attached || form.special == Special::few_rows) return false;
  const Read* const operand = operand_across(facts);
  return operand && facts.narrow(rows_of_across(facts, *operand)) && facts.may_lay_out();
}

// Indices and terms that the form keeps out of the lanes.
std::set<std::string> refused(const NestFacts& facts, const Form& form) {
  std::set<std::string> names;
  if (const auto batch = form.special == Special::batch ? batch_of(facts) : std::nullopt) {
    for (const auto& list : {facts.func.vars, facts.terms()}) names.insert(list.begin(), list.end());
    names.erase(batch->index);
    return names;
  }
  if (form.special == Special::across || meets_rows_across(facts, form)) {
    for (const std::string& t : facts.terms()) names.insert(t);
  }
  if (form.short_size.empty()) {
    if (form.last == LastIndex::inside) names.insert(facts.func.vars.back());
    return names;
  }
  for (const auto& list : {facts.func.vars, facts.terms()}) {
    for (const std::string& index : list) if (facts.extent_name(index) == form.short_size) names.insert(index);
  }
  return names;
}

}  // namespace

Shaper::Shaper(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, const Form& form)
    : facts_(facts), stage_of_(stage_of), declare_(declare), form_(form), axes_(choose_axes(facts, refused(facts, form))),
      order_(facts.order) {}

Nest Shaper::run() {
  const FuncContents& func = facts_.func;
  for (const std::string& v : func.vars) loops_[v] = v;
  if (const auto batch = batch_of(facts_); batch && facts_.may_lay_out())
    nest_.specials[Special::batch] = {batch->pays, {}};
  if (axes_.vector.empty()) {
    plain();
  } else if (!func.is_reduction()) {
    nest_.short_size = facts_.extent_name(axes_.vector);
    pointwise();
  } else if (facts_.is_term(axes_.vector)) {
    nest_.short_size = facts_.extent_name(axes_.vector);
    if (facts_.node.place == Place::attached) nest_.short_below = kCombine * std::countr_zero(static_cast<uint64_t>(facts_.lanes()));
    sums_of_lanes();
  } else if (!axes_.rows.empty()) {
    tile();
  } else {
    lanes_of_results();
  }
  if (!func.is_reduction() && facts_.node.place == Place::root) stream();
  if (facts_.node.place != Place::attached && nest_.extras.empty()) know_pixels();
  if (!facts_.node.epilogue.empty()) stage_of_(facts_.node.epilogue).epilogue_of(func.name);
  if (facts_.node.place == Place::root) threads();
  nest_.shape = {loops_, axes_.vector, axes_.rows, width_, block_, step_};
  return std::move(nest_);
}

// Where rows of producers are kept or made in strips, the index that they lie along runs in blocks, in which the steps follow one
// another.
void Shaper::cut_rows() {
  const std::string& along = facts_.node.rows_along;
  if (along.empty() || along == axes_.vector || along == axes_.rows || loops_.at(along) != along) return;
  block_ = fresh(along + "b"), step_ = fresh(along + "i");
  kept_ = number("rows.kept", kRowsKept, 1, 256);
  stage().split(along, block_, step_, Expr(kept_), true);
  loops_[along] = block_;
  facts_.because("rows", [&] {
    return fmt::format("{} runs in blocks of {} steps, which follow one another and share rows of what they read", along, kept_);
  });
}

// The steps inside of the loop over blocks of rows.
void Shaper::step_through(std::vector<std::string>& loops) const {
  const auto at = std::find(loops.begin(), loops.end(), block_);
  if (!block_.empty() && at != loops.end()) loops.insert(at + 1, step_);
}

// Of an index in the host's lanes there are no more steps than theirs.
int64_t Shaper::within_host(int64_t width) const {
  const int64_t steps = facts_.met_width(axes_.vector);
  return steps > 0 ? std::min(width, steps) : width;
}

std::string Shaper::fresh(std::string name) {
  while (used_.count(name) || loops_.count(name) || facts_.is_term(name)) name += "_";
  used_.insert(name);
  return name;
}

std::vector<std::string> Shaper::without(const std::string& index, const std::string& other) const {
  std::vector<std::string> names;
  for (const std::string& v : order_) if (v != index && v != other) names.push_back(v);
  return names;
}

// The indices in order, with the loops that stand for them outside of the tile; `left_out` has none.
std::vector<std::string> Shaper::outer_loops(const std::string& left_out) const {
  std::vector<std::string> names;
  for (const std::string& v : without(left_out)) names.push_back(loops_.at(v));
  return names;
}

// The same for all indices, that of the vector inside of the others, unless what is attached stands inside of it alone.
std::vector<std::string> Shaper::loops_around_vector() const {
  if (facts_.surrounds_attached(axes_.vector)) return outer_loops();
  std::vector<std::string> names = outer_loops(axes_.vector);
  names.push_back(loops_.at(axes_.vector));
  return names;
}

void Shaper::append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// --- Nests.
void Shaper::plain() {
  std::vector<std::string> all = outer_loops();
  append(all, facts_.terms());
  if (all.size() > 1) stage().reorder(all);
  stand_outside(order_);
}

void Shaper::stand_outside(const std::vector<std::string>& indices, int64_t step) {
  for (const std::string& v : indices) outside_.push_back({loops_.at(v), v, loops_.at(v) == block_ ? kept_ : step});
}

void Shaper::pointwise() {
  const std::string outer = fresh(axes_.vector + "o"), inner = fresh(axes_.vector + "i");
  const std::string few = few_inside();
  // Elements apart are several vectors for one already, and stores of neighbours are merged where no second one stands between.
  const bool merged = !few.empty() && facts_.constant_extent(few).value_or(kFew + 1) <= kFew;
  const bool apart = std::any_of(facts_.reads.begin(), facts_.reads.end(), [&](const Read& r) { return move_of(r, axes_.vector) == Move::strided; });
  const int64_t light = std::clamp<int64_t>(facts_.computed_bytes() / facts_.narrowest_bytes(), 2, 4);
  width_ = within_host(facts_.lanes() * number("vectors", facts_.weight() < 16 && !merged && !apart && !square_ ? light : 1, 1, 8));
  stage().split(axes_.vector, outer, inner, Expr(width_));
  loops_[axes_.vector] = outer;
  cut_rows();
  std::string unrolled;
  if (const std::string v = shared_index(few); !v.empty()) {
    const bool stepped = loops_.at(v) == block_;            // its steps are those of a block of rows
    const std::string block = fresh(v + "o");
    unrolled = fresh(v + "i");
    stage().split(stepped ? step_ : v, block, unrolled, Expr(number("shared.steps", 4, 2, 16)));
    (stepped ? step_ : loops_[v]) = block;
  }
  facts_.because("nest", [&] {
    return fmt::format("{} element{} of {} at a time{}", width_, width_ == 1 ? "" : "s", axes_.vector,
                       few.empty() ? "" : fmt::format(", with the short index {} inside of them", few));
  });
  arrange({axes_.vector, few});
  const std::vector<std::string> around = without(axes_.vector, few);
  std::vector<std::string> all;
  stand_outside(around);
  if (few.empty()) {
    all = loops_around_vector();
  } else {
    for (const std::string& v : around) all.push_back(loops_.at(v));
    if (square_) all.push_back(outer);                      // rows of the result are written from their beginning to their end
    if (!few_blocks_.empty()) {
      all.push_back(few_blocks_);
      if (!facts_.constant_extent(few) && !square_) outside_.push_back({few_blocks_, few, lines()});
    }
    if (!square_) all.push_back(outer);
  }
  stand_outside({axes_.vector}, width_);
  if (square_ && !facts_.constant_extent(few)) outside_.push_back({few_blocks_, few, std::min<int64_t>(facts_.lanes(), kSquare)});
  if (!unrolled.empty()) all.push_back(unrolled);
  if (!few.empty()) all.push_back(loops_.at(few));
  all.push_back(inner);
  step_through(all);
  stage().reorder(all).vectorize(inner);
  decide_tail(inner, Tail::automatic);
  if (!unrolled.empty()) stage().unroll(unrolled);
  const std::string& stored = form_.stored_last.empty() ? axes_.vector : form_.stored_last;
  if (facts_.node.place != Place::root && !facts_.is_last(stored) && facts_.may_lay_out()) {
    std::vector<Digit> dimensions;                          // lanes are stored side by side
    for (const std::string& v : facts_.func.vars) if (v != stored) dimensions.push_back(v);
    dimensions.push_back(stored);
    stage().layout(dimensions);
  }
}

// The index along which neighbours share what they read: several steps of it stand together.
std::string Shaper::shared_index(const std::string& few) {
  if (facts_.node.hosts) return "";
  std::vector<std::string> options{"none"};
  std::string usual = "none";
  for (const std::string& v : order_) {
    if (v == axes_.vector || v == few || facts_.fixed(v)) continue;
    options.push_back(v);
    if (usual == "none" && overlaps_along(facts_.reads, v)) usual = v;
  }
  if (usual != "none") facts_.because("shared", [&] { return fmt::format("neighbours along {} share what they read: some stand together", usual); });
  const std::string taken = facts_.decisions.word(facts_.name("shared"), usual, options);
  return taken == "none" ? "" : taken;
}

// The order of the loops outside of those over `inside`. Loops that others are attached to keep theirs.
void Shaper::arrange(const std::vector<std::string>& inside) {
  if (facts_.node.hosts || facts_.node.place != Place::root || !facts_.node.rows_along.empty()) return;
  const auto is_inside = [&](const std::string& v) { return std::find(inside.begin(), inside.end(), v) != inside.end(); };
  const auto middle = std::stable_partition(order_.begin(), order_.end(), [&](const auto& v) { return !is_inside(v); });
  const std::vector<std::string> outside = facts_.decisions.order(facts_.name("order"), {order_.begin(), middle});
  std::copy(outside.begin(), outside.end(), order_.begin());
}

// How a last, short vector runs.
void Shaper::decide_tail(const std::string& inner, Tail usual) {
  const std::vector<std::string> ways{"automatic", "mask", "shift", "clamp", "guard"};
  const Tail taken = *tail_named(facts_.decisions.word(facts_.name("tail"), std::string(name_of(usual)), ways));
  if (taken != Tail::automatic) stage().tail(inner, taken);
}

int64_t Shaper::lines() { return number("lines", kLines, 2, 512); }

// The index that is stored last where it runs inside of the loop over vectors of another one: stores of neighbouring elements stand together
// then, as straight code where the number of its steps is known.
std::string Shaper::few_inside() {
  const std::string& last = form_.stored_last.empty() ? facts_.func.vars.back() : form_.stored_last;
  if (last == axes_.vector || facts_.fixed(last) || facts_.surrounds_attached(last) || facts_.func.vars.size() < 2) return "";
  const auto steps = facts_.constant_extent(last);
  const bool few = steps && *steps <= kFew;
  if (!few && form_.last == LastIndex::inside) return last;
  if (!few && facts_.node.hosts) return "";
  square_ = !few && facts_.weight() <= kLight;              // lanes and steps change places in registers
  const std::string outer = fresh(last + "o"), inner = fresh(last + "i");
  stage().split(last, outer, inner, Expr(few ? std::max<int64_t>(*steps, 1) : square_ ? std::min<int64_t>(facts_.lanes(), kSquare) : lines()));
  if (few || square_) stage().unroll(inner);
  loops_[last] = inner;
  few_blocks_ = outer;
  return last;
}

// Whether the index counts pixels of this many elements in a tensor of these extents, and the strides that say so.
void Shaper::add_pixels(const std::string& tensor, const std::vector<Expr>& at, const std::vector<Expr>& extents, Expr& dense) const {
  const auto d = static_cast<size_t>(std::find(at.begin(), at.end(), make_var(axes_.vector)) - at.begin());
  int64_t elements = 1;
  for (size_t e = d + 1; e < extents.size(); ++e) {
    int64_t steps = 0;
    if (!is_integer_constant(extents[e], &steps)) return;
    elements *= steps;
  }
  if (d >= extents.size() || elements < 2 || elements > kApart) return;
  for (size_t e = d; e < extents.size(); ++e) {
    const Expr fact = eq(make_var(fmt::format("{}.stride.{}", tensor, e)), Expr(elements));
    dense = dense.defined() ? dense & fact : fact;
    if (e + 1 < extents.size()) {
      int64_t steps = 1;
      is_integer_constant(extents[e + 1], &steps);
      elements /= steps;
    }
  }
}

// Vectors along pixels of a few elements each, such as colours: where these lie densely, which a variant knows, whole vectors
// are loaded and shuffled.
void Shaper::know_pixels() {
  Expr dense;
  std::set<std::string> known;
  for (const Read& read : facts_.reads) {
    const InputDecl* input = facts_.op.find_input(read.tensor);
    if (input && known.insert(read.tensor).second) add_pixels(read.tensor, read.at, input->extents, dense);
  }
  const OutputDecl* output = facts_.op.find_output(facts_.func.name);
  if (output && facts_.func.components() == 1) {
    std::vector<Expr> at;
    for (const std::string& v : facts_.func.vars) at.push_back(make_var(v));
    const std::string written = written_argument(facts_.op, facts_.func, 0);
    if (known.insert(written).second) add_pixels(written, at, output->extents, dense);
  }
  if (dense.defined()) nest_.extras.push_back({dense, [](const StageOf&) {}});
}

// What is written once and is larger than the caches goes past them.
void Shaper::stream() {
  const OutputDecl* output = facts_.op.find_output(facts_.func.name);
  if (!output || facts_.func.components() != 1 || !facts_.whole.updates.empty() || is_read_later()) return;
  if (form_.shares_places() && facts_.node.keeps_values) return;   // its lines are in the cache by then
  Expr bytes(facts_.element_bytes());
  for (const Expr& extent : output->extents) bytes = bytes * extent;
  facts_.because("stream", [&] { return fmt::format("it is written once and read by nobody here, so it goes past the caches where {} > target.L3 / 2", print(bytes)); });
  const std::string when = facts_.decisions.word(facts_.name("stream"), "large", {"large", "always", "never"});
  if (when == "always") stage().stream();
  if (when == "large") stage().stream(gt(bytes, make_var("target.L3") / Expr(int64_t{2})));
}

bool Shaper::is_read_later() const {
  bool read = false;
  for (const FuncContents& f : facts_.op.funcs) {
    for_each_value(f, [&](const Expr& value) {
      visit(value, [&](const Expr& e) { read = read || (e.kind() == ExprKind::access && e->name == facts_.func.name); });
    });
  }
  return read;
}

// Iterations of the outermost loop on threads, where all sizes together are worth it; those of the next ones where it has too
// few.
void Shaper::threads() {
  const Expr work = facts_.work();
  std::vector<Outside> loops;                               // rows that are kept from step to step want them in order
  for (const Outside& o : outside_) if (o.loop != step_) loops.push_back(o);
  if (loops.empty() || !work.defined()) {
    facts_.because("threads", [&] { return std::string(loops.empty() ? "one thread: no loop lies outside of what is kept in registers" : "one thread: nobody knows how much work it is"); });
    return;
  }
  const Expr worth = worth_threads(work);
  facts_.because("threads", [&] {
    std::string text = fmt::format("iterations over {} run on threads where {} terms are worth waking them ({})", loops[0].index, print(work), print(worth));
    if (loops.size() > 1 && facts_.extent(loops[0].index).defined()) text += fmt::format("; where these are too few, those over {}{}", loops[1].index, loops.size() > 2 ? " or " + loops[2].index : "");
    return text;
  });
  std::vector<std::string> ways{"usual", "none"};
  for (const Outside& o : loops) ways.push_back(o.index);
  const std::string way = facts_.decisions.word(facts_.name("threads"), "usual", ways);
  if (way == "none") return;
  for (const Outside& o : loops) {
    if (o.index != way) continue;
    stage().parallel(o.loop, worth);
    return;
  }
  loops.resize(std::min(loops.size(), kThreadedLoops));
  Expr when = worth;                                        // ... and the loops before have too few iterations
  for (const Outside& o : loops) {
    const Expr steps = facts_.extent(o.index), threads = make_var("target.threads");
    if (o.loop == loops.back().loop || !steps.defined()) {
      stage().parallel(o.loop, when);
      return;
    }
    const Expr enough = o.step == 1 ? threads : threads * Expr(o.step);
    stage().parallel(o.loop, when & ge(steps, enough));
    when = when & lt(steps, enough);
  }
}

Expr worth_threads(const Expr& work) { return gt(work, Expr(kWorthThreads)); }

Nest shape_nest(const NestFacts& facts, const StageOf& stage_of, const Declare& declare, const Form& form) {
  return Shaper(facts, stage_of, declare, form).run();
}

}  // namespace lathe::construct
