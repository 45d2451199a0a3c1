#include "skyhook/sql/condition_order.h"

#include <algorithm>

#include "duckdb/function/cast/cast_function_set.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/expression/bound_conjunction_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"

namespace skyhook::sql {
namespace {

using duckdb::Expression;
using Conditions = duckdb::vector<duckdb::unique_ptr<Expression>>;

// Text takes every value, and so do the integers and floats that DuckDB casts to by itself. It does
// so, too, to decimals that are too narrow, and from dates to timestamps of a smaller range.
bool FitsEveryValue(duckdb::ClientContext& context, const duckdb::LogicalType& from,
                    const duckdb::LogicalType& to) {
  if (from == to || to.id() == duckdb::LogicalTypeId::VARCHAR) return true;
  return to.IsNumeric() && to.id() != duckdb::LogicalTypeId::DECIMAL &&
         duckdb::CastFunctionSet::ImplicitCastCost(context, from, to) >= 0;
}

bool MayNotFit(duckdb::ClientContext& context, const duckdb::BoundCastExpression& cast) {
  return !cast.try_cast && !FitsEveryValue(context, cast.child->return_type, cast.return_type);
}

void Order(duckdb::ClientContext& context, Conditions* conditions) {
  const bool as_written = std::any_of(conditions->begin(), conditions->end(),
                                      [](const auto& condition) { return condition->CanThrow(); });
  if (as_written) return;
  std::stable_partition(conditions->begin(), conditions->end(),
                        [&](const auto& condition) { return !MayFail(context, *condition); });
}

void OrderWithin(duckdb::ClientContext& context, Expression* expression) {
  if (expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONJUNCTION) {
    Order(context, &expression->Cast<duckdb::BoundConjunctionExpression>().children);
  }
  duckdb::ExpressionIterator::EnumerateChildren(
      *expression, [&](Expression& child) { OrderWithin(context, &child); });
}

}  // namespace

bool MayFail(duckdb::ClientContext& context, const Expression& expression) {
  if (expression.CanThrow()) return true;
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST &&
      MayNotFit(context, expression.Cast<duckdb::BoundCastExpression>())) {
    return true;
  }
  bool child_may = false;
  duckdb::ExpressionIterator::EnumerateChildren(
      expression, [&](const Expression& child) { child_may |= MayFail(context, child); });
  return child_may;
}

void OrderConditions(duckdb::ClientContext& context, duckdb::LogicalFilter* filter) {
  duckdb::LogicalFilter::SplitPredicates(filter->expressions);
  Order(context, &filter->expressions);
  for (auto& expression : filter->expressions) OrderWithin(context, expression.get());
}

}  // namespace skyhook::sql
