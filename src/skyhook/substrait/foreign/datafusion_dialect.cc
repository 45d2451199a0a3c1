// DataFusion 55: its operators are Arrow's kernels in Rust, its aggregates have types of their own.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/call.h"
#include "skyhook/substrait/foreign/dialect.h"
#include "skyhook/substrait/numbers.h"

namespace skyhook::substrait {
namespace {

using arrow::Result;
using arrow::Status;
using DivisionByZero = plan::CallOptions::DivisionByZero;
using Overflow = plan::CallOptions::Overflow;

constexpr int kMaxPrecision = 38;

Status NotUnderstood(const ForeignCall& call, const std::string& why = "") {
  return base::UnsupportedPlan("DataFusion's {}{} is not understood", call.ToString(),
                               why.empty() ? "" : " (" + why + ")");
}

Status CheckArguments(const ForeignCall& call, size_t count) {
  if (call.arguments.size() == count) return Status::OK();
  return NotUnderstood(call, fmt::format("{} arguments are", count));
}

Status CheckNoFloat(const ForeignCall& call) {
  for (const plan::ExpressionPtr& argument : call.arguments) {
    if (plan::IsFloat(*argument->type())) return NotUnderstood(call, "it orders NaN by its sign");
  }
  return Status::OK();
}

Result<plan::ExpressionPtr> Compare(plan::Function function, ForeignCall call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 2));
  ARROW_RETURN_NOT_OK(CheckNoFloat(call));
  ARROW_RETURN_NOT_OK(ToCommonNumber(&call.arguments));
  return plan::Call(function, call.arguments);
}

// An integer beside a decimal is one of as many digits as its type has.
Result<plan::ExpressionPtr> AsDecimal(const plan::ExpressionPtr& value) {
  if (!plan::IsInteger(*value->type())) return value;
  static const std::map<arrow::Type::type, int> kDigits = {
      {arrow::Type::INT8, 3},    {arrow::Type::INT16, 5},  {arrow::Type::INT32, 10},
      {arrow::Type::INT64, 20},  {arrow::Type::UINT8, 3},  {arrow::Type::UINT16, 5},
      {arrow::Type::UINT32, 10}, {arrow::Type::UINT64, 20}};
  const auto digits = kDigits.find(value->type()->id());
  if (digits == kDigits.end()) {
    return base::UnsupportedPlan("{} beside a decimal", value->type()->ToString());
  }
  return WidenTo(value, plan::DecimalType(digits->second, 0));
}

// Two numbers of one type, or two decimals.
Status CoerceArithmetic(std::vector<plan::ExpressionPtr>* two) {
  plan::ExpressionPtr& a = two->at(0);
  plan::ExpressionPtr& b = two->at(1);
  if (plan::IsDecimal(*a->type()) || plan::IsDecimal(*b->type())) {
    ARROW_ASSIGN_OR_RAISE(a, AsDecimal(a));
    ARROW_ASSIGN_OR_RAISE(b, AsDecimal(b));
    return Status::OK();
  }
  for (auto [integer, real] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    if (!plan::IsInteger(*(*integer)->type()) || (*real)->type()->id() != arrow::Type::DOUBLE)
      continue;
    return plan::Call(plan::Function::kCast, {*integer}, {}, arrow::float64()).Value(integer);
  }
  if (a->type()->Equals(*b->type()) || !plan::IsInteger(*a->type()) ||
      !plan::IsInteger(*b->type())) {
    return Status::OK();
  }
  const auto wider = plan::ShapeOf(*a->type()).precision > plan::ShapeOf(*b->type()).precision
                         ? a->type()
                         : b->type();
  ARROW_ASSIGN_OR_RAISE(a, WidenTo(a, wider));
  ARROW_ASSIGN_OR_RAISE(b, WidenTo(b, wider));
  return Status::OK();
}

