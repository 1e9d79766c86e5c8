// The line that opens a schedule block: "schedule for dense on x86-64-v4".
#pragma once

#include "lang/text.h"
#include "schedules/token_reader.h"

namespace lathe {

TokenReader reader_of(const SourceBlock& block);
Token read_operator_name(TokenReader& tokens);              // takes "schedule for NAME"
Token operator_token(const SourceBlock& block);             // the same, of the first line alone
[[noreturn]] void unknown_operator(const Token& name, const std::vector<std::string>& known);

}  // namespace lathe
