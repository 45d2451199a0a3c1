// DuckDB's functions of numbers by name, as calls of the catalogue.
#pragma once

#include <arrow/result.h>

#include <vector>

#include "duckdb.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// The call that `function` means over the translated `arguments`; null when it is none of the
/// functions of numbers. kUnsupportedPlan when the two engines would differ over some value.
arrow::Result<plan::ExpressionPtr> TranslateNumberFunction(
    const duckdb::BoundFunctionExpression& function,
    const std::vector<plan::ExpressionPtr>& arguments);

}  // namespace skyhook::sql