// Precision and scale of a result, cut to 38 digits each.
Result<TypePtr> DecimalResult(plan::Function function, plan::DecimalShape x, plan::DecimalShape y) {
  const int scale = std::max(x.scale, y.scale);
  plan::DecimalShape result{scale + std::max(x.precision - x.scale, y.precision - y.scale) + 1,
                            scale};
  if (function == plan::Function::kMultiply) {
    result = {x.precision + y.precision + 1, x.scale + y.scale};
  } else if (function == plan::Function::kDivide) {
    const int quotient = std::min(x.scale + 4, kMaxPrecision);
    result = {x.precision - x.scale + y.scale + quotient, quotient};
  } else if (function == plan::Function::kModulo) {
    result.precision = scale + std::min(x.precision - x.scale, y.precision - y.scale);
  }
  if (result.scale > kMaxPrecision) {
    return base::UnsupportedPlan("a decimal of scale {}", result.scale);
  }
  return plan::DecimalType(std::min(result.precision, kMaxPrecision), result.scale);
}

// Brings both to the larger scale, as sums and remainders are taken here.
Status AlignScales(std::vector<plan::ExpressionPtr>* two) {
  const int scale =
      std::max(plan::ShapeOf(*two->at(0)->type()).scale, plan::ShapeOf(*two->at(1)->type()).scale);
  for (plan::ExpressionPtr& value : *two) {
    const plan::DecimalShape shape = plan::ShapeOf(*value->type());
    const int precision = shape.precision + scale - shape.scale;
    if (precision > kMaxPrecision) {
      return base::UnsupportedPlan("{} with {} digits after the point", value->ToString(), scale);
    }
    ARROW_ASSIGN_OR_RAISE(value, WidenTo(value, plan::DecimalType(precision, scale)));
  }
  return Status::OK();
}

Result<plan::ExpressionPtr> DecimalArithmetic(plan::Function function,
                                              std::vector<plan::ExpressionPtr> two) {
  ARROW_ASSIGN_OR_RAISE(const TypePtr type, DecimalResult(function, plan::ShapeOf(*two[0]->type()),
                                                          plan::ShapeOf(*two[1]->type())));
  plan::CallOptions options;
  options.division_by_zero = DivisionByZero::kError;
  if (function == plan::Function::kDivide)
    options.rounding = plan::CallOptions::Rounding::kTowardsZero;
  if (function != plan::Function::kMultiply && function != plan::Function::kDivide) {
    ARROW_RETURN_NOT_OK(AlignScales(&two));
  }
  return plan::Call(function, std::move(two), options, type);
}

// A constant interval of months and days, which leaves a date a date.
bool IsCalendarInterval(const plan::Expression& value) {
  if (value.type()->id() != arrow::Type::INTERVAL_MONTH_DAY_NANO ||
      value.kind() != plan::Expression::Kind::kLiteral || !value.literal()->is_valid) {
    return false;
  }
  return static_cast<const arrow::MonthDayNanoIntervalScalar&>(*value.literal())
             .value.nanoseconds == 0;
}

Result<plan::ExpressionPtr> Arithmetic(plan::Function function, ForeignCall call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 2));
  if (call.arguments[0]->type()->id() == arrow::Type::DATE32 &&
      IsCalendarInterval(*call.arguments[1]) &&
      (function == plan::Function::kAdd || function == plan::Function::kSubtract)) {
    return plan::Call(function, call.arguments, {}, arrow::date32());
  }
  ARROW_RETURN_NOT_OK(CoerceArithmetic(&call.arguments));
  const arrow::DataType& type = *call.arguments[0]->type();
  if (!plan::IsNumeric(type) ||
      plan::IsDecimal(type) != plan::IsDecimal(*call.arguments[1]->type())) {
    return NotUnderstood(call);
  }
  if (plan::IsDecimal(type)) return DecimalArithmetic(function, call.arguments);
  plan::CallOptions options;
  if (plan::IsFloat(type)) {
    options.division_by_zero = DivisionByZero::kIeee;
  } else if (function == plan::Function::kDivide) {
    function = plan::Function::kIntegerDivide;
    options.division_by_zero = DivisionByZero::kError;
  } else {
    if (function == plan::Function::kModulo) options.division_by_zero = DivisionByZero::kError;
    options.overflow = Overflow::kWrap;
  }
  return plan::Call(function, call.arguments, options);
}

