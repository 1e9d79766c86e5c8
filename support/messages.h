// What the library has to say that no call can return: what passes print when asked, and failures in the background.
#pragma once

#include <functional>
#include <string_view>

namespace lathe {

using MessageHook = std::function<void(std::string_view text)>;

// Receives all messages from now on, instead of standard error; an empty hook brings that back. Messages come whole, one
// at a time, from any thread. A hook must not send a message or set a hook, and must not throw.
void set_message_hook(MessageHook hook);
void send_message(std::string_view text);

}  // namespace lathe
