// The line that opens a schedule block: "schedule for dense on x86-64-v4".
#pragma once

#include "lang/text.h"

namespace lathe {

Lexer lexer_of(const SourceBlock& block);
Token read_operator_name(Lexer& tokens);         // takes "schedule for NAME"
Token operator_token(const SourceBlock& block);  // the same, of the first line alone
[[noreturn]] void unknown_operator(const Token& name, const std::vector<std::string>& known);

}  // namespace lathe
