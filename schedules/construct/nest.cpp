#include "schedules/construct/nest.h"

#include <algorithm>
#include <set>

namespace lathe::construct {

NestFacts::NestFacts(const Operator& op, const Plan& plan, const Target& target, const FuncContents& whole,
                     const FuncPart& part, const Shape* host, Decisions& decisions)
    : op(op), node(plan.nodes.at(whole.name)), target(target), whole(whole), func(part.loops), decisions(decisions),
      values(values_of_nest(op, plan, func)), reads(reads_in(values)),
      order(node.order.empty() || part.update ? func.vars : node.order), plan_(plan) {
  if (host && node.place == Place::attached) meet(*host, plan.nodes.at(node.host).order);
}

// Of the host's indices around it one step is computed at a time, or one tile.
void NestFacts::meet(const Shape& host, const std::vector<std::string>& order) {
  for (size_t d = 0; d < node.depth; ++d) {
    const std::string& own = node.fixed.at(order[d]);
    if (order[d] == host.rows) {
      narrow_.insert(own);
    } else if (order[d] == host.vector) {
      met_ = own, met_steps_ = host.width;
    } else {
      fixed_.insert(own);
    }
  }
}

bool NestFacts::surrounds_attached(const std::string& index) const {
  const auto at = static_cast<size_t>(std::find(order.begin(), order.end(), index) - order.begin());
  return std::any_of(plan_.nodes.begin(), plan_.nodes.end(), [&](const auto& other) {
    return other.second.place == Place::attached && other.second.host == whole.name && at < other.second.depth;
  });
}

bool NestFacts::reads_again_for(const std::string& index) const {
  const auto at = static_cast<size_t>(std::find(order.begin(), order.end(), index) - order.begin());
  return std::any_of(plan_.nodes.begin(), plan_.nodes.end(), [&](const auto& other) {
    const auto& [name, place] = other;
    const FuncContents& f = *op.find_func(name);
    const auto own = place.fixed.find(index);
    if (place.place != Place::attached || place.host != whole.name || own == place.fixed.end() || at >= place.depth || !f.is_reduction()) return false;
    const std::vector<Read> all = reads_in(values_of_nest(op, plan_, f));
    return std::any_of(all.begin(), all.end(), [&](const Read& read) {
      return op.find_input(read.tensor) && move_of(read, own->second) == Move::none && move_of(read, f.rvars.back().name) != Move::none;
    });
  });
}

bool NestFacts::makes_rows_of(const std::string& func) const {
  const auto at = plan_.nodes.find(func);
  return at != plan_.nodes.end() && at->second.place == Place::rows && at->second.host == whole.name;
}

bool NestFacts::is_term(const std::string& index) const {
  return std::any_of(func.rvars.begin(), func.rvars.end(), [&](const ReductionVar& r) { return r.name == index; });
}

std::vector<std::string> NestFacts::terms() const {
  std::vector<std::string> names;
  for (const ReductionVar& r : func.rvars) names.push_back(r.name);
  return names;
}

Expr NestFacts::extent(const std::string& index) const {
  for (const ReductionVar& r : func.rvars) if (r.name == index) return r.extent;
  const std::vector<Expr>& extents = plan_.extents.at(node.epilogue.empty() ? whole.name : node.epilogue);
  for (size_t d = 0; d < whole.vars.size(); ++d) if (whole.vars[d] == index) return extents[d];
  return {};
}

std::optional<int64_t> NestFacts::constant_extent(const std::string& index) const {
  const Expr steps = extent(index);
  int64_t known = 0;
  if (steps.defined() && is_integer_constant(steps, &known)) return known;
  return std::nullopt;
}

std::string NestFacts::extent_name(const std::string& index) const {
  const Expr steps = extent(index);
  return steps.defined() && steps.kind() == ExprKind::var ? steps->name : "";
}

// Bytes of the widest type that values are computed in; indices do not count.
static int64_t widest_of(const Expr& e, std::set<const ExprNode*>& seen) {
  if (e.type().dtype == DType::i64 || e.kind() == ExprKind::constant || !seen.insert(e.get()).second) return 1;
  int64_t bytes = e.type().dtype == DType::boolean ? 1 : bytes_of(e.type().dtype);
  if (e.kind() != ExprKind::access) for_each_child(e, [&](const Expr& child) { bytes = std::max(bytes, widest_of(child, seen)); });
  return bytes;
}

int64_t NestFacts::element_bytes() const {
  int64_t bytes = 1;
  for (const Expr& value : whole.values) bytes = std::max(bytes, bytes_of(value.type().dtype));
  return bytes;
}

int64_t NestFacts::computed_bytes() const {
  int64_t bytes = element_bytes();
  std::set<const ExprNode*> seen;
  if (!func.is_reduction()) for (const Expr& value : values) bytes = std::max(bytes, widest_of(value, seen));
  return bytes;
}

int64_t NestFacts::narrowest_bytes() const {
  int64_t bytes = element_bytes();
  for (const Read& read : reads) {
    if (const InputDecl* input = op.find_input(read.tensor)) bytes = std::min(bytes, bytes_of(input->dtype));
  }
  return std::max<int64_t>(bytes, 1);
}

int64_t NestFacts::lanes() const { return std::max<int64_t>(target.lanes(computed_bytes()), 1); }

int NestFacts::weight() const {
  int weight = 0;
  for (const Expr& value : values) weight += weight_of(value);
  return weight;
}

Expr NestFacts::work() const {
  Expr product;
  std::vector<std::string> indices = func.vars;
  for (const std::string& t : terms()) indices.push_back(t);
  for (const std::string& index : indices) {
    const Expr steps = extent(index);
    if (!steps.defined()) return {};
    product = product.defined() ? product * steps : steps;
  }
  return product.defined() ? product : Expr(int64_t{1});
}

}  // namespace lathe::construct
