// The literals of an IN list as statistics and look-ups want them: made once, with the call.
#pragma once

#include <arrow/scalar.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// Immutable; belongs to the call, and to those that were made of it.
struct ListedValues {
  /// As Expression::Equals of the sorted literals. Of zeros of both signs either may come first.
  bool Equals(const ListedValues& other) const;

  /// In SQL's order (CompareScalars), without NULL; NaN is last.
  std::vector<std::shared_ptr<arrow::Scalar>> sorted;
  size_t numbers = 0;  ///< of `sorted`, those that are not NaN
  bool null = false;   ///< whether NULL is listed
  size_t hash = 0;     ///< equal for equal ones
};

/// Whether no function tells two literals of one type apart.
bool SameLiteral(const arrow::Scalar& a, const arrow::Scalar& b);

/// Those of the arguments of a kIn, all but the first.
std::shared_ptr<const ListedValues> ListedValuesOf(const std::vector<ExpressionPtr>& arguments);

}  // namespace skyhook::plan
