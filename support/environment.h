// What the environment asks for: one table of variables (environment.def), read nowhere else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lathe {

enum class Setting : uint8_t {
#define LATHE_SETTING(name, variable, reader, values, text) name,
#include "support/environment.def"
#undef LATHE_SETTING
};

struct SettingInfo {
  const char* variable;
  std::string_view reader, values, text;
};
std::span<const SettingInfo> all_settings();

// The value of its variable now; "" where it is not set. Valid until the environment changes.
std::string_view setting(Setting which);
// Set, and to something else than 0.
bool is_on(Setting which);
int64_t number_of(Setting which, int64_t otherwise);

}  // namespace lathe
