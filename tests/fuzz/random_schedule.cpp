// Two dimensions may become one; then, consumers first, each Func gets a place (inlined, at the root, inside a consumer's
// loop, fused as an epilogue) and, where it has loops of its own, a random nest, as has each of its updates; then copies,
// prefetching, streaming and a variant.
#include "tests/fuzz/random_schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "analysis/written_out.h"
#include "jit/lower/view.h"
#include "support/error.h"
#include "tests/fuzz/random_copies.h"
#include "tests/fuzz/random_digits.h"
#include "tests/fuzz/random_nest.h"

namespace lathe {

std::string RandomSchedule::text(const std::string& op) const {
  std::string s = fmt::format("schedule for {}\n", op);
  for (const std::string& line : params) s += line + "\n";
  for (const std::string& line : lines) s += line + "\n";
  if (condition.empty()) return s;
  s += fmt::format("specialize({}) {{\n", condition);
  for (const std::string& line : variant) s += "  " + line + "\n";
  return s + "}\n";
}

namespace {

class Drawer {
 public:
  Drawer(const Operator& op, Random& random, const Taste& taste) : op_(op), random_(random), taste_(taste) {}

  RandomSchedule run() {
    for (int times = 0; times < 2 && taste_.chance(random_, K::collapse, 15); ++times) collapse();
    argument_layouts();
    factor_reductions();
    choose_epilogues();
    for (auto f = op_.funcs.rbegin(); f != op_.funcs.rend(); ++f) place(*f);
    for (const auto& [name, nest] : nests_) {
      if (nest.update) continue;
      for (int times = 0; times < 2; ++times) add_all(copies_.of(nest, true));
      prefetch(nest);
      table(nest);
    }
    if (taste_.chance(random_, K::stream, 8)) stream();
    if (random_.chance(25)) variant();
    for (const auto& [name, nest] : nests_) {
      if (nest.uses_param && schedule_.params.empty()) schedule_.params = {"param kc = target.L1/2048 in 1..64"};
    }
    return schedule_;
  }

 private:
  using K = DirectiveKind;

  void add(const std::string& line) { schedule_.lines.push_back(line); }
  void add_all(const std::vector<std::string>& lines) { schedule_.lines.insert(schedule_.lines.end(), lines.begin(), lines.end()); }

  static bool reads(const FuncContents& f, const std::string& tensor) {
    for (const Expr& e : reads_of(f)) if (e->name == tensor) return true;
    return false;
  }

  // The schedule goes on from the operator with its two dimensions merged.
  void collapse() {
    std::vector<Directive> choices;
    for (const FuncContents& f : op_.funcs) {
      for (size_t d = 0; d + 1 < f.vars.size(); ++d) {
        Directive collapse{};
        collapse.kind = K::collapse;
        collapse.func = f.name;
        collapse.loops = {f.vars[d], f.vars[d + 1], f.vars[d] + f.vars[d + 1]};
        choices.push_back(std::move(collapse));
      }
    }
    random_.shuffle(choices);
    for (const Directive& choice : choices) {
      try {
        std::vector<Directive> directives{choice};
        op_ = view_of(op_, {}, directives).op;
        return add(fmt::format("{}.collapse({})", choice.func, fmt::join(choice.loops, ", ")));
      } catch (const Error& error) {
        if (kind_of(error.code()) != ErrorKind::user) throw;
      }
    }
  }

  // On a size, or on two; "" where there are none.
  std::string condition_on_sizes() {
    if (op_.sizes.empty()) return "";
    const std::string size = random_.pick(op_.sizes).name, other = random_.pick(op_.sizes).name;
    return random_.pick<std::string>({fmt::format("{} > {}", size, random_.pick<int64_t>({1, 7, 32})),
                                      fmt::format("{}*{} > {}", size, other, random_.pick<int64_t>({10, 100, 1000}))});
  }

  void stream() {
    const std::string func = random_.chance(taste_.wants(K::stream) ? 40 : 75) ? random_.pick(op_.outputs).func : random_.pick(op_.funcs).name, when = condition_on_sizes();
    add(fmt::format("{}.stream({})", func, when.empty() || random_.chance(60) ? "" : "when " + when));
    if (taste_.chance(random_, K::require, 15)) add(func + ".require(streamed)");
  }

