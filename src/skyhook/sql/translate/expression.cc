#include "skyhook/sql/translate/expression.h"

#include "duckdb/function/scalar/struct_utils.hpp"
#include "duckdb/planner/expression/list.hpp"
#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/translate/cast.h"
#include "skyhook/sql/translate/function.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using plan::ExpressionPtr;
using plan::Function;

Result<std::vector<ExpressionPtr>> TranslateAll(
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& expressions,
    const ColumnScope& scope) {
  std::vector<ExpressionPtr> out;
  for (const auto& expression : expressions) {
    ARROW_ASSIGN_OR_RAISE(auto translated, Translate(*expression, scope));
    out.push_back(std::move(translated));
  }
  return out;
}

Result<ExpressionPtr> Cast(const duckdb::BoundCastExpression& cast, const ColumnScope& scope) {
  ARROW_ASSIGN_OR_RAISE(auto child, Translate(*cast.child, scope));
  if (IsUuidCast(cast.child->return_type, cast.return_type)) {
    return base::UnsupportedPlan("cast of {} to {}", cast.child->return_type.ToString(),
                                 cast.return_type.ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto type, EngineTypeOf(cast.return_type));
  return TranslateCast(child, type, cast.try_cast);
}

Result<ExpressionPtr> Between(const duckdb::BoundBetweenExpression& between,
                              const ColumnScope& scope) {
  ARROW_ASSIGN_OR_RAISE(auto input, Translate(*between.input, scope));
  ARROW_ASSIGN_OR_RAISE(auto lower, Translate(*between.lower, scope));
  ARROW_ASSIGN_OR_RAISE(auto upper, Translate(*between.upper, scope));
  ARROW_ASSIGN_OR_RAISE(auto from, Comparison(between.LowerComparisonType(), input, lower));
  ARROW_ASSIGN_OR_RAISE(auto to, Comparison(between.UpperComparisonType(), input, upper));
  return plan::And({from, to});
}

Result<ExpressionPtr> Case(const duckdb::BoundCaseExpression& expression,
                           const ColumnScope& scope) {
  std::vector<ExpressionPtr> arguments;
  for (const auto& check : expression.case_checks) {
    ARROW_ASSIGN_OR_RAISE(auto when, Translate(*check.when_expr, scope));
    ARROW_ASSIGN_OR_RAISE(auto then, Translate(*check.then_expr, scope));
    arguments.push_back(std::move(when));
    arguments.push_back(std::move(then));
  }
  ARROW_ASSIGN_OR_RAISE(auto otherwise, Translate(*expression.else_expr, scope));
  arguments.push_back(std::move(otherwise));
  return plan::Case(std::move(arguments));
}

Result<ExpressionPtr> Operator(const duckdb::BoundOperatorExpression& expression,
                               const ColumnScope& scope) {
  ARROW_ASSIGN_OR_RAISE(auto arguments, TranslateAll(expression.children, scope));
  switch (expression.GetExpressionType()) {
    case ExpressionType::OPERATOR_NOT:
      return plan::Call(Function::kNot, std::move(arguments));
    case ExpressionType::OPERATOR_IS_NULL:
      return plan::Call(Function::kIsNull, std::move(arguments));
    case ExpressionType::OPERATOR_IS_NOT_NULL:
      return plan::Call(Function::kIsNotNull, std::move(arguments));
    case ExpressionType::COMPARE_IN:
      return Among(std::move(arguments));
    case ExpressionType::COMPARE_NOT_IN: {
      ARROW_ASSIGN_OR_RAISE(auto in, Among(std::move(arguments)));
      return plan::Call(Function::kNot, {std::move(in)});
    }
    case ExpressionType::OPERATOR_COALESCE:
      return plan::Coalesce(std::move(arguments));
    default:
      return base::UnsupportedPlan("operator {}",
                                   duckdb::ExpressionTypeToString(expression.GetExpressionType()));
  }
}

bool IsFieldAccess(const duckdb::Expression& expression) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return false;
  const auto& function = expression.Cast<duckdb::BoundFunctionExpression>();
  const std::string& name = function.function.name;
  return (name == "struct_extract" || name == "struct_extract_at" || name == "array_extract") &&
         function.children[0]->return_type.id() == duckdb::LogicalTypeId::STRUCT;
}

// A struct column, or a field of one.
Result<ExpressionPtr> TranslatePath(const duckdb::Expression& expression,
                                    const ColumnScope& scope) {
  if (!IsFieldAccess(expression)) {
    const auto kind = expression.GetExpressionClass();
    if (kind == ExpressionClass::BOUND_COLUMN_REF || kind == ExpressionClass::BOUND_REF) {
      return scope.Resolve(expression);
    }
    return base::UnsupportedPlan("a field of {}", expression.ToString());
  }
  const auto& access = expression.Cast<duckdb::BoundFunctionExpression>();
  ARROW_ASSIGN_OR_RAISE(auto parent, TranslatePath(*access.children[0], scope));
  if (access.bind_info == nullptr) {
    return base::UnsupportedPlan("{}", expression.ToString());
  }
  const auto index = access.bind_info->Cast<duckdb::StructExtractBindData>().index;
  return plan::Field(std::move(parent), static_cast<int>(index));
}

