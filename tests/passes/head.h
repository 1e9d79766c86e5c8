// The head of a pass's file shows what the pass does: text in, text out. check_head holds the pass to it.
#pragma once

#include <functional>
#include <string>

#include "jit/ir/ir.h"

namespace lathe {

// `file` is the name of the pass's file in jit/passes/, without its ending. `parameters` are what the pair leaves out: the
// buffers and scalars that it names, as a function of the loop IR declares them. Index arithmetic counts by its value.
void check_head(const std::string& file, const std::string& parameters,
                const std::function<ir::Program(const ir::Program&)>& pass);

// The body of the program's last function after the pass, each line without the indentation of the body.
std::string body_after(const std::string& parameters, const std::string& body,
                       const std::function<ir::Program(const ir::Program&)>& pass);

}  // namespace lathe