  // Arguments that come in a layout of the schedule's own.
  void argument_layouts() {
    for (const InputDecl& in : op_.inputs) {
      std::vector<std::string> dimensions;
      for (size_t d = 0; d < in.extents.size(); ++d) dimensions.push_back(std::to_string(d));
      if (taste_.chance(random_, K::constant, 2)) free_layout(in.name, "constant", dimensions);
      else if (taste_.chance(random_, K::free_layout, 2)) free_layout(in.name, "free_layout", dimensions);
    }
    for (const OutputDecl& out : op_.outputs) {
      if (taste_.chance(random_, K::free_layout, 2)) free_layout(out.func, "free_layout", op_.find_func(out.func)->vars);
    }
  }

  void free_layout(const std::string& argument, const char* how, const std::vector<std::string>& dimensions) {
    add(fmt::format("{}.{}()", argument, how));
    if (!dimensions.empty()) add(fmt::format("{}.layout({})", argument, random_digits(dimensions, random_)));
  }

  // Partial results of some reductions become Funcs.
  void factor_reductions() {
    std::vector<FuncContents> funcs;
    for (FuncContents& f : op_.funcs) {
      for (int times = 0; times < 2 && f.is_reduction() && !f.rvars.empty() && taste_.chance(random_, K::rfactor, times == 0 ? 12 : 20); ++times) {
        funcs.push_back(factor(f));
      }
      funcs.push_back(f);
    }
    op_.funcs = std::move(funcs);
  }

  // Returns the part, and leaves what combines it.
  FuncContents factor(FuncContents& f) {
    FuncContents part = f;
    part.name = f.name + (f.rvars[0].name.ends_with("_block") ? "_parts" : "_part");
    const std::string variable = random_.pick(f.rvars).name;
    std::string block = variable;
    auto mine = std::find_if(part.rvars.begin(), part.rvars.end(), [&](const ReductionVar& r) { return r.name == variable; });
    if (random_.chance(70)) {
      block = variable + "_block", mine->name = variable + "_in";
      for (Expr& v : part.values) v = substitute(v, {{variable, make_var(mine->name)}});
      add(fmt::format("{}.split({}, {}, {}, {}{})", f.name, variable, block, mine->name, random_.pick<int64_t>({1, 2, 3, 8, 16, 33}),
                      random_.chance(40) ? ", even" : ""));
    } else {
      part.rvars.erase(mine);
    }
    if (part.rvars.empty()) part.combiner = nullptr;
    add(fmt::format("{}.rfactor({}, {})", f.name, block, part.name));
    f.rvars = {{block, make_integer(DType::i64, 8)}};
    for (int c = 0; c < f.components(); ++c) {
      ExprNode read;
      read.kind = ExprKind::access, read.name = part.name, read.component = c;
      read.type = {part.dtype(c), 1};
      read.args.push_back(make_var(block));
      for (const std::string& v : f.vars) read.args.push_back(make_var(v));
      f.values[static_cast<size_t>(c)] = make_access(read);
    }
    part.vars.insert(part.vars.begin(), block);
    return part;
  }

  static bool reads_own_point(const FuncContents& f, const Expr& read) {
    bool own = read.args().size() == f.vars.size();
    for (size_t i = 0; own && i < f.vars.size(); ++i) own = read.arg(i) == make_var(f.vars[i]);
    return own;
  }

  // Each result is made of the value with the same indices, of one type.
  static bool is_made_of(const FuncContents& f, const FuncContents& producer) {
    if (f.is_reduction() || !f.updates.empty() || f.components() != 1 || producer.components() != 1 || f.dtype(0) != producer.dtype(0)) return false;
    bool made = false;
    for (const Expr& e : reads_of(f)) {
      if (e->name != producer.name) continue;
      if (!reads_own_point(f, e)) return false;
      made = true;
    }
    return made;
  }

  // A pure reader of a reduction at its own indices may be its epilogue.
  void choose_epilogues() {
    for (const FuncContents& f : op_.funcs) {
      if (f.is_reduction() || !f.updates.empty() || !taste_.chance(random_, K::epilogue_of, 60)) continue;
      for (const Expr& e : reads_of(f)) {
        const FuncContents* producer = op_.find_func(e->name);
        if (!producer || !producer->is_reduction() || !reads_own_point(f, e)) continue;
        epilogue_[f.name] = producer->name;
        add(fmt::format("{}.epilogue_of({})", f.name, producer->name));
        break;
      }
    }
  }

  // Funcs with a nest of their own that read `name`, through inlined ones and epilogues too.
  std::set<std::string> readers(const std::string& name) const {
    std::set<std::string> found;
    for (const FuncContents& f : op_.funcs) {
      if (f.name == name || !reads(f, name)) continue;
      if (nests_.count(f.name)) {
        found.insert(f.name);
      } else if (auto e = epilogue_.find(f.name); e != epilogue_.end()) {
        if (e->second != name) found.insert(e->second);
      } else {
        found.merge(readers(f.name));
      }
    }
    return found;
  }

