// Evaluates predicates that need no input, with the kernel's own rules.
#pragma once

#include <arrow/result.h>

#include "skyhook/plan/expression.h"

namespace skyhook::client {

/// True when `predicate`, which reads no column, is true (and not NULL).
arrow::Result<bool> HoldsWithoutInput(const plan::ExpressionPtr& predicate);

}  // namespace skyhook::client
