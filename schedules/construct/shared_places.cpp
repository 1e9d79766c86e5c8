#include "schedules/construct/shared_places.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::construct {

namespace {

bool is_var(const Expr& e, const std::string& name) { return e.kind() == ExprKind::var && e->name == name; }

class Sharing {
 public:
  Sharing(const Operator& op, const Plan& plan, const FuncContents& f) : op_(op), plan_(plan), f_(f), node_(plan.nodes.at(f.name)) {}

  bool possible() const {
    if (node_.place != Place::attached || f_.components() != 1) return false;
    const FuncContents& host = *op_.find_func(node_.host);
    const OutputDecl* output = op_.find_output(node_.host);
    if (!output || !output->in.empty() || plan_.nodes.at(node_.host).place != Place::root) return false;
    if (host.is_reduction() || !host.updates.empty() || host.components() != 1 || host.dtype(0) != f_.dtype(0)) return false;
    bool is_read = false;
    for (const FuncContents& reader : op_.funcs) {
      if (plan_.nodes.at(reader.name).place == Place::inlined) continue;
      for (const Read& read : reads_in(values_of_nest(op_, plan_, reader))) {
        if (read.tensor != f_.name) continue;
        const bool fits = reader.name == host.name ? becomes_result(host, read) : is_earlier(reader, read, host, *output);
        if (!fits) return false;
        is_read = is_read || reader.name == host.name;
      }
    }
    return is_read;
  }

 private:
  static bool becomes_result(const FuncContents& host, const Read& read) {
    if (read.at.size() != host.vars.size()) return false;
    for (size_t d = 0; d < read.at.size(); ++d) if (!is_var(read.at[d], host.vars[d])) return false;
    return true;
  }

  // Made in the same step of the host as the values, of values that become results of that step.
  bool is_earlier(const FuncContents& reader, const Read& read, const FuncContents& host, const OutputDecl& output) const {
    const Node& other = plan_.nodes.at(reader.name);
    if (other.place != Place::attached || other.host != host.name || other.depth != node_.depth || read.at.size() != host.vars.size()) return false;
    const std::vector<std::string>& order = plan_.nodes.at(host.name).order;
    for (size_t d = 0; d < read.at.size(); ++d) {
      if (read.at[d].kind() != ExprKind::var) return false;
      const auto step = std::find(order.begin(), order.end(), host.vars[d]);
      if (static_cast<size_t>(step - order.begin()) < node_.depth) {
        const auto fixed = other.fixed.find(host.vars[d]);
        if (fixed == other.fixed.end() || fixed->second != read.at[d]->name) return false;
        continue;
      }
      const Expr extent = extent_in(reader, reader.vars, plan_.extents.at(reader.name), read.at[d]->name);
      if (!extent.defined() || !(extent == output.extents[d])) return false;
    }
    return true;
  }

  const Operator& op_;
  const Plan& plan_;
  const FuncContents& f_;
  const Node& node_;
};

}  // namespace

void share_places(const Operator& op, Plan& plan, Decisions& decisions) {
  for (const FuncContents& f : op.funcs) {
    Node& node = plan.nodes.at(f.name);
    if (!Sharing(op, plan, f).possible() || plan.nodes.at(node.host).keeps_values) continue;
    if (!decisions.whether(f.name + ".with_results", true)) continue;
    node.with_results = plan.nodes.at(node.host).keeps_values = true;
    decisions.because(f.name, "storage", [&] {
      return fmt::format("each value waits in the place of the result of {} that is made of it, whose lines come into the cache meanwhile", node.host);
    });
  }
}

}  // namespace lathe::construct
