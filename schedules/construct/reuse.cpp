#include "schedules/construct/reuse.h"

#include <algorithm>
#include <map>

#include "analysis/simplify.h"
#include "analysis/written_out.h"

namespace lathe::construct {

Move move_of(const Read& read, const std::string& index) {
  Move move = Move::none;
  for (size_t d = 0; d < read.at.size(); ++d) {
    if (!uses_var(read.at[d], index)) continue;
    const auto linear = Polynomial::of(simplify(read.at[d])).linear_in(index);
    if (!linear) return Move::irregular;
    const bool next = d + 1 == read.at.size() && move == Move::none && linear->first.constant() == 1;
    move = next ? Move::contiguous : Move::strided;
  }
  return move;
}

namespace {

// One read stands in many places once what it reads is read twice itself, and so on: each is expanded once, and shared.
class Expander {
 public:
  explicit Expander(const Inlined& inlined) : inlined_(inlined) {}

  Expr operator()(const Expr& e) {
    return transform(e, [&](const Expr& node) {
      if (node.kind() != ExprKind::access) return node;
      const auto read = inlined_.find(node->name);
      if (read == inlined_.end()) return node;
      if (const auto known = known_.find(node); known != known_.end()) return known->second;
      const FuncContents& whole = *read->second;
      const std::optional<FuncContents> short_sum = written_out(whole);
      const FuncContents& f = short_sum ? *short_sum : whole;
      Substitution at;
      for (size_t d = 0; d < f.vars.size(); ++d) at.push_back({f.vars[d], node.arg(d)});
      const Expr value = (*this)(substitute(f.values[static_cast<size_t>(node->component)], at));
      known_.emplace(node, value);
      return value;
    });
  }

 private:
  const Inlined& inlined_;
  std::map<Expr, Expr> known_;
};

}  // namespace

Expr expanded(const Expr& e, const Inlined& inlined) { return Expander(inlined)(e); }

std::vector<Read> reads_in(const std::vector<Expr>& values) {
  std::vector<Read> reads;
  for (const Expr& value : values) {
    visit(value, [&](const Expr& e) {
      if (e.kind() != ExprKind::access) return;
      Read read{e->name, e.args()};
      if (std::find(reads.begin(), reads.end(), read) == reads.end()) reads.push_back(std::move(read));
    });
  }
  return reads;
}

bool overlaps_along(const std::vector<Read>& reads, const std::string& index) {
  for (size_t a = 0; a < reads.size(); ++a) {
    for (size_t b = a + 1; b < reads.size(); ++b) {
      if (reads[a].tensor != reads[b].tensor || reads[a].at.size() != reads[b].at.size()) continue;
      bool apart = false, comparable = true;
      for (size_t d = 0; d < reads[a].at.size(); ++d) {
        const Polynomial distance = Polynomial::of(simplify(reads[a].at[d])) - Polynomial::of(simplify(reads[b].at[d]));
        if (distance.constant() == 0) continue;
        comparable = comparable && distance.constant().has_value();
        apart = apart || uses_var(reads[a].at[d], index);
      }
      if (apart && comparable && move_of(reads[a], index) != Move::irregular) return true;
    }
  }
  return false;
}

bool is_window(const std::vector<Read>& reads, const std::string& term, const std::vector<std::string>& indices) {
  for (const Read& read : reads) {
    for (const Expr& at : read.at) {
      if (!uses_var(at, term)) continue;
      if (std::any_of(indices.begin(), indices.end(), [&](const std::string& v) { return uses_var(at, v); })) return true;
    }
  }
  return false;
}

int weight_of(const Expr& e) {
  int weight = 0;
  visit(e, [&](const Expr& node) {
    if (node.kind() != ExprKind::op) return;
    if (node.type().dtype == DType::i64) {                  // of indices, mostly: nearly free, but for division by what is no number
      const bool divides = node.is_op(Op::div) || node.is_op(Op::mod);
      if (divides && !is_integer_constant(node.arg(1))) weight += 10;
      return;
    }
    switch (node->op) {
      case Op::exp: case Op::exp2: case Op::log: case Op::log2: case Op::pow: case Op::sin: case Op::cos: case Op::tanh:
      case Op::sigmoid: case Op::erf: weight += 20; break;
      case Op::div: case Op::sqrt: case Op::rsqrt: case Op::reciprocal: weight += 5; break;
      default: weight += 1;
    }
  });
  return weight;
}

}  // namespace lathe::construct
