// Producers that a nest reads in windows: rows of them are kept from step to step, or made in strips.
#pragma once

#include <optional>

#include "schedules/construct/plan.h"

namespace lathe::construct {

// A nest that reads a Func, with the right sides that it evaluates.
struct Reader {
  const FuncContents* func;
  std::vector<Expr> values;
};

// Whether some read is under a boundary rule, at an index that this one moves; "": at any.
bool meets_borders(const Plan& plan, const FuncContents& f, const std::string& index = "");

// A Func under a boundary rule that a reduction reads in windows: rows of it, made once and without the rule for all that
// read them, are worth more than the reduction's register tile written again for each border.
// `node.rows_along` is of the host until the Func is placed.
bool keep_rows(const Plan& plan, const FuncContents& f, const std::vector<Reader>& readers, Node& node);

// Whether each block of steps of one index of a nest needs some rows of the Func alone, its neighbours' windows included, and all
// that read it are that nest and others so computed for it. `node.rows_along` as above.
bool make_strips(const Operator& op, const Plan& plan, const FuncContents& f, const std::vector<Reader>& readers, Node& node);

}  // namespace lathe::construct