Result<plan::ExpressionPtr> Negate(ForeignCall call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 1));
  plan::CallOptions options;
  options.overflow = Overflow::kWrap;
  return plan::Call(plan::Function::kNegate, call.arguments, options);
}

std::optional<std::string> ConstantText(const plan::Expression& value) {
  if (value.kind() != plan::Expression::Kind::kLiteral || !value.literal()->is_valid ||
      value.type()->id() != arrow::Type::STRING_VIEW) {
    return {};
  }
  return std::string(static_cast<const arrow::BaseBinaryScalar&>(*value.literal()).view());
}

// Whether the last character escapes nothing.
bool EndsInEscape(const std::string& pattern) {
  const size_t last = pattern.find_last_not_of('\\');
  return (pattern.size() - (last == std::string::npos ? 0 : last + 1)) % 2 == 1;
}

// The third argument is an escape character, and NULL where none was given.
Result<plan::ExpressionPtr> Like(ForeignCall call) {
  if (call.arguments.size() == 3) {
    const plan::Expression& escape = *call.arguments[2];
    if (escape.kind() != plan::Expression::Kind::kLiteral || escape.literal()->is_valid) {
      return NotUnderstood(call, "only without ESCAPE");
    }
    call.arguments.pop_back();
  }
  ARROW_RETURN_NOT_OK(CheckArguments(call, 2));
  const auto pattern = ConstantText(*call.arguments[1]);
  if (!pattern.has_value()) return NotUnderstood(call, "the pattern is no constant");
  if (EndsInEscape(*pattern)) return NotUnderstood(call, "the pattern ends in a backslash");
  plan::CallOptions options;
  if (pattern->find('\\') != std::string::npos) options.escape = '\\';
  return plan::Call(plan::Function::kLike, call.arguments, options);
}

Result<plan::ExpressionPtr> TruthTest(plan::Function function, bool truth,
                                      const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 1));
  return plan::Call(function, {call.arguments[0], plan::BoolLiteral(truth)});
}

