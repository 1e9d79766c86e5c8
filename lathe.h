// Everything a program needs to write, schedule, compile and run operators.
#pragma once

#include "jit/build.h"
#include "jit/compile.h"
#include "jit/ir/text.h"
#include "jit/runtime/disk_cache.h"
#include "jit/runtime/dlpack.h"
#include "jit/runtime/host.h"
#include "jit/runtime/kernel.h"
#include "jit/runtime/pack.h"
#include "lang/func.h"
#include "lang/interpret.h"
#include "lang/text.h"
#include "schedules/schedule.h"
#include "schedules/text.h"
#include "support/messages.h"
