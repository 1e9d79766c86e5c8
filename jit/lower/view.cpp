#include "jit/lower/view.h"

#include "jit/lower/collapse_dimensions.h"
#include "jit/lower/factor_reduction.h"

namespace lathe {

std::string tensor_of(const Operator& op, const TensorArgument& argument) {
  for (const OutputDecl& out : op.outputs) {
    const FuncContents& f = *op.find_func(out.func);
    for (int c = 0; c < f.components(); ++c) if (argument.is_output && component_name(f, c) == argument.name) return out.func;
  }
  return argument.name;
}

View view_of(const Operator& op, const std::map<std::string, Layout>& layouts) {
  View view;
  view.op = op;
  view.layouts = layouts;
  for (const TensorArgument& t : tensor_arguments(op)) {
    std::vector<size_t>& from = view.strides_from[t.name];
    auto layout = layouts.find(tensor_of(op, t));
    const size_t rank = layout == layouts.end() ? t.extents.size() : layout->second.size();
    for (size_t d = 0; d < rank; ++d) from.push_back(d);
  }
  return view;
}

View view_of(const Operator& op, const std::map<std::string, Layout>& layouts, std::vector<Directive>& directives) {
  View view = view_of(op, layouts);
  for (size_t i = 0; i < directives.size(); ++i) {
    if (directives[i].kind == DirectiveKind::collapse) collapse_dimensions(view, directives[i]);
    if (directives[i].kind == DirectiveKind::rfactor) i = factor_reduction(view, directives, i);
  }
  return view;
}

}  // namespace lathe
