#include "support/environment.h"

#include <cstdlib>

namespace lathe {

namespace {

constexpr SettingInfo kSettings[] = {
#define LATHE_SETTING(name, variable, reader, values, text) {variable, reader, values, text},
#include "support/environment.def"
#undef LATHE_SETTING
};

}  // namespace

std::span<const SettingInfo> all_settings() { return kSettings; }

std::string_view setting(Setting which) {
  const char* value = secure_getenv(kSettings[static_cast<size_t>(which)].variable);
  return value ? value : "";
}

bool is_on(Setting which) {
  const std::string_view value = setting(which);
  return !value.empty() && value != "0";
}

int64_t number_of(Setting which, int64_t otherwise) {
  const std::string_view value = setting(which);
  return value.empty() ? otherwise : std::strtoll(value.data(), nullptr, 10);
}

}  // namespace lathe
