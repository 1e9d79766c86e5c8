// Code for another machine would be an illegal instruction at some call.
#pragma once

#include "targets/target.h"

namespace lathe {

// Error{missing_feature} where this machine cannot run code for the target.
void require_host_features(const Target& target);

}  // namespace lathe
