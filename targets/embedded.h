// The target descriptions of this folder as text, made by embed.cmake at build time; a null name ends the list.
#pragma once

namespace lathe {

struct EmbeddedTarget {
  const char* name;
  const char* toml;
};
extern const EmbeddedTarget embedded_targets[];

}  // namespace lathe
