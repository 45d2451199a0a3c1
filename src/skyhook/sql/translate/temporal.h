// DuckDB's functions and arithmetic of dates and timestamps, as calls of the catalogue.
#pragma once

#include <arrow/result.h>

#include <vector>

#include "duckdb.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// The call that `function` means over the translated `arguments`; null when it is no function of
/// dates, times or timestamps. kUnsupportedPlan when the two engines would differ over some value.
arrow::Result<plan::ExpressionPtr> TranslateTemporalFunction(
    const duckdb::BoundFunctionExpression& function,
    const std::vector<plan::ExpressionPtr>& arguments);

/// A timestamp of nanoseconds as one of microseconds, cut towards 1970 as DuckDB does it.
arrow::Result<plan::ExpressionPtr> CutToMicroseconds(const plan::ExpressionPtr& nanoseconds);

}  // namespace skyhook::sql
