#include "tools/arguments.h"

namespace lathe::tools {

DenseArguments arguments_of(const Operator& op, const Kernel& kernel, const CheckData& data) {
  DenseArguments arguments = dense_arguments(op, data);
  for (size_t i = 0; i < arguments.tensors.size(); ++i) {
    const ArgumentSpec& argument = kernel.signature().arguments[i];
    if (argument.digits.empty()) continue;
    arguments.tensors[i] = kernel.pack(argument.name, data.bindings.tensors.at(argument.name));
    arguments.views[i] = arguments.tensors[i].view();
  }
  return arguments;
}

}  // namespace lathe::tools
