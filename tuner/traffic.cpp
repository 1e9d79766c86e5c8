#include "tuner/traffic.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "tuner/executed.h"

namespace lathe::tuner {

namespace {

using ir::Stmt;
using ir::StmtKind;
using ir::StmtNode;

constexpr double kLine = 64;

// An integer as it moves with the loops around it: its value in their present iterations, and what one step of each
// adds.
struct Affine {
  int64_t at = 0;
  std::map<size_t, double> steps;  // by the number of the loop
};

Affine sum_of(const Affine& a, const Affine& b, int64_t times) {
  Affine sum = a;
  sum.at += b.at * times;
  for (const auto& [loop, step] : b.steps) sum.steps[loop] += step * static_cast<double>(times);
  return sum;
}

Affine divided(Affine a, int64_t by) {
  a.at = a.at >= 0 ? a.at / by : -((by - 1 - a.at) / by);
  for (auto& [loop, step] : a.steps) step /= static_cast<double>(by);
  return a;
}

using Values = std::map<std::string, Affine>;

std::optional<Affine> affine(const Expr& e, const Values& values);

// Of an operator without a rule of its own: the value alone, as if it stood still.
std::optional<Affine> value_alone(const Expr& e, const Values& values) {
  std::map<std::string, int64_t> numbers;
  for (const auto& [name, value] : values)
    if (uses_var(e, name)) numbers[name] = value.at;
  if (const auto known = known_value(e, numbers)) return Affine{*known, {}};
  return std::nullopt;
}

std::optional<Affine> affine(const Expr& e, const Values& values) {
  if (e.type().lanes != 1 || is_float(e.type().dtype)) return std::nullopt;
  if (e.kind() == ExprKind::constant) return Affine{e->integer_value, {}};
  if (e.kind() == ExprKind::var) {
    const auto found = values.find(e->name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  }
  if (e.kind() != ExprKind::op) return std::nullopt;
  if (e.is_op(Op::select)) {
    const auto which = value_alone(e.arg(0), values);
    return which ? affine(e.arg(which->at ? 1 : 2), values) : std::nullopt;
  }
  if (e.args().size() != 2) return value_alone(e, values);
  const auto a = affine(e.arg(0), values), b = affine(e.arg(1), values);
  if (!a || !b) return std::nullopt;
  if (e.is_op(Op::add)) return sum_of(*a, *b, 1);
  if (e.is_op(Op::sub)) return sum_of(*a, *b, -1);
  if (e.is_op(Op::mul) && b->steps.empty()) return sum_of({}, *a, b->at);
  if (e.is_op(Op::mul) && a->steps.empty()) return sum_of({}, *b, a->at);
  if (e.is_op(Op::div) && b->steps.empty() && b->at > 0) return divided(*a, b->at);
  if (e.is_op(Op::min)) return a->at <= b->at ? a : b;
  if (e.is_op(Op::max)) return a->at >= b->at ? a : b;
  return value_alone(e, values);
}

struct Around {  // a loop, as an access inside it sees it
  size_t number = 0;
  double count = 1;
};

struct Touch {
  size_t buffer = 0;
  double first = 0, bytes = 0;     // in the buffer, in the present iterations
  std::map<size_t, double> steps;  // in bytes, by loop
  std::vector<Around> loops;       // outermost first
};

// The lines that touches of one buffer reach together while the loops from `depth` inwards run.
double lines_of(const std::vector<const Touch*>& touches, size_t depth) {
  double sum = 0, lowest = 0, highest = 0;
  std::set<std::pair<double, std::vector<std::pair<double, double>>>> seen;
  bool is_first = true;
  for (const Touch* t : touches) {
    std::vector<std::pair<double, double>> steps;  // bytes and count
    double low = t->first, high = t->first + t->bytes;
    for (size_t l = depth; l < t->loops.size(); ++l) {
      const auto step = t->steps.find(t->loops[l].number);
      if (step == t->steps.end() || step->second == 0 || t->loops[l].count == 1) continue;
      const double all = step->second * (t->loops[l].count - 1);
      (all < 0 ? low : high) += all;
      steps.push_back({std::abs(step->second), t->loops[l].count});
    }
    lowest = is_first ? low : std::min(lowest, low);
    highest = is_first ? high : std::max(highest, high);
    is_first = false;
    std::sort(steps.begin(), steps.end());
    if (!seen.insert({std::floor(t->first / kLine), steps}).second) continue;  // a neighbour in the line was counted
    double run = std::max(t->bytes, kLine), runs = 1;
    for (const auto& [step, count] : steps) {
      if (step <= run && runs == 1)
        run = std::max(run, step * (count - 1) + t->bytes);
      else
        runs *= count;
    }
    sum += run * runs;
  }
  return std::min(sum, std::max(kLine, highest - lowest));
}

// A loop, or the whole program as a loop of one iteration: its iterations in parts that are alike.
struct Region {
  struct Part {
    double count = 1;
    size_t begin = 0, end = 0;  // touches
    double moved = 0;           // by its own loads and stores, of one iteration
    std::vector<Region> inside;
  };
  size_t depth = 0;  // loops around it
  std::vector<Part> parts;
};

class Walk {
 public:
  Walk(const ir::Program& program, const std::map<std::string, int64_t>& scalars) : program_(program) {
    for (const auto& [name, value] : scalars) values_[name] = {value, {}};
    function_ = &program.entry();
    for (const ir::Buffer& b : function_->buffers) places_[b.name] = {number_of(b.name), Affine{}};
    all_.parts.emplace_back();
    loops_.push_back({next_loop_++, 1});
    walk(program.entry().body, all_.parts[0]);
    all_.parts[0].end = touches_.size();
  }

  Traffic run(const Target& target) const {
    Traffic result;
    result.moved = moved(all_);
    const std::array<int64_t, 3> caches{target.l1_bytes, target.l2_bytes, target.l3_bytes};
    for (size_t c = 0; c < caches.size(); ++c) result.beyond[c] = beyond(all_, static_cast<double>(caches[c]));
    return result;
  }

 private:
  struct Place {
    size_t buffer = 0;
    std::optional<Affine> offset = Affine{};  // in elements; nothing: nobody knows
  };

  size_t number_of(const std::string& buffer) { return buffers_.try_emplace(buffer, buffers_.size()).first->second; }

  void walk(const Stmt& s, Region::Part& part) {
    if (!s) return;
    switch (s->kind) {
      case StmtKind::block:
        for (const Stmt& child : s->body) walk(child, part);
        return;
      case StmtKind::let: {
        reads(s->value(0), part);
        if (const auto known = affine(s->value(0), values_)) values_[s->name] = *known;
        return walk(s->body[0], part);  // names are unique in a function
      }
      case StmtKind::branch: {
        const auto known = value_alone(s->value(0), values_);
        if (!known || known->at) return walk(s->body[0], part);
        if (s->body.size() > 1) walk(s->body[1], part);
        return;
      }
      case StmtKind::loop:
        return loop(*s, part);
      case StmtKind::alloc:
        if (s->space == ir::Space::registers)
          registers_.insert(s->name);
        else
          places_[s->name] = {number_of(function_->name + "/" + s->name), Affine{}};
        return walk(s->body[0], part);
      case StmtKind::call:
        return call(*s, part);
      case StmtKind::store:
        reads(s->value(0), part);
        touch(s->name, s->value(1), s->value(0).type().dtype, part);
        return;
      case StmtKind::prefetch:
      case StmtKind::trace:
        return;
    }
  }

  void loop(const StmtNode& s, Region::Part& part) {
    const auto first = affine(s.value(0), values_), count = affine(s.value(1), values_);
    const int64_t times = count ? count->at : 1;
    if (times <= 0) return;
    Region region;
    region.depth = loops_.size();
    const size_t number = next_loop_++;
    const auto take = [&](int64_t at, int64_t of) {
      Affine here = first.value_or(Affine{});
      here.at += at;
      here.steps[number] = 1;
      values_[s.name] = here;
      loops_.push_back({number, static_cast<double>(of)});
      region.parts.push_back({static_cast<double>(of), touches_.size(), 0, 0, {}});
      Region::Part& own = region.parts.back();
      walk(s.body[0], own);
      own.end = touches_.size();
      loops_.pop_back();
    };
    take(0, 1);
    if (times > 1) take(1, times - 1);
    part.inside.push_back(std::move(region));
  }

  void call(const StmtNode& s, Region::Part& part) {
    const ir::Function* callee = program_.find(s.name);
    if (!callee) return;
    Values inside;
    for (size_t i = 0; i < s.values.size(); ++i) {
      if (const auto known = affine(s.value(i), values_)) inside[callee->params[i].name] = *known;
    }
    std::map<std::string, Place> places;
    for (size_t i = 0; i < s.buffers.size(); ++i) {
      const auto from = places_.find(s.buffers[i].name);
      if (from == places_.end()) continue;
      const auto more = affine(s.buffers[i].offset, values_);
      Place to = from->second;
      to.offset = to.offset && more ? std::optional(sum_of(*to.offset, *more, 1)) : std::nullopt;
      places[callee->buffers[i].name] = to;
    }
    std::swap(values_, inside);
    std::swap(places_, places);
    std::set<std::string> registers;
    std::swap(registers_, registers);
    const ir::Function* before = std::exchange(function_, callee);
    walk(callee->body, part);
    function_ = before;
    std::swap(registers_, registers);
    std::swap(places_, places);
    std::swap(values_, inside);
  }

  void reads(const Expr& e, Region::Part& part) {
    std::set<const ExprNode*> seen;
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::access && seen.insert(node.get()).second)
        touch(node->name, node.arg(0), node.type().dtype, part);
    });
  }

