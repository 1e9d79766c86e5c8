// The text form of schedules. docs/schedule.md has the grammar and, for each directive, its row of directives.def.
//
//   schedule for dense on x86-64-v4
//   param kc = min(target.L1/(8*6), target.L2/(16*64)) in 16..4096
//   C.split(k, ko, ki, kc, even)
//   C.tile(j, i -> jo, io, ji, ii; width 64: 6 rows, 48: 8; even)
//   C.reorder(ko, jo, io, ki, ii, ji).vectorize(ji).unroll(ii)
//   C.tail(io, rows: full, 2/3, 1/3, then clamp).tail(ji, mask)
//   specialize(M >= 48 and stride(B, K) % 1024 == 0) {
//     B.stage_at(C, jo).layout(ki, ji).with_first(io)
//   }
#pragma once

#include "lang/text.h"
#include "schedules/schedule.h"

namespace lathe {

// One block ("schedule for ..." to its end). Names of Funcs, inputs and directives are checked against `op` and the
// table; unknown ones are Error{unknown_loop} or Error{bad_directive} with the nearest. Lowering checks loop names.
Schedule parse_schedule(const SourceBlock& block, const Operator& op);
std::string print(const Schedule& schedule);
std::string print(const Directive& directive);              // "C.split(k, ko, ki, kc, even)"

// The name of the operator that a schedule block is for, without parsing the rest.
std::string operator_of(const SourceBlock& block);

// The first schedule in the file for this operator that the target level satisfies, in file order.
std::optional<Schedule> schedule_for(const SourceFile& file, const Operator& op, const std::string& target_level);
// The same of schedules that are there already.
std::optional<Schedule> schedule_for(const std::vector<Schedule>& schedules, const std::string& target_level);
// x86-64-v4 satisfies -v3, -v2 and x86-64.
bool satisfies(std::string_view target_level, std::string_view needed);

}  // namespace lathe
