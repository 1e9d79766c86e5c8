// A walk over the program with known sizes. A loop whose number decides nothing inside it (no extent, no branch) is
// walked once and counts for all of its iterations; any other one is sampled: its first and last iterations, and a few
// between them for the rest.
#include "tuner/executed.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace lathe::tuner {

namespace {

using ir::Stmt;
using ir::StmtKind;
using ir::StmtNode;
using Values = std::map<std::string, int64_t>;

constexpr int64_t kSampled = 5;  // iterations between the first and the last

// Names in a function whose values decide how often something runs.
class Deciding {
 public:
  Deciding(const ir::Function& f, const std::map<std::string, std::set<std::string>>& of_callees) {
    size_t before = 0;
    do {  // a definition stands before its use: from the end backwards
      before = names.size();
      ir::visit(f.body, [&](const StmtNode& s) {
        if (s.kind == StmtKind::loop) {
          use(s.value(1));
          if (names.count(s.name)) use(s.value(0));
        }
        if (s.kind == StmtKind::branch) use(s.value(0));
        if (s.kind == StmtKind::let && names.count(s.name)) use(s.value(0));
        if (s.kind == StmtKind::call) {
          auto callee = of_callees.find(s.name);
          for (size_t i = 0; i < s.values.size(); ++i) {
            if (callee != of_callees.end() && callee->second.count("#" + std::to_string(i))) use(s.value(i));
          }
        }
      });
    } while (names.size() > before);
    for (size_t i = 0; i < f.params.size(); ++i)
      if (names.count(f.params[i].name)) names.insert("#" + std::to_string(i));
  }

  std::set<std::string> names;  // and "#2" where the third scalar parameter is one

 private:
  void use(const Expr& e) {
    visit(e, [&](const Expr& node) {
      if (node.kind() == ExprKind::var) names.insert(node->name);
    });
  }
};

class Walk {
 public:
  Walk(const ir::Program& program, const Target& target) : program_(program), target_(target) {
    for (const ir::Function& f : program.functions) deciding_[f.name] = Deciding(f, deciding_).names;
  }

  Executed run(const Values& scalars) {
    function(program_.entry(), scalars, 1, outside(program_.entry().name));
    Executed result;
    for (auto& [key, loop] : loops_) {
      if (loop.iterations <= 0) continue;
      result.all.add(loop.each, 1);
      Instructions each;
      each.add(loop.each, 1 / loop.iterations);
      loop.each = std::move(each);
      result.cycles += loop.iterations * loop.cycles(target_);
      result.loops.push_back(std::move(loop));
    }
    std::sort(result.loops.begin(), result.loops.end(), [&](const ExecutedLoop& a, const ExecutedLoop& b) {
      return a.iterations * a.cycles(target_) > b.iterations * b.cycles(target_);
    });
    return result;
  }

 private:
  ExecutedLoop& outside(const std::string& function) {
    ExecutedLoop& record = loops_[{function, ""}];
    record.function = function;
    record.iterations = std::max(record.iterations, 1.0);
    return record;
  }

  void function(const ir::Function& f, const Values& values, double times, ExecutedLoop& into) {
    const ir::Function* before = function_;
    function_ = &f;
    registers_of(f);
    walk(f.body, values, times, into);
    function_ = before;
  }

  void registers_of(const ir::Function& f) {
    if (registers_.count(f.name)) return;
    std::set<std::string>& names = registers_[f.name];
    ir::visit(f.body, [&](const StmtNode& s) {
      if (s.kind == StmtKind::alloc && s.space == ir::Space::registers) names.insert(s.name);
    });
  }

  const Instructions& own(const StmtNode& s) {
    auto [it, is_new] = own_.try_emplace(&s);
    if (is_new) it->second = instructions_of(s, registers_.at(function_->name), target_);
    return it->second;
  }