  void touch(const std::string& buffer, const Expr& index, DType dtype, Region::Part& part) {
    const auto place = places_.find(buffer);
    if (registers_.count(buffer) || place == places_.end()) return;
    const double element = static_cast<double>(bytes_of(dtype));
    part.moved += element * index.type().lanes;
    Touch t{place->second.buffer, 0, element, {}, loops_};
    int64_t apart = 0;
    const bool ramp = index.kind() == ExprKind::ramp && is_integer_constant(index.arg(1), &apart);
    if (ramp) t.bytes = element * static_cast<double>(std::abs(apart) * (index.type().lanes - 1) + 1);
    const Expr& base = ramp || index.kind() == ExprKind::broadcast ? index.arg(0) : index;
    const auto at = place->second.offset ? affine(base, values_) : std::nullopt;
    if (at) {
      const Affine where = sum_of(*place->second.offset, *at, 1);
      t.first = static_cast<double>(where.at) * element;
      for (const auto& [loop, step] : where.steps) t.steps[loop] = step * element;
    } else {  // it depends on data: a line of its own for each
      t.bytes = kLine * index.type().lanes;
      for (const Around& l : loops_) t.steps[l.number] = t.bytes;
    }
    touches_.push_back(std::move(t));
  }

  double moved(const Region& region) const {
    double all = 0;
    for (const Region::Part& part : region.parts) {
      double once = part.moved;
      for (const Region& inside : part.inside) once += moved(inside);
      all += part.count * once;
    }
    return all;
  }