Result<ExpressionPtr> TranslateNode(const duckdb::Expression& expression,
                                    const ColumnScope& scope) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::BOUND_COLUMN_REF:
    case ExpressionClass::BOUND_REF:
      return scope.Resolve(expression);
    case ExpressionClass::BOUND_CONSTANT:
      return Constant(expression.Cast<duckdb::BoundConstantExpression>().value);
    case ExpressionClass::BOUND_CAST:
      return Cast(expression.Cast<duckdb::BoundCastExpression>(), scope);
    case ExpressionClass::BOUND_BETWEEN:
      return Between(expression.Cast<duckdb::BoundBetweenExpression>(), scope);
    case ExpressionClass::BOUND_CASE:
      return Case(expression.Cast<duckdb::BoundCaseExpression>(), scope);
    case ExpressionClass::BOUND_OPERATOR:
      return Operator(expression.Cast<duckdb::BoundOperatorExpression>(), scope);
    case ExpressionClass::BOUND_COMPARISON: {
      const auto& comparison = expression.Cast<duckdb::BoundComparisonExpression>();
      ARROW_ASSIGN_OR_RAISE(auto left, Translate(*comparison.left, scope));
      ARROW_ASSIGN_OR_RAISE(auto right, Translate(*comparison.right, scope));
      return Comparison(comparison.GetExpressionType(), std::move(left), std::move(right));
    }
    case ExpressionClass::BOUND_CONJUNCTION: {
      const auto& conjunction = expression.Cast<duckdb::BoundConjunctionExpression>();
      ARROW_ASSIGN_OR_RAISE(auto arguments, TranslateAll(conjunction.children, scope));
      return expression.GetExpressionType() == ExpressionType::CONJUNCTION_AND
                 ? plan::And(std::move(arguments))
                 : plan::Or(std::move(arguments));
    }
    case ExpressionClass::BOUND_FUNCTION: {
      if (IsFieldAccess(expression)) return TranslatePath(expression, scope);
      const auto& function = expression.Cast<duckdb::BoundFunctionExpression>();
      ARROW_ASSIGN_OR_RAISE(auto arguments, TranslateAll(function.children, scope));
      return TranslateFunction(function, std::move(arguments), scope.float_division_by_zero);
    }
    default:
      return base::UnsupportedPlan("{}", expression.ToString());
  }
}

}  // namespace

Result<ExpressionPtr> Translate(const duckdb::Expression& expression, const ColumnScope& scope) {
  ARROW_ASSIGN_OR_RAISE(auto translated, TranslateNode(expression, scope));
  if (!SameType(*translated->type(), expression.return_type)) {
    return base::UnsupportedPlan("{} is {} in SQL and {} in the engine", expression.ToString(),
                                 expression.return_type.ToString(), translated->type()->ToString());
  }
  return translated;
}

Result<ExpressionPtr> Comparison(ExpressionType type, ExpressionPtr left, ExpressionPtr right) {
  // DuckDB compares intervals in months of 30 days.
  if (!plan::IsOrdered(*left->type())) {
    return base::UnsupportedPlan("comparison of {}", left->type()->ToString());
  }
  const auto call = [&](Function function) {
    return plan::Call(function, {std::move(left), std::move(right)});
  };
  switch (type) {
    case ExpressionType::COMPARE_EQUAL:
      return call(Function::kEqual);
    case ExpressionType::COMPARE_NOTEQUAL:
      return call(Function::kNotEqual);
    case ExpressionType::COMPARE_LESSTHAN:
      return call(Function::kLess);
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      return call(Function::kLessEqual);
    case ExpressionType::COMPARE_GREATERTHAN:
      return call(Function::kGreater);
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      return call(Function::kGreaterEqual);
    case ExpressionType::COMPARE_DISTINCT_FROM:
      return call(Function::kIsDistinctFrom);
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM:
      return call(Function::kIsNotDistinctFrom);
    default:
      return base::UnsupportedPlan("comparison {}", duckdb::ExpressionTypeToString(type));
  }
}

Result<ExpressionPtr> Among(std::vector<ExpressionPtr> arguments) {
  if (!plan::IsOrdered(*arguments[0]->type())) {
    return base::UnsupportedPlan("comparison of {}", arguments[0]->type()->ToString());
  }
  return plan::Call(Function::kIn, std::move(arguments));
}

Result<ExpressionPtr> Constant(const duckdb::Value& value) {
  ARROW_ASSIGN_OR_RAISE(auto scalar, ToScalar(value));
  return plan::Literal(scalar);
}

}  // namespace skyhook::sql
