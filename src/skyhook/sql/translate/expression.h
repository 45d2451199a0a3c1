// DuckDB's bound expressions in the engine's terms: exactly, or refused by name.
#pragma once

#include <arrow/result.h>

#include "duckdb.hpp"
#include "duckdb/planner/expression.hpp"
#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// What the column references of an expression stand for.
class ColumnScope {
 public:
  virtual ~ColumnScope() = default;
  /// `reference` is a BoundColumnRefExpression or a BoundReferenceExpression.
  virtual arrow::Result<plan::ExpressionPtr> Resolve(const duckdb::Expression& reference) const = 0;

  /// What x / 0 and x % 0 of floats give: SET ieee_floating_point_ops decides.
  plan::CallOptions::DivisionByZero float_division_by_zero =
      plan::CallOptions::DivisionByZero::kIeee;
};

/// The engine's expression for `expression`. kUnsupportedPlan, with a message that names the part
/// in the way, for everything whose meaning is not surely the same.
arrow::Result<plan::ExpressionPtr> Translate(const duckdb::Expression& expression,
                                             const ColumnScope& scope);

/// `left OP right` for one of DuckDB's comparison types.
arrow::Result<plan::ExpressionPtr> Comparison(duckdb::ExpressionType type, plan::ExpressionPtr left,
                                              plan::ExpressionPtr right);

/// `arguments[0] IN (...)`, the others being constants.
arrow::Result<plan::ExpressionPtr> Among(std::vector<plan::ExpressionPtr> arguments);

/// A constant as a literal.
arrow::Result<plan::ExpressionPtr> Constant(const duckdb::Value& value);

}  // namespace skyhook::sql
