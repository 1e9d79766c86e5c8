#include "schedules/construct/nest.h"

#include <algorithm>

namespace lathe::construct {

NestFacts::NestFacts(const Operator& op, const Plan& plan, const Target& target, const FuncContents& func,
                     const Shape* host)
    : op(op), node(plan.nodes.at(func.name)), target(target), func(func), values(values_of_nest(op, plan, func)),
      reads(reads_in(values)), order(node.order.empty() ? func.vars : node.order) {
  if (host && node.place == Place::attached) meet(*host, plan.nodes.at(node.host).order);
}

// Of the host's indices around it one step is computed at a time, or one tile.
void NestFacts::meet(const Shape& host, const std::vector<std::string>& order) {
  for (size_t d = 0; d < node.depth; ++d) {
    const std::string& own = node.fixed.at(order[d]);
    if (order[d] == host.rows) {
      narrow_.insert(own);
    } else if (order[d] != host.vector) {
      fixed_.insert(own);
    }
  }
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
  const OutputDecl* output = op.find_output(node.epilogue.empty() ? func.name : node.epilogue);
  for (size_t d = 0; output && d < func.vars.size(); ++d) if (func.vars[d] == index) return output->extents[d];
  return {};
}

std::optional<int64_t> NestFacts::constant_extent(const std::string& index) const {
  const Expr steps = extent(index);
  int64_t known = 0;
  if (steps.defined() && is_integer_constant(steps, &known)) return known;
  return std::nullopt;
}

int64_t NestFacts::lanes() const {
  int64_t bytes = 1;
  for (const Expr& value : func.values) bytes = std::max(bytes, bytes_of(value.type().dtype));
  return std::max<int64_t>(target.lanes(bytes), 1);
}

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
