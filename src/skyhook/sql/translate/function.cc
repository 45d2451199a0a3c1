#include "skyhook/sql/translate/function.h"

#include <map>
#include <string>
#include <string_view>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/translate/number.h"
#include "skyhook/sql/translate/temporal.h"
#include "skyhook/sql/translate/text.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using Arguments = std::vector<ExpressionPtr>;

const std::map<std::string_view, Function> kArithmetic = {{"+", Function::kAdd},
                                                          {"add", Function::kAdd},
                                                          {"-", Function::kSubtract},
                                                          {"subtract", Function::kSubtract},
                                                          {"*", Function::kMultiply},
                                                          {"multiply", Function::kMultiply},
                                                          {"/", Function::kDivide},
                                                          {"//", Function::kIntegerDivide},
                                                          {"%", Function::kModulo},
                                                          {"mod", Function::kModulo},
                                                          {"divide", Function::kIntegerDivide}};

arrow::Status UnsupportedCall(const duckdb::BoundFunctionExpression& function) {
  return base::UnsupportedPlan("function {}", function.function.name);
}

Result<ExpressionPtr> Arithmetic(const duckdb::BoundFunctionExpression& expression,
                                 Function function, Arguments arguments,
                                 CallOptions::DivisionByZero float_division_by_zero) {
  if (arguments.size() == 1 && function == Function::kSubtract) {
    return plan::Call(Function::kNegate, std::move(arguments));
  }
  if (arguments.size() != 2) return UnsupportedCall(expression);
  ARROW_ASSIGN_OR_RAISE(auto type, EngineTypeOf(expression.return_type));
  CallOptions options;
  if (plan::IsFloat(*type)) options.division_by_zero = float_division_by_zero;
  return plan::Call(function, std::move(arguments), options, type);
}

}  // namespace

Result<ExpressionPtr> TranslateFunction(const duckdb::BoundFunctionExpression& expression,
                                        Arguments arguments,
                                        CallOptions::DivisionByZero float_division_by_zero) {
  ARROW_ASSIGN_OR_RAISE(auto text, TranslateTextFunction(expression, arguments));
  if (text != nullptr) return text;
  ARROW_ASSIGN_OR_RAISE(auto temporal, TranslateTemporalFunction(expression, arguments));
  if (temporal != nullptr) return temporal;
  ARROW_ASSIGN_OR_RAISE(auto number, TranslateNumberFunction(expression, arguments));
  if (number != nullptr) return number;
  const std::string& name = expression.function.name;
  if (const auto found = kArithmetic.find(name); found != kArithmetic.end()) {
    return Arithmetic(expression, found->second, std::move(arguments), float_division_by_zero);
  }
  if ((name == "abs" || name == "@") && arguments.size() == 1) {
    return plan::Call(Function::kAbs, std::move(arguments));
  }
  return UnsupportedCall(expression);
}

}  // namespace skyhook::sql
