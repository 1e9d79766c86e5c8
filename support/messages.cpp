#include "support/messages.h"

#include <cstdio>
#include <mutex>

namespace lathe {

namespace {

struct Receiver {
  std::mutex mutex;
  MessageHook hook;
};

Receiver& receiver() {
  static auto* one = new Receiver;                          // never freed: threads may outlive static objects
  return *one;
}

}  // namespace

void set_message_hook(MessageHook hook) {
  std::lock_guard lock(receiver().mutex);
  receiver().hook = std::move(hook);
}

void send_message(std::string_view text) {
  std::lock_guard lock(receiver().mutex);
  if (receiver().hook) return receiver().hook(text);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace lathe