  void place(const FuncContents& f) {
    if (epilogue_.count(f.name)) {
      if (taste_.chance(random_, K::trace, 4)) trace(f);
      return;
    }
    bool output = op_.find_output(f.name) != nullptr;
    const bool formula = f.updates.empty() && (!f.is_reduction() || written_out(f));
    const bool for_others = taste_.wants(K::compute_inline) && taste_.wanted.size() > 1 && random_.chance(50);
    if (!output && formula && !for_others && taste_.chance(random_, K::compute_inline, 15)) {
      if (taste_.chance(random_, K::compute_inline, 50)) add(f.name + ".compute_inline()");
      return;
    }
    std::set<std::string> consumers = readers(f.name);
    const bool at_root = taste_.wants(K::compute_root) && !taste_.wants(K::compute_at) && random_.chance(70);
    bool attached = !output && !at_root && f.updates.empty() && consumers.size() == 1 && random_.chance(75) && attach(f, *consumers.begin());
    if (!attached && (output ? at_root : !f.is_reduction() || taste_.chance(random_, K::compute_root, 50))) add(f.name + ".compute_root()");
    const bool in_memory = !windows_.count(f.name);
    if (!output && in_memory) storage(f, attached);
    for (int times = 0; times < 2 && in_memory && taste_.chance(random_, K::trace, 4); ++times) trace(f);
    const NestPlace here{condition_on_sizes(), in_memory ? nullptr : &nests_.at(*consumers.begin())};
    for (FuncPart& part : parts_of(f)) {
      parts_.push_back(std::move(part));
      RandomNest& nest = nests_[parts_.back().loops.name] = random_nest(parts_.back(), here, random_, taste_);
      add_all(nest.lines);
      for (int times = 0; times < 2 && taste_.chance(random_, K::require, 4); ++times) require(nest, attached);
    }
  }

  // What is asked for is mostly there.
  void require(const RandomNest& nest, bool attached) {
    if (nest.update) return;
    std::vector<std::string> facts{"whole"};
    if (nest.func->is_reduction()) facts.push_back("in_registers");
    if (attached) facts.push_back("kept");
    for (const Expr& e : reads_of(*nest.func)) if (e->boundary != Boundary::inside) facts.push_back("idle");
    add(fmt::format("{}.require({})", nest.func->name, random_.pick(facts)));
  }

  // How values of a Func of our own lie in memory, and one that is told.
  void storage(const FuncContents& f, bool attached) {
    if (with_results_.count(f.name)) return;
    if (taste_.chance(random_, K::layout, 4) && !f.vars.empty()) add(fmt::format("{}.layout({})", f.name, random_digits(f.vars, random_)));
    if (taste_.chance(random_, K::pitch, 6) && !f.vars.empty()) {
      const std::string more = random_.chance(50) ? fmt::format(", {}", random_.between(0, 9)) : "";
      add(fmt::format("{}.pitch({}, {}{})", f.name, random_.pick(f.vars), random_.pick<int64_t>({1, 3, 16, 64}), more));
    }
    if (taste_.chance(random_, K::align, 6)) add(fmt::format("{}.align({})", f.name, random_.pick<int64_t>({64, 128, 4096})));
    if (taste_.chance(random_, K::store_in, attached ? 6 : 2)) add(fmt::format("{}.store_in({})", f.name, random_.chance(70) ? "stack" : "heap"));
  }

  void trace(const FuncContents& f) {
    std::vector<int64_t> point;
    for (size_t d = 0; d < f.vars.size(); ++d) point.push_back(random_.between(-1, 5));
    add(fmt::format("{}.trace({})", f.name, fmt::join(point, ", ")));
  }