  void walk(const Stmt& s, const Values& values, double times, ExecutedLoop& into) {
    if (!s || times <= 0) return;
    switch (s->kind) {
      case StmtKind::block:
        for (const Stmt& child : s->body) walk(child, values, times, into);
        return;
      case StmtKind::let: {
        into.each.add(own(*s), times);
        const std::optional<int64_t> known = known_value(s->value(0), values);
        if (!known) return walk(s->body[0], values, times, into);
        Values inside = values;
        inside[s->name] = *known;
        return walk(s->body[0], inside, times, into);
      }
      case StmtKind::branch: {
        const std::optional<int64_t> known = known_value(s->value(0), values);
        if (!known || *known) walk(s->body[0], values, known ? times : times / 2, into);
        if (s->body.size() > 1 && (!known || !*known)) walk(s->body[1], values, known ? times : times / 2, into);
        return;
      }
      case StmtKind::loop:
        return loop(*s, values, times);
      case StmtKind::alloc:
        return walk(s->body[0], values, times, into);
      case StmtKind::call:
        return call(*s, values, times, into);
      case StmtKind::store:
        into.each.add(own(*s), times);
        return;
      case StmtKind::prefetch:
      case StmtKind::trace:
        return;
    }
  }

  void loop(const StmtNode& s, const Values& values, double times) {
    const int64_t first = known_value(s.value(0), values).value_or(0),
                  count = known_value(s.value(1), values).value_or(1);
    if (count <= 0) return;
    ExecutedLoop& record = loops_[{function_->name, s.name}];
    record.function = function_->name, record.loop = s.name;
    record.iterations += times * static_cast<double>(count);
    record.chain_cycles = chain_cycles(s, target_);
    auto once = [&](int64_t at, double weight) {
      Values inside = values;
      inside[s.name] = at;
      walk(s.body[0], inside, times * weight, record);
    };
    if (!deciding_.at(function_->name).count(s.name)) return once(first + count / 2, static_cast<double>(count));
    if (count <= kSampled + 2) {
      for (int64_t i = 0; i < count; ++i) once(first + i, 1);
      return;
    }
    once(first, 1);
    once(first + count - 1, 1);
    const double share = static_cast<double>(count - 2) / kSampled;
    for (int64_t i = 0; i < kSampled; ++i)
      once(first + 1 + static_cast<int64_t>(share * (static_cast<double>(i) + 0.5)), share);
  }

  void call(const StmtNode& s, const Values& values, double times, ExecutedLoop& into) {
    const ir::Function* callee = program_.find(s.name);
    if (!callee) return;
    Values inside;
    for (size_t i = 0; i < s.values.size(); ++i) {
      if (const auto known = known_value(s.value(i), values)) inside[callee->params[i].name] = *known;
    }
    function(*callee, inside, times, into);
  }

  const ir::Program& program_;
  const Target& target_;
  const ir::Function* function_ = nullptr;
  std::map<std::string, std::set<std::string>> deciding_, registers_;
  std::map<const StmtNode*, Instructions> own_;
  std::map<std::pair<std::string, std::string>, ExecutedLoop> loops_;
};

}  // namespace

std::optional<int64_t> known_value(const Expr& e, const std::map<std::string, int64_t>& values) {
  if (e.type().lanes != 1 || is_float(e.type().dtype)) return std::nullopt;
  if (e.kind() == ExprKind::constant) return e->integer_value;
  if (e.kind() == ExprKind::var) {
    auto it = values.find(e->name);
    return it == values.end() ? std::nullopt : std::optional(it->second);
  }
  if (e.kind() != ExprKind::op) return std::nullopt;
  std::vector<Scalar> args;
  for (const Expr& a : e.args()) {
    const std::optional<int64_t> value = known_value(a, values);
    if (!value) return std::nullopt;
    args.push_back({a.type().dtype, *value, 0});
  }
  return evaluate(e->op, args).integer;
}

double ExecutedLoop::cycles(const Target& target) const { return std::max<double>(each.cycles(target), chain_cycles); }

Executed executed(const ir::Program& program, const Target& target, const std::map<std::string, int64_t>& scalars) {
  return Walk(program, target).run(scalars);
}

std::map<std::string, int64_t> scalars_of(const Operator& op, const std::map<std::string, int64_t>& sizes) {
  std::map<std::string, int64_t> scalars = sizes;
  for (const TensorArgument& t : tensor_arguments(op)) {
    int64_t stride = 1;
    for (size_t d = t.extents.size(); d-- > 0;) {
      scalars[t.name + ".stride." + std::to_string(d)] = stride;
      stride *= std::max<int64_t>(evaluate_extent(t.extents[d], sizes), 0);
    }
    scalars[t.name + ".misalignment"] = 0;
  }
  return scalars;
}

}  // namespace lathe::tuner
