#include "jit/codegen/function_keys.h"

#include "jit/ir/text.h"
#include "jit/runtime/content_key.h"

namespace lathe::codegen {

namespace {

ir::Stmt with_callees_named(const ir::Stmt& body, const std::map<std::string, std::string>& keys) {
  return ir::transform(body, [&](const ir::Stmt& s) {
    if (s->kind != ir::StmtKind::call) return s;
    auto found = keys.find(s->name);
    if (found == keys.end()) internal_error("codegen", "a call of " + s->name + " before it is defined");
    return ir::make_call(found->second, s->values, s->buffers);
  });
}

}  // namespace

std::map<std::string, std::string> function_keys(const ir::Program& program, const Target& target, Effort effort) {
  const std::string common =
      maker_text() + key_text(target) + (program.strict ? "strict\n" : "") + (effort == Effort::quick ? "quick\n" : "");
  std::map<std::string, std::string> keys;
  for (ir::Function f : program.functions) {
    const std::string name = std::move(f.name);
    f.name = "it";
    f.body = with_callees_named(f.body, keys);
    keys[name] = "lathe." + content_key(common + ir::print(f));
  }
  return keys;
}

}  // namespace lathe::codegen
