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

// Whether a cast is none of those that DuckDB makes by itself, which fit every value.
bool MayNotFit(duckdb::ClientContext& context, const duckdb::BoundCastExpression& cast) {
  const auto& from = cast.child->return_type;
  return !cast.try_cast && from != cast.return_type &&
         duckdb::CastFunctionSet::ImplicitCastCost(context, from, cast.return_type) < 0;
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
