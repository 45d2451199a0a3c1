// DuckDB's functions of text and patterns by name, as calls of the catalogue.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// The call that `function` means over the translated `arguments`; null when it is no function of
/// text. kUnsupportedPlan when the two engines would differ over some text.
arrow::Result<plan::ExpressionPtr> TranslateTextFunction(
    const duckdb::BoundFunctionExpression& function,
    const std::vector<plan::ExpressionPtr>& arguments);

/// The text of a literal; kUnsupportedPlan for anything else.
arrow::Result<std::string> TextConstant(const plan::Expression& literal);

}  // namespace skyhook::sql
