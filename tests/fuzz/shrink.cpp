// Greedy: each step keeps the first smaller trial that still shows the fault, until none is left. Steps that shrink most
// come first. An algorithm that the language refuses is no candidate.
#include "tests/fuzz/shrink.h"

#include <algorithm>

#include "analysis/read_conditions.h"
#include "support/error.h"

namespace lathe {
namespace {

bool is_allowed(const Operator& op, const std::string& size, int64_t value) {
  for (const SizeDecl& s : op.sizes) {
    if (s.name == size) return value >= s.lowest && value <= s.highest && value % s.multiple_of == 0;
  }
  return value >= 0;
}

std::optional<Operator> legal(Operator op) {
  try {
    op = checked(std::move(op));
    read_conditions(op);
    return op;
  } catch (const Error&) {
    return std::nullopt;
  }
}

class Shrinker {
 public:
  Shrinker(Trial trial, const std::function<bool(const Trial&)>& still, int attempts)
      : trial_(std::move(trial)), still_(still), attempts_(attempts) {}

  Trial run() {
    bool smaller = true;
    while (smaller && attempts_ > 0) {
      smaller = drop_some(&Trial::runs);
      smaller = drop_lines(&RandomSchedule::variant) || smaller;
      smaller = drop_lines(&RandomSchedule::lines) || smaller;
      smaller = sizes() || smaller;
      smaller = runs() || smaller;
      smaller = algorithm() || smaller;
    }
    return std::move(trial_);
  }

 private:
  // Takes the changed trial where it shows the fault too.
  bool accept(Trial changed) {
    if (attempts_-- <= 0 || !still_(changed)) return false;
    trial_ = std::move(changed);
    return true;
  }

  template <class List> bool drop_some(List Trial::* list) {
    bool any = false;
    for (size_t i = (trial_.*list).size(); i-- > 0;) {
      Trial changed = trial_;
      (changed.*list).erase((changed.*list).begin() + static_cast<long>(i));
      any = (!(changed.*list).empty() && accept(std::move(changed))) || any;
    }
    return any;
  }

  bool drop_lines(std::vector<std::string> RandomSchedule::* list) {
    bool any = false;
    for (size_t i = (trial_.schedule.*list).size(); i-- > 0;) {
      Trial changed = trial_;
      (changed.schedule.*list).erase((changed.schedule.*list).begin() + static_cast<long>(i));
      if (changed.schedule.variant.empty()) changed.schedule.condition.clear();
      any = accept(std::move(changed)) || any;
    }
    return any;
  }

  bool sizes() {
    bool any = false;
    for (size_t r = 0; r < trial_.runs.size(); ++r) {
      const std::map<std::string, int64_t> old = trial_.runs[r].sizes;
      for (const auto& [name, value] : old) {
        for (int64_t less : {int64_t{0}, int64_t{1}, int64_t{2}, value / 2, value - 1}) {
          if (less >= value || !is_allowed(trial_.op, name, less)) continue;
          Trial changed = trial_;
          changed.runs[r].sizes[name] = less;
          if (!accept(std::move(changed))) continue;
          any = true;
          break;
        }
      }
    }
    return any;
  }

  bool runs() {
    bool any = false;
    const auto attempt = [&](size_t r, auto TrialRun::* field, auto simple) {
      if (trial_.runs[r].*field == simple) return;
      Trial changed = trial_;
      changed.runs[r].*field = simple;
      any = accept(std::move(changed)) || any;
    };
    for (size_t r = 0; r < trial_.runs.size(); ++r) {
      attempt(r, &TrialRun::threads, 1);
      attempt(r, &TrialRun::order, uint64_t{0});
      attempt(r, &TrialRun::param, int64_t{0});
      attempt(r, &TrialRun::end, 0);
      for (const auto simpler : {+[](CheckOptions& c) { c.strides = CheckStrides::dense; }, +[](CheckOptions& c) { c.special_values = false; }}) {
        Trial changed = trial_;
        simpler(changed.runs[r].check);
        if (changed.runs[r].check.strides == trial_.runs[r].check.strides &&
            changed.runs[r].check.special_values == trial_.runs[r].check.special_values) continue;
        any = accept(std::move(changed)) || any;
      }
    }
    return any;
  }

