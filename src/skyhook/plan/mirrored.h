// Comparisons read from the other side.
#pragma once

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// The comparison that says of (b, a) what `function` says of (a, b); symmetric functions are their
/// own.
inline Function Mirrored(Function function) {
  switch (function) {
    case Function::kLess:
      return Function::kGreater;
    case Function::kLessEqual:
      return Function::kGreaterEqual;
    case Function::kGreater:
      return Function::kLess;
    case Function::kGreaterEqual:
      return Function::kLessEqual;
    default:
      return function;
  }
}

}  // namespace skyhook::plan
