// A bound for expressions that a translation has to repeat, where DuckDB means one evaluation.
#pragma once

#include <arrow/status.h>

#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// kUnsupportedPlan for an expression of many nodes: repeated within what repeats it, its tree
/// would grow beyond all measure. (Evaluated it is once: equal subexpressions share their result.)
arrow::Status CheckRepeatable(const plan::Expression& expression);

}  // namespace skyhook::sql