  // Lines of all buffers that the touches reach while the loops from `depth` inwards run; `own`: those of no loop
  // further in.
  double lines(size_t begin, size_t end, size_t depth, bool own = false) const {
    std::map<size_t, std::vector<const Touch*>> by_buffer;
    for (size_t t = begin; t < end; ++t) {
      if (!own || touches_[t].loops.size() == depth) by_buffer[touches_[t].buffer].push_back(&touches_[t]);
    }
    double all = 0;
    for (const auto& [buffer, touches] : by_buffer) all += lines_of(touches, depth);
    return all;
  }

  double beyond(const Region& region, double cache) const {
    double most = 0;
    for (const Region::Part& part : region.parts) most = std::max(most, lines(part.begin, part.end, region.depth + 1));
    if (most <= cache) return lines(region.parts.front().begin, region.parts.back().end, region.depth);
    double all = 0;
    for (const Region::Part& part : region.parts) {
      double once = lines(part.begin, part.end, region.depth + 1, true);
      for (const Region& inside : part.inside) once += beyond(inside, cache);
      all += part.count * once;
    }
    return all;
  }

  const ir::Program& program_;
  const ir::Function* function_ = nullptr;
  Values values_;
  std::map<std::string, Place> places_;
  std::map<std::string, size_t> buffers_;
  std::set<std::string> registers_;
  std::vector<Around> loops_;  // around what is walked now
  std::vector<Touch> touches_;
  size_t next_loop_ = 0;
  Region all_;
};

}  // namespace

Traffic traffic(const ir::Program& program, const Target& target, const std::map<std::string, int64_t>& scalars) {
  return Walk(program, scalars).run(target);
}

}  // namespace lathe::tuner
