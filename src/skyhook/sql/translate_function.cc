#include "skyhook/sql/translate_function.h"

#include <map>
#include <string>
#include <string_view>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using Arguments = std::vector<ExpressionPtr>;
using DateField = CallOptions::DateField;

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

const std::map<std::string_view, Function> kText = {
    {"prefix", Function::kStartsWith},   {"starts_with", Function::kStartsWith},
    {"^@", Function::kStartsWith},       {"suffix", Function::kEndsWith},
    {"ends_with", Function::kEndsWith},  {"contains", Function::kContains},
    {"substring", Function::kSubstring}, {"substr", Function::kSubstring},
    {"length", Function::kLength},       {"len", Function::kLength},
    {"char_length", Function::kLength},  {"character_length", Function::kLength},
    {"lower", Function::kLower},         {"lcase", Function::kLower},
    {"upper", Function::kUpper},         {"ucase", Function::kUpper}};

struct Pattern {
  Function function;
  bool negated;
};
const std::map<std::string_view, Pattern> kPatterns = {
    {"~~", {Function::kLike, false}},
    {"!~~", {Function::kLike, true}},
    {"~~*", {Function::kILike, false}},
    {"!~~*", {Function::kILike, true}},
    {"like_escape", {Function::kLike, false}},
    {"not_like_escape", {Function::kLike, true}},
    {"ilike_escape", {Function::kILike, false}},
    {"not_ilike_escape", {Function::kILike, true}}};

const std::map<std::string_view, DateField> kDateFields = {
    {"year", DateField::kYear},           {"quarter", DateField::kQuarter},
    {"month", DateField::kMonth},         {"week", DateField::kWeek},
    {"weekofyear", DateField::kWeek},     {"day", DateField::kDay},
    {"dayofmonth", DateField::kDay},      {"dayofweek", DateField::kDayOfWeek},
    {"weekday", DateField::kDayOfWeek},   {"isodow", DateField::kIsoDayOfWeek},
    {"dayofyear", DateField::kDayOfYear}, {"hour", DateField::kHour},
    {"minute", DateField::kMinute},       {"second", DateField::kSecond}};

arrow::Status Refuse(const duckdb::BoundFunctionExpression& function) {
  return base::UnsupportedPlan("function {}", function.function.name);
}

Result<std::string> TextOf(const plan::Expression& literal) {
  if (literal.kind() != plan::Expression::Kind::kLiteral || !literal.literal()->is_valid ||
      literal.type()->id() != arrow::Type::STRING_VIEW) {
    return base::UnsupportedPlan("{} where a text constant is needed", literal.ToString());
  }
  return static_cast<const arrow::BaseBinaryScalar&>(*literal.literal()).value->ToString();
}

Result<ExpressionPtr> Arithmetic(const duckdb::BoundFunctionExpression& expression,
                                 Function function, Arguments arguments,
                                 CallOptions::DivisionByZero float_division_by_zero) {
  if (arguments.size() == 1 && function == Function::kSubtract) {
    return plan::Call(Function::kNegate, std::move(arguments));
  }
  if (arguments.size() != 2) return Refuse(expression);
  ARROW_ASSIGN_OR_RAISE(auto type, EngineTypeOf(expression.return_type));
  CallOptions options;
  if (plan::IsFloat(*type)) options.division_by_zero = float_division_by_zero;
  return plan::Call(function, std::move(arguments), options, type);
}

Result<ExpressionPtr> Like(const duckdb::BoundFunctionExpression& expression, Pattern pattern,
                           Arguments arguments) {
  CallOptions options;
  if (arguments.size() == 3) {
    ARROW_ASSIGN_OR_RAISE(const std::string escape, TextOf(*arguments[2]));
    if (escape.size() > 1 || (escape.size() == 1 && static_cast<unsigned char>(escape[0]) > 127)) {
      return base::UnsupportedPlan("escape '{}'", escape);
    }
    options.escape = escape.empty() ? '\0' : escape[0];
    arguments.pop_back();
  }
  if (arguments.size() != 2) return Refuse(expression);
  ARROW_ASSIGN_OR_RAISE(auto like, plan::Call(pattern.function, std::move(arguments), options));
  if (!pattern.negated) return like;
  return plan::Call(Function::kNot, {std::move(like)});
}

Result<ExpressionPtr> Extract(DateField field, ExpressionPtr argument) {
  CallOptions options;
  options.date_field = field;
  return plan::Call(Function::kExtract, {std::move(argument)}, options);
}

Result<ExpressionPtr> DatePart(const duckdb::BoundFunctionExpression& expression,
                               Arguments arguments) {
  if (arguments.size() != 2) return Refuse(expression);
  ARROW_ASSIGN_OR_RAISE(const std::string name, TextOf(*arguments[0]));
  const auto field = kDateFields.find(duckdb::StringUtil::Lower(name));
  if (field == kDateFields.end()) return base::UnsupportedPlan("date part '{}'", name);
  return Extract(field->second, std::move(arguments[1]));
}

}  // namespace

Result<ExpressionPtr> TranslateFunction(const duckdb::BoundFunctionExpression& expression,
                                        Arguments arguments,
                                        CallOptions::DivisionByZero float_division_by_zero) {
  const std::string& name = expression.function.name;
  if (const auto found = kArithmetic.find(name); found != kArithmetic.end()) {
    return Arithmetic(expression, found->second, std::move(arguments), float_division_by_zero);
  }
  if (const auto found = kPatterns.find(name); found != kPatterns.end()) {
    return Like(expression, found->second, std::move(arguments));
  }
  if (const auto found = kText.find(name); found != kText.end()) {
    return plan::Call(found->second, std::move(arguments));
  }
  if (name == "date_part" || name == "datepart") return DatePart(expression, std::move(arguments));
  const auto field = kDateFields.find(name);
  if (field != kDateFields.end() && arguments.size() == 1) {
    return Extract(field->second, std::move(arguments[0]));
  }
  if ((name == "abs" || name == "@") && arguments.size() == 1) {
    return plan::Call(Function::kAbs, std::move(arguments));
  }
  return Refuse(expression);
}

}  // namespace skyhook::sql