  bool attach(const FuncContents& f, const std::string& consumer) {
    auto nest = nests_.find(consumer);
    if (nest == nests_.end()) return false;
    std::vector<std::string> loops = nest->second.serial_loops();
    if (loops.empty()) return false;
    const bool slides = loops.size() > 1 && !f.vars.empty() && taste_.chance(random_, K::slide, 8);
    size_t at = slides ? loops.size() - 1 : static_cast<size_t>(random_.below(static_cast<int64_t>(loops.size())));
    add(fmt::format("{}.compute_at({}, {})", f.name, consumer, loops[at]));
    if (slides) {
      add(fmt::format("{}.store_at({}, {}).slide({})", f.name, consumer, loops[at - 1], random_.pick(f.vars)));
      windows_.insert(f.name);
      return true;
    }
    if (is_made_of(*op_.find_func(consumer), f) && taste_.chance(random_, K::store_with, 25)) {
      add(fmt::format("{}.store_with({})", f.name, consumer));
      with_results_.insert(f.name);
      return true;
    }
    const bool keeps = taste_.wants(K::store_at) || taste_.wants(K::fold_storage);
    if (random_.chance(keeps ? 10 : 50)) return true;
    if (keeps && at == 0 && loops.size() > 1) return true;
    size_t kept = static_cast<size_t>(random_.below(static_cast<int64_t>(at) + 1));
    add(fmt::format("{}.store_at({}, {})", f.name, consumer, loops[kept]));
    if (kept != at && !f.vars.empty() && taste_.chance(random_, K::fold_storage, 40)) {
      do add(fmt::format("{}.fold_storage({}, {})", f.name, random_.pick(f.vars), random_.pick<int64_t>({2, 3, 4, 8, 64, 256})));
      while (random_.chance(15));
    } else if (kept + 1 == at && !f.vars.empty() && taste_.chance(random_, K::slide, 15)) {
      add(fmt::format("{}.slide({})", f.name, random_.pick(f.vars)));
    }
    return true;
  }

  // Indices under a boundary rule, looked up.
  void table(const RandomNest& nest) {
    if (!taste_.chance(random_, K::table_at, 10)) return;
    std::vector<std::string> inputs, loops = nest.serial_loops();
    for (const Expr& e : reads_of(*nest.func)) if (op_.find_input(e->name) && e->boundary != Boundary::inside) inputs.push_back(e->name);
    if (!inputs.empty() && !loops.empty()) add(fmt::format("{}.table_at({}, {})", random_.pick(inputs), nest.func->name, random_.pick(loops)));
  }

  void prefetch(const RandomNest& nest) {
    if (!taste_.chance(random_, K::prefetch, 12)) return;
    std::vector<std::string> tensors, loops = nest.serial_loops();
    for (const Expr& e : reads_of(*nest.func)) if (op_.find_input(e->name)) tensors.push_back(e->name);
    if (random_.chance(25)) tensors = {nest.func->name};    // what it writes
    if (tensors.empty() || loops.empty()) return;
    add(fmt::format("{}.prefetch({}, {}, {})", random_.pick(tensors), nest.func->name, random_.pick(loops), random_.between(1, 4)));
  }

  void variant() {
    if (op_.sizes.empty()) return;
    std::string size = random_.pick(op_.sizes).name, other = random_.pick(op_.sizes).name;
    const InputDecl& input = random_.pick(op_.inputs);
    std::string stride = fmt::format("stride({}, 0) % 4 == 0", input.name);
    std::string least = fmt::format("{} >= {}", size, random_.pick<int64_t>({1, 4, 16, 33}));
    std::string multiple = fmt::format("{} % {} == 0", size, random_.pick<int64_t>({2, 4, 8}));
    std::string product = fmt::format("{}*{} > {}", size, other, random_.pick<int64_t>({10, 100, 1000}));
    std::string equal = fmt::format("{} == {}", size, random_.pick<int64_t>({7, 16, 17}));
    schedule_.condition = random_.pick<std::string>(
        {stride, least, multiple, product, equal, least + " and " + stride, product + " or " + equal, least + " and " + multiple});
    for (const auto& [name, nest] : nests_) {
      if (!nest.update) for (const std::string& line : copies_.of(nest, false)) schedule_.variant.push_back(line);
      std::vector<std::string> names;
      for (const RandomLoop& l : nest.loops) if (!l.constant && !l.reduction) names.push_back(l.name);
      if (!names.empty() && random_.chance(40)) schedule_.variant.push_back(nest.line("parallel(" + random_.pick(names) + ")"));
    }
    if (schedule_.variant.empty()) schedule_.condition.clear();
  }

  Operator op_;                                             // with the Funcs that the schedule makes
  Random& random_;
  const Taste& taste_;
  RandomSchedule schedule_;
  std::deque<FuncPart> parts_;                              // what nests_ points to
  std::map<std::string, std::string> epilogue_;             // Func -> the reduction that it completes
  std::set<std::string> windows_;                           // Funcs in registers, by slide
  std::set<std::string> with_results_;                      // Funcs whose values wait in the places of results
  std::map<std::string, RandomNest> nests_;
  RandomCopies copies_{op_, random_, taste_};
};

}  // namespace

RandomSchedule random_schedule(const Operator& op, Random& random, const Taste& taste) {
  return Drawer(op, random, taste).run();
}

}  // namespace lathe
