#include "skyhook/sql/translate/number.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/translate/repeated.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using Arguments = std::vector<ExpressionPtr>;

// Arguments, options and results are the same on both sides. atanh is not among them: DuckDB's is
// positive infinity for -1.
const std::map<std::string_view, Function> kSame = {
    {"sqrt", Function::kSqrt},        {"cbrt", Function::kCbrt},
    {"exp", Function::kExp},          {"ln", Function::kLn},
    {"log2", Function::kLog2},        {"log10", Function::kLog10},
    {"sin", Function::kSin},          {"cos", Function::kCos},
    {"tan", Function::kTan},          {"asin", Function::kAsin},
    {"acos", Function::kAcos},        {"atan", Function::kAtan},
    {"atan2", Function::kAtan2},      {"sinh", Function::kSinh},
    {"cosh", Function::kCosh},        {"tanh", Function::kTanh},
    {"asinh", Function::kAsinh},      {"radians", Function::kRadians},
    {"degrees", Function::kDegrees},  {"isnan", Function::kIsNan},
    {"isinf", Function::kIsInfinite}, {"isfinite", Function::kIsFinite},
    {"&", Function::kBitAnd},         {"|", Function::kBitOr},
    {"xor", Function::kBitXor},       {"~", Function::kBitNot},
    {"<<", Function::kShiftLeft},     {">>", Function::kShiftRight},
};

// Outside their domain DuckDB gives what the C library does.
const std::map<std::string_view, Function> kNanOutsideDomain = {
    {"acosh", Function::kAcosh}, {"pow", Function::kPower}, {"power", Function::kPower},
    {"**", Function::kPower},    {"^", Function::kPower},
};

const std::map<std::string_view, Function> kRounding = {
    {"round", Function::kRound},  {"floor", Function::kFloor}, {"ceil", Function::kCeil},
    {"ceiling", Function::kCeil}, {"trunc", Function::kTrunc},
};

arrow::Status UnsupportedCall(const duckdb::BoundFunctionExpression& function) {
  return base::UnsupportedPlan("function {}", function.ToString());
}

// log(b, x) is the quotient of decimal logarithms, an error for b = 1, and NULL before it is one.
Result<ExpressionPtr> Logarithm(const Arguments& arguments) {
  if (arguments.size() == 1) return plan::Call(Function::kLog10, arguments);
  for (const auto& argument : arguments) ARROW_RETURN_NOT_OK(CheckRepeatable(*argument));
  ARROW_ASSIGN_OR_RAISE(auto no_base, plan::Call(Function::kIsNull, {arguments[0]}));
  ARROW_ASSIGN_OR_RAISE(auto no_value, plan::Call(Function::kIsNull, {arguments[1]}));
  ARROW_ASSIGN_OR_RAISE(auto missing, plan::Or({std::move(no_base), std::move(no_value)}));
  ARROW_ASSIGN_OR_RAISE(auto base, plan::Call(Function::kLog10, {arguments[0]}));
  ARROW_ASSIGN_OR_RAISE(auto value, plan::Call(Function::kLog10, {arguments[1]}));
  CallOptions options;
  options.division_by_zero = CallOptions::DivisionByZero::kError;
  ARROW_ASSIGN_OR_RAISE(
      auto quotient, plan::Call(Function::kDivide, {std::move(value), std::move(base)}, options));
  return plan::Case({std::move(missing), plan::NullLiteral(arrow::float64()), std::move(quotient)});
}

// Of negative digits, DuckDB gives 0 when they are as many as a decimal has before its point, and
// does not check whether the rounded integer still fits.
bool RoundsAlike(const arrow::DataType& type, int32_t digits) {
  if (plan::IsFloat(type) || digits >= 0) return true;
  if (!plan::IsDecimal(type)) return false;
  const plan::DecimalShape shape = plan::ShapeOf(type);
  return shape.scale > 0 && digits > shape.scale - shape.precision;
}

Result<ExpressionPtr> Rounding(const duckdb::BoundFunctionExpression& expression, Function function,
                               const Arguments& arguments) {
  const arrow::DataType& type = *arguments[0]->type();
  if (!plan::IsNumeric(type)) return UnsupportedCall(expression);
  if (arguments.size() == 2) {
    const plan::Expression& digits = *arguments[1];
    const bool literal = digits.kind() == plan::Expression::Kind::kLiteral &&
                         digits.type()->id() == arrow::Type::INT32 && digits.literal()->is_valid;
    if (!literal ||
        !RoundsAlike(type, static_cast<const arrow::Int32Scalar&>(*digits.literal()).value)) {
      return UnsupportedCall(expression);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto wanted, EngineTypeOf(expression.return_type));
  return plan::Call(function, arguments, {}, std::move(wanted));
}

// DuckDB compares floats by sort keys, from which -0.0 comes back as 0.0.
Result<ExpressionPtr> Extreme(const duckdb::BoundFunctionExpression& expression, Function function,
                              const Arguments& arguments) {
  if (arguments[0]->type()->id() == arrow::Type::FLOAT) return UnsupportedCall(expression);
  return plan::Call(function, arguments);
}

}  // namespace

Result<ExpressionPtr> TranslateNumberFunction(const duckdb::BoundFunctionExpression& expression,
                                              const Arguments& arguments) {
  const std::string& name = expression.function.name;
  if (arguments.empty()) return nullptr;
  if (const auto same = kSame.find(name); same != kSame.end()) {
    return plan::Call(same->second, arguments);
  }
  if (const auto found = kNanOutsideDomain.find(name); found != kNanOutsideDomain.end()) {
    CallOptions options;
    options.domain_error = CallOptions::DomainError::kNan;
    return plan::Call(found->second, arguments, options);
  }
  if (const auto found = kRounding.find(name); found != kRounding.end()) {
    return Rounding(expression, found->second, arguments);
  }
  if (name == "log") return Logarithm(arguments);
  if (name == "sign") return plan::Call(Function::kSign, arguments, {}, arrow::int8());
  if (name == "greatest") return Extreme(expression, Function::kGreatest, arguments);
  if (name == "least") return Extreme(expression, Function::kLeast, arguments);
  return nullptr;
}

}  // namespace skyhook::sql
