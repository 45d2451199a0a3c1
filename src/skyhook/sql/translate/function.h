// DuckDB's scalar functions by name, as calls of the catalogue.
#pragma once

#include <arrow/result.h>

#include <vector>

#include "duckdb.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// The call that `function` means over the translated `arguments`, or kUnsupportedPlan naming it.
arrow::Result<plan::ExpressionPtr> TranslateFunction(
    const duckdb::BoundFunctionExpression& function, std::vector<plan::ExpressionPtr> arguments,
    plan::CallOptions::DivisionByZero float_division_by_zero);

}  // namespace skyhook::sql