  bool accept_operator(Operator op) {
    std::optional<Operator> checked_op = legal(std::move(op));
    if (!checked_op || *checked_op == trial_.op) return false;
    Trial changed = trial_;
    changed.op = std::move(*checked_op);
    return accept(std::move(changed));
  }

  bool algorithm() {
    bool any = false;
    for (size_t o = trial_.op.outputs.size(); o-- > 0 && trial_.op.outputs.size() > 1;) {
      Operator op = trial_.op;
      op.outputs.erase(op.outputs.begin() + static_cast<long>(o));
      any = accept_operator(std::move(op)) || any;
    }
    for (size_t f = trial_.op.funcs.size(); f-- > 0;) {
      if (f < trial_.op.funcs.size()) any = func(f) || any;
    }
    for (size_t i = trial_.op.inputs.size(); i-- > 0;) {
      Operator op = trial_.op;
      op.inputs.erase(op.inputs.begin() + static_cast<long>(i));
      any = accept_operator(std::move(op)) || any;
    }
    return any;
  }

  bool func(size_t f) {
    bool any = false;
    for (size_t u = trial_.op.funcs[f].updates.size(); u-- > 0;) {
      Operator op = trial_.op;
      op.funcs[f].updates.erase(op.funcs[f].updates.begin() + static_cast<long>(u));
      any = accept_operator(std::move(op)) || any;
    }
    for (size_t v = 0; f < trial_.op.funcs.size() && v < trial_.op.funcs[f].values.size(); ++v) {
      any = value(f, [v](FuncContents& func) -> Expr& { return func.values[v]; }) || any;
    }
    for (size_t u = 0; f < trial_.op.funcs.size() && u < trial_.op.funcs[f].updates.size(); ++u) {
      for (size_t v = 0; v < trial_.op.funcs[f].updates[u].values.size(); ++v) {
        any = value(f, [u, v](FuncContents& func) -> Expr& { return func.updates[u].values[v]; }) || any;
      }
    }
    return any;
  }

  // Replaces parts of a value by a constant or by one of their own parts of the same type, the largest first.
  bool value(size_t f, const std::function<Expr&(FuncContents&)>& place) {
    bool any = false, changed = true;
    while (changed && attempts_ > 0 && f < trial_.op.funcs.size()) {
      changed = false;
      Operator now = trial_.op;
      const Expr whole = place(now.funcs[f]);
      std::vector<Expr> parts;
      visit(whole, [&](const Expr& e) { parts.push_back(e); });
      for (const Expr& part : parts) {
        for (const Expr& by : simpler(part)) {
          Operator op = trial_.op;
          place(op.funcs[f]) = transform(whole, [&](const Expr& e) { return e == part ? by : e; });
          if (!accept_operator(std::move(op))) continue;
          any = changed = true;
          break;
        }
        if (changed || attempts_ <= 0) break;
      }
    }
    return any;
  }

  static std::vector<Expr> simpler(const Expr& e) {
    std::vector<Expr> list;
    if (e.kind() == ExprKind::constant || e.kind() == ExprKind::var) return list;
    if (e.type().dtype != DType::boolean) list.push_back(make_constant(e.type().dtype, 1));
    for_each_child(e, [&](const Expr& child) {
      if (child.type() == e.type()) list.push_back(child);
    });
    return list;
  }

  Trial trial_;
  const std::function<bool(const Trial&)>& still_;
  int attempts_;
};

}  // namespace

Trial shrunk(Trial trial, const std::function<bool(const Trial&)>& still, int attempts) {
  return Shrinker(std::move(trial), still, attempts).run();
}

}  // namespace lathe