// A date as text of the form 2024-02-29.
std::optional<int32_t> DateOf(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return {};
  const auto number = [&](size_t begin, size_t length) {
    int value = 0;
    for (size_t i = begin; i < begin + length; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 1 || month < 1 || day < 1) return {};
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  return static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

Result<plan::ExpressionPtr> Cast(plan::Function function, plan::ExpressionPtr value, TypePtr type) {
  if (const auto text = ConstantText(*value); text && type->id() == arrow::Type::DATE32) {
    if (const auto date = DateOf(*text)) {
      return plan::Literal(std::make_shared<arrow::Date32Scalar>(*date));
    }
  }
  return ExactCast(function, value, type);
}

// Sums of decimals have ten digits more, averages four more on both sides of the point.
Result<plan::ExpressionPtr> Sum(const ForeignAggregate& aggregate, const AddMeasure& add) {
  const arrow::DataType& type = *aggregate.arguments[0]->type();
  if (arrow::is_signed_integer(type.id())) {
    return add(plan::AggregateFunction::kSum, aggregate.arguments, arrow::int64());
  }
  if (plan::IsInteger(type))
    return add(plan::AggregateFunction::kSum, aggregate.arguments, arrow::uint64());
  ARROW_ASSIGN_OR_RAISE(auto sum, add(plan::AggregateFunction::kSum, aggregate.arguments, nullptr));
  if (!plan::IsDecimal(type)) return sum;
  const plan::DecimalShape shape = plan::ShapeOf(type);
  const auto result = plan::DecimalType(std::min(shape.precision + 10, kMaxPrecision), shape.scale);
  if (result->Equals(*sum->type())) return sum;
  return plan::Call(plan::Function::kCast, {sum}, {}, result);
}

Result<plan::ExpressionPtr> Average(const ForeignAggregate& aggregate, const AddMeasure& add) {
  const arrow::DataType& type = *aggregate.arguments[0]->type();
  if (!plan::IsDecimal(type))
    return add(plan::AggregateFunction::kAvg, aggregate.arguments, nullptr);
  const plan::DecimalShape shape = plan::ShapeOf(type);
  const auto result = plan::DecimalType(std::min(shape.precision + 4, kMaxPrecision),
                                        std::min(shape.scale + 4, kMaxPrecision));
  ARROW_ASSIGN_OR_RAISE(auto sum, add(plan::AggregateFunction::kSum, aggregate.arguments, nullptr));
  ARROW_ASSIGN_OR_RAISE(auto count,
                        add(plan::AggregateFunction::kCount, aggregate.arguments, nullptr));
  ARROW_ASSIGN_OR_RAISE(count, WidenTo(count, plan::DecimalType(19, 0)));
  plan::CallOptions options;
  options.rounding = plan::CallOptions::Rounding::kTowardsZero;
  return plan::Call(plan::Function::kDivide, {sum, count}, options, result);
}

bool IsConstant(const plan::Expression& value) {
  return value.kind() == plan::Expression::Kind::kLiteral && value.literal()->is_valid;
}

class DataFusion : public Dialect {
 public:
  Result<plan::ExpressionPtr> ReadCall(ForeignCall call) const override {
    if (!call.enumerations.empty() || !call.options.empty()) return NotUnderstood(call);
    const std::string name = call.name.name;
    const TypePtr type = call.type;
    ARROW_ASSIGN_OR_RAISE(auto read, ReadByName(name, std::move(call)));
    if (type == nullptr || type->Equals(*read->type())) return read;
    return base::UnsupportedPlan("DataFusion's {} gives {}, not {}", name, type->ToString(),
                                 read->type()->ToString());
  }

  Result<plan::ExpressionPtr> ReadCast(plan::Function function, plan::ExpressionPtr value,
                                       TypePtr type) const override {
    return Cast(function, std::move(value), std::move(type));
  }

  Result<plan::ExpressionPtr> ReadIn(std::vector<plan::ExpressionPtr> arguments) const override {
    ARROW_RETURN_NOT_OK(CheckOrder(*arguments[0]->type()));
    std::vector<plan::ExpressionPtr> list = arguments;
    ARROW_RETURN_NOT_OK(ToListOfFirst(&list));
    // Of a list that holds no value of the type, NULL is still NULL.
    return plan::Call(plan::Function::kIn,
                      list.size() > 1 ? std::move(list) : std::move(arguments));
  }

  Result<plan::ExpressionPtr> ReadMatch(plan::ExpressionPtr base,
                                        plan::ExpressionPtr value) const override {
    ForeignCall call;
    call.name.name = "equal";
    call.arguments = {std::move(base), std::move(value)};
    return Compare(plan::Function::kEqual, std::move(call));
  }

  Result<plan::ExpressionPtr> ReadAggregate(const ForeignAggregate& aggregate,
                                            const AddMeasure& add) const override {
    const std::string& name = aggregate.name.name;
    if (name == "count") return Count(aggregate, add);
    const bool extreme = name == "min" || name == "max";
    if (aggregate.arguments.size() != 1 || (aggregate.distinct && !extreme)) {
      return Refused(aggregate);
    }
    if (name == "sum") return Sum(aggregate, add);
    if (name == "avg") return Average(aggregate, add);
    if (extreme) {
      ARROW_RETURN_NOT_OK(CheckOrder(*aggregate.arguments[0]->type()));
      return add(name == "min" ? plan::AggregateFunction::kMin : plan::AggregateFunction::kMax,
                 aggregate.arguments, nullptr);
    }
    if (name == "bool_and")
      return add(plan::AggregateFunction::kBoolAnd, aggregate.arguments, nullptr);
    if (name == "bool_or")
      return add(plan::AggregateFunction::kBoolOr, aggregate.arguments, nullptr);
    return Refused(aggregate);
  }

 private:
  using Handler = std::function<Result<plan::ExpressionPtr>(ForeignCall)>;

  static Status Refused(const ForeignAggregate& aggregate) {
    return base::UnsupportedPlan("DataFusion's {} is not understood", aggregate.ToString());
  }

  // count(1) counts rows.
  Result<plan::ExpressionPtr> Count(const ForeignAggregate& aggregate,
                                    const AddMeasure& add) const {
    const auto& arguments = aggregate.arguments;
    if (arguments.size() > 1) return Refused(aggregate);
    if (arguments.empty() || IsConstant(*arguments[0])) {
      if (aggregate.distinct) return Refused(aggregate);
      return add(plan::AggregateFunction::kCountAll, {}, nullptr);
    }
    if (!aggregate.distinct) return add(plan::AggregateFunction::kCount, arguments, nullptr);
    ARROW_RETURN_NOT_OK(CheckOrder(*arguments[0]->type()));
    return add(plan::AggregateFunction::kCountDistinct, arguments, nullptr);
  }

  static Result<plan::ExpressionPtr> ReadByName(const std::string& name, ForeignCall call) {
    const auto found = Handlers().find(name);
    if (found == Handlers().end()) return NotUnderstood(call);
    return found->second(std::move(call));
  }

  static Handler Plain(plan::Function function, size_t arguments) {
    return [=](ForeignCall call) -> Result<plan::ExpressionPtr> {
      ARROW_RETURN_NOT_OK(CheckArguments(call, arguments));
      return plan::Call(function, std::move(call.arguments));
    };
  }

  template <auto kRead>
  static Handler With(plan::Function function) {
    return [=](ForeignCall call) { return kRead(function, std::move(call)); };
  }

  static Handler Truth(plan::Function function, bool truth) {
    return [=](const ForeignCall& call) { return TruthTest(function, truth, call); };
  }

  static const std::map<std::string, Handler>& Handlers() {
    static const std::map<std::string, Handler> handlers = {
        {"equal", With<Compare>(plan::Function::kEqual)},
        {"not_equal", With<Compare>(plan::Function::kNotEqual)},
        {"lt", With<Compare>(plan::Function::kLess)},
        {"lte", With<Compare>(plan::Function::kLessEqual)},
        {"gt", With<Compare>(plan::Function::kGreater)},
        {"gte", With<Compare>(plan::Function::kGreaterEqual)},
        {"is_distinct_from", With<Compare>(plan::Function::kIsDistinctFrom)},
        {"is_not_distinct_from", With<Compare>(plan::Function::kIsNotDistinctFrom)},
        {"add", With<Arithmetic>(plan::Function::kAdd)},
        {"subtract", With<Arithmetic>(plan::Function::kSubtract)},
        {"multiply", With<Arithmetic>(plan::Function::kMultiply)},
        {"divide", With<Arithmetic>(plan::Function::kDivide)},
        {"modulus", With<Arithmetic>(plan::Function::kModulo)},
        {"negate", Negate},
        {"and", [](const ForeignCall& call) { return plan::And(call.arguments); }},
        {"or", [](const ForeignCall& call) { return plan::Or(call.arguments); }},
        {"coalesce", [](const ForeignCall& call) { return plan::Coalesce(call.arguments); }},
        {"not", Plain(plan::Function::kNot, 1)},
        {"is_null", Plain(plan::Function::kIsNull, 1)},
        {"is_not_null", Plain(plan::Function::kIsNotNull, 1)},
        {"is_true", Truth(plan::Function::kIsNotDistinctFrom, true)},
        {"is_false", Truth(plan::Function::kIsNotDistinctFrom, false)},
        {"is_not_true", Truth(plan::Function::kIsDistinctFrom, true)},
        {"is_not_false", Truth(plan::Function::kIsDistinctFrom, false)},
        {"like", Like},
        {"starts_with", Plain(plan::Function::kStartsWith, 2)},
        {"ends_with", Plain(plan::Function::kEndsWith, 2)},
        {"contains", Plain(plan::Function::kContains, 2)},
    };
    return handlers;
  }
};

}  // namespace

const Dialect& DataFusionDialect() {
  static const DataFusion dialect;
  return dialect;
}

}  // namespace skyhook::substrait
