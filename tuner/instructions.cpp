#include "tuner/instructions.h"

#include <algorithm>

namespace lathe::tuner {

namespace {

using ir::Stmt;
using ir::StmtKind;
using ir::StmtNode;

// Arithmetic on addresses: integers of one lane that no element goes into.
bool is_address(const Expr& e) {
  if (e.type().lanes != 1 || is_float(e.type().dtype)) return false;
  bool data = false;
  visit(e, [&](const Expr& node) { data = data || node.kind() == ExprKind::access || is_float(node.type().dtype); });
  return !data;
}

class Counter {
 public:
  Counter(const std::set<std::string>& registers, const Target& target) : registers_(registers), target_(target) {}

  void value(const Expr& e) {
    if (is_address(e) || !seen_.insert(e.get()).second) return;
    if (e.kind() == ExprKind::access) return load(e);
    if (e.kind() == ExprKind::ramp) return;
    if (e.kind() == ExprKind::op) op(e);
    if (e.kind() == ExprKind::cast)
      add(Pipe::add, e.type(), std::max(bytes_of(e.type().dtype), bytes_of(e.arg(0).type().dtype)));
    for (const Expr& a : e.args()) value(a);
  }

  void store(const StmtNode& s) {
    value(s.value(0));
    index(s.value(1));
    if (registers_.count(s.name)) return;
    counted.stores += moves(s.value(1), s.value(0).type().dtype);
    counted.moved[s.value(0).type().lanes] += s.value(0).type().lanes;
  }

  Instructions counted;

 private:
  double registers_for(Type type, int64_t bytes) const {
    return std::max<double>(
        1, static_cast<double>((type.lanes * bytes + target_.vector_bytes - 1) / target_.vector_bytes));
  }

  void add(Pipe pipe, Type type, int64_t bytes) {
    counted.ops[pipe] += registers_for(type, bytes);
    counted.elements[type.lanes] += type.lanes;
  }

  void op(const Expr& e) {
    const Pipe pipe = lathe::info_of(e->op).pipe;
    if (pipe == Pipe::none) return;
    const bool of_choice = e.is_op(Op::select);
    add(pipe, e.type(), bytes_of(e.arg(of_choice ? 1 : 0).type().dtype));
  }

  // A ramp of step 1 is one move of each register, everything else of more lanes one of each element.
  double moves(const Expr& at, DType dtype) const {
    int64_t step = 0;
    if (at.type().lanes == 1) return 1;
    if (at.kind() == ExprKind::ramp && is_integer_constant(at.arg(1), &step) && step == 1) {
      return registers_for(at.type(), bytes_of(dtype));
    }
    return at.type().lanes;
  }

  void load(const Expr& e) {
    index(e.arg(0));
    if (registers_.count(e->name)) return;
    counted.loads += moves(e.arg(0), e.type().dtype);
    counted.moved[e.type().lanes] += e.type().lanes;
  }

  void index(const Expr& at) {
    if (at.kind() != ExprKind::ramp && at.kind() != ExprKind::broadcast) value(at);
  }

  const std::set<std::string>& registers_;
  const Target& target_;
  std::set<const ExprNode*> seen_;
};

// Latency from where `e` reads this place in registers to its own value; none where it does not.
int latency_from(const Expr& e, const std::string& buffer, const Expr& at, const Target& target) {
  if (e.kind() == ExprKind::access) return e->name == buffer && e.arg(0) == at ? 0 : -1;
  int longest = -1;
  for (const Expr& a : e.args()) longest = std::max(longest, latency_from(a, buffer, at, target));
  if (longest < 0 || e.kind() != ExprKind::op) return longest;
  const PipeInfo* pipe = info_of(lathe::info_of(e->op).pipe, target);
  return longest + (pipe ? pipe->latency_cycles : 0);
}

}  // namespace

const PipeInfo* info_of(Pipe pipe, const Target& target) {
  switch (pipe) {
    case Pipe::add:
      return &target.add;
    case Pipe::mul:
      return &target.mul;
    case Pipe::logic:
      return &target.logic;
    case Pipe::divide:
      return &target.divide;
    case Pipe::popcount:
      return target.popcount.per_cycle > 0 ? &target.popcount : &target.logic;
    default:
      return nullptr;
  }
}

void Instructions::add(const Instructions& other, double times) {
  for (const auto& [pipe, count] : other.ops) ops[pipe] += count * times;
  for (const auto& [lanes, count] : other.elements) elements[lanes] += count * times;
  for (const auto& [lanes, count] : other.moved) moved[lanes] += count * times;
  loads += other.loads * times;
  stores += other.stores * times;
}

double Instructions::total_ops() const {
  double total = 0;
  for (const auto& [lanes, count] : elements) total += count;
  return total;
}

int64_t Instructions::lanes() const {
  const std::map<int64_t, double>& of = elements.empty() ? moved : elements;
  int64_t best = 0;
  for (const auto& [lanes, count] : of)
    if (best == 0 || count > of.at(best)) best = lanes;
  return best;
}

std::vector<std::pair<std::string_view, double>> Instructions::busy(const Target& target) const {
  std::vector<std::pair<std::string_view, double>> all{{"loads", loads / target.loads_per_cycle},
                                                       {"stores", stores / target.stores_per_cycle}};
  for (const auto& [pipe, count] : ops) {
    const PipeInfo* info = info_of(pipe, target);
    if (info && info->per_cycle > 0) all.push_back({name_of(pipe), count / info->per_cycle});
  }
  return all;
}

double Instructions::cycles(const Target& target) const {
  double most = 0;
  for (const auto& [what, cycles] : busy(target)) most = std::max(most, cycles);
  return most;
}

Instructions instructions_of(const StmtNode& s, const std::set<std::string>& registers, const Target& target) {
  Counter counter(registers, target);
  if (s.kind == StmtKind::store) counter.store(s);
  if (s.kind == StmtKind::let) counter.value(s.value(0));
  return std::move(counter.counted);
}

int chain_cycles(const StmtNode& loop, const Target& target) {
  bool innermost = true;
  std::set<std::string> fresh;  // storage that each iteration has for itself
  ir::visit(loop.body[0], [&](const StmtNode& s) {
    innermost = innermost && s.kind != StmtKind::loop && s.kind != StmtKind::call;
    if (s.kind == StmtKind::alloc) fresh.insert(s.name);
  });
  if (!innermost) return 0;
  std::map<std::pair<std::string, Expr>, int> chains;
  ir::visit(loop.body[0], [&](const StmtNode& s) {
    if (s.kind != StmtKind::store || fresh.count(s.name)) return;
    const int latency = latency_from(s.value(0), s.name, s.value(1), target);
    if (latency > 0) chains[{s.name, s.value(1)}] += latency;
  });
  int longest = 0;
  for (const auto& [place, cycles] : chains) longest = std::max(longest, cycles);
  return longest;
}

}  // namespace lathe::tuner
