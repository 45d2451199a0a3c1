// DataFusion 55: its operators are Arrow's kernels in Rust, its aggregates have types of their own.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/foreign_dialect.h"
#include "skyhook/plan/foreign_numbers.h"
#include "skyhook/plan/substrait_call.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Status;
using DivisionByZero = CallOptions::DivisionByZero;
using Overflow = CallOptions::Overflow;

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
  for (const ExpressionPtr& argument : call.arguments) {
    if (IsFloat(*argument->type())) return NotUnderstood(call, "it orders NaN by its sign");
  }
  return Status::OK();
}

Result<ExpressionPtr> Compare(Function function, ForeignCall call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 2));
  ARROW_RETURN_NOT_OK(CheckNoFloat(call));
  ARROW_RETURN_NOT_OK(ToCommonNumber(&call.arguments));
  return plan::Call(function, call.arguments);
}

// An integer beside a decimal is one of as many digits as its type has.
Result<ExpressionPtr> AsDecimal(const ExpressionPtr& value) {
  if (!IsInteger(*value->type())) return value;
  static const std::map<arrow::Type::type, int> kDigits = {
      {arrow::Type::INT8, 3},    {arrow::Type::INT16, 5},  {arrow::Type::INT32, 10},
      {arrow::Type::INT64, 20},  {arrow::Type::UINT8, 3},  {arrow::Type::UINT16, 5},
      {arrow::Type::UINT32, 10}, {arrow::Type::UINT64, 20}};
  const auto digits = kDigits.find(value->type()->id());
  if (digits == kDigits.end()) {
    return base::UnsupportedPlan("{} beside a decimal", value->type()->ToString());
  }
  return WidenTo(value, DecimalType(digits->second, 0));
}

// Two numbers of one type, or two decimals.
Status CoerceArithmetic(std::vector<ExpressionPtr>* two) {
  ExpressionPtr& a = two->at(0);
  ExpressionPtr& b = two->at(1);
  if (IsDecimal(*a->type()) || IsDecimal(*b->type())) {
    ARROW_ASSIGN_OR_RAISE(a, AsDecimal(a));
    ARROW_ASSIGN_OR_RAISE(b, AsDecimal(b));
    return Status::OK();
  }
  for (auto [integer, real] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    if (!IsInteger(*(*integer)->type()) || (*real)->type()->id() != arrow::Type::DOUBLE) continue;
    return plan::Call(Function::kCast, {*integer}, {}, arrow::float64()).Value(integer);
  }
  if (a->type()->Equals(*b->type()) || !IsInteger(*a->type()) || !IsInteger(*b->type())) {
    return Status::OK();
  }
  const auto wider =
      ShapeOf(*a->type()).precision > ShapeOf(*b->type()).precision ? a->type() : b->type();
  ARROW_ASSIGN_OR_RAISE(a, WidenTo(a, wider));
  ARROW_ASSIGN_OR_RAISE(b, WidenTo(b, wider));
  return Status::OK();
}

// Precision and scale of a result, cut to 38 digits each.
Result<TypePtr> DecimalResult(Function function, DecimalShape x, DecimalShape y) {
  const int scale = std::max(x.scale, y.scale);
  DecimalShape result{scale + std::max(x.precision - x.scale, y.precision - y.scale) + 1, scale};
  if (function == Function::kMultiply) {
    result = {x.precision + y.precision + 1, x.scale + y.scale};
  } else if (function == Function::kDivide) {
    const int quotient = std::min(x.scale + 4, kMaxPrecision);
    result = {x.precision - x.scale + y.scale + quotient, quotient};
  } else if (function == Function::kModulo) {
    result.precision = scale + std::min(x.precision - x.scale, y.precision - y.scale);
  }
  if (result.scale > kMaxPrecision) {
    return base::UnsupportedPlan("a decimal of scale {}", result.scale);
  }
  return DecimalType(std::min(result.precision, kMaxPrecision), result.scale);
}

// Brings both to the larger scale, as sums and remainders are taken here.
Status AlignScales(std::vector<ExpressionPtr>* two) {
  const int scale =
      std::max(ShapeOf(*two->at(0)->type()).scale, ShapeOf(*two->at(1)->type()).scale);
  for (ExpressionPtr& value : *two) {
    const DecimalShape shape = ShapeOf(*value->type());
    const int precision = shape.precision + scale - shape.scale;
    if (precision > kMaxPrecision) {
      return base::UnsupportedPlan("{} with {} digits after the point", value->ToString(), scale);
    }
    ARROW_ASSIGN_OR_RAISE(value, WidenTo(value, DecimalType(precision, scale)));
  }
  return Status::OK();
}

Result<ExpressionPtr> DecimalArithmetic(Function function, std::vector<ExpressionPtr> two) {
  ARROW_ASSIGN_OR_RAISE(const TypePtr type, DecimalResult(function, ShapeOf(*two[0]->type()),
                                                          ShapeOf(*two[1]->type())));
  CallOptions options;
  options.division_by_zero = DivisionByZero::kError;
  if (function == Function::kDivide) options.rounding = CallOptions::Rounding::kTowardsZero;
  if (function != Function::kMultiply && function != Function::kDivide) {
    ARROW_RETURN_NOT_OK(AlignScales(&two));
  }
  return plan::Call(function, std::move(two), options, type);
}

// A constant interval of months and days, which leaves a date a date.
bool IsCalendarInterval(const Expression& value) {
  if (value.type()->id() != arrow::Type::INTERVAL_MONTH_DAY_NANO ||
      value.kind() != Expression::Kind::kLiteral || !value.literal()->is_valid) {
    return false;
  }
  return static_cast<const arrow::MonthDayNanoIntervalScalar&>(*value.literal())
             .value.nanoseconds == 0;
}

Result<ExpressionPtr> Arithmetic(Function function, ForeignCall call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 2));
  if (call.arguments[0]->type()->id() == arrow::Type::DATE32 &&
      IsCalendarInterval(*call.arguments[1]) &&
      (function == Function::kAdd || function == Function::kSubtract)) {
    return plan::Call(function, call.arguments, {}, arrow::date32());
  }
  ARROW_RETURN_NOT_OK(CoerceArithmetic(&call.arguments));
  const arrow::DataType& type = *call.arguments[0]->type();
  if (!IsNumeric(type) || IsDecimal(type) != IsDecimal(*call.arguments[1]->type())) {
    return NotUnderstood(call);
  }
  if (IsDecimal(type)) return DecimalArithmetic(function, call.arguments);
  CallOptions options;
  if (IsFloat(type)) {
    options.division_by_zero = DivisionByZero::kIeee;
  } else if (function == Function::kDivide) {
    function = Function::kIntegerDivide;
    options.division_by_zero = DivisionByZero::kError;
  } else {
    if (function == Function::kModulo) options.division_by_zero = DivisionByZero::kError;
    options.overflow = Overflow::kWrap;
  }
  return plan::Call(function, call.arguments, options);
}

Result<ExpressionPtr> Negate(ForeignCall call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 1));
  CallOptions options;
  options.overflow = Overflow::kWrap;
  return plan::Call(Function::kNegate, call.arguments, options);
}

std::optional<std::string> ConstantText(const Expression& value) {
  if (value.kind() != Expression::Kind::kLiteral || !value.literal()->is_valid ||
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
Result<ExpressionPtr> Like(ForeignCall call) {
  if (call.arguments.size() == 3) {
    const Expression& escape = *call.arguments[2];
    if (escape.kind() != Expression::Kind::kLiteral || escape.literal()->is_valid) {
      return NotUnderstood(call, "only without ESCAPE");
    }
    call.arguments.pop_back();
  }
  ARROW_RETURN_NOT_OK(CheckArguments(call, 2));
  const auto pattern = ConstantText(*call.arguments[1]);
  if (!pattern.has_value()) return NotUnderstood(call, "the pattern is no constant");
  if (EndsInEscape(*pattern)) return NotUnderstood(call, "the pattern ends in a backslash");
  CallOptions options;
  if (pattern->find('\\') != std::string::npos) options.escape = '\\';
  return plan::Call(Function::kLike, call.arguments, options);
}

Result<ExpressionPtr> TruthTest(Function function, bool truth, const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckArguments(call, 1));
  return plan::Call(function, {call.arguments[0], BoolLiteral(truth)});
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

Result<ExpressionPtr> Cast(Function function, ExpressionPtr value, TypePtr type) {
  if (const auto text = ConstantText(*value); text && type->id() == arrow::Type::DATE32) {
    if (const auto date = DateOf(*text)) {
      return Literal(std::make_shared<arrow::Date32Scalar>(*date));
    }
  }
  return ExactCast(function, value, type);
}

// Sums of decimals have ten digits more, averages four more on both sides of the point.
Result<ExpressionPtr> Sum(const ForeignAggregate& aggregate, const AddMeasure& add) {
  const arrow::DataType& type = *aggregate.arguments[0]->type();
  if (arrow::is_signed_integer(type.id())) {
    return add(AggregateFunction::kSum, aggregate.arguments, arrow::int64());
  }
  if (IsInteger(type)) return add(AggregateFunction::kSum, aggregate.arguments, arrow::uint64());
  ARROW_ASSIGN_OR_RAISE(auto sum, add(AggregateFunction::kSum, aggregate.arguments, nullptr));
  if (!IsDecimal(type)) return sum;
  const DecimalShape shape = ShapeOf(type);
  const auto result = DecimalType(std::min(shape.precision + 10, kMaxPrecision), shape.scale);
  if (result->Equals(*sum->type())) return sum;
  return plan::Call(Function::kCast, {sum}, {}, result);
}

Result<ExpressionPtr> Average(const ForeignAggregate& aggregate, const AddMeasure& add) {
  const arrow::DataType& type = *aggregate.arguments[0]->type();
  if (!IsDecimal(type)) return add(AggregateFunction::kAvg, aggregate.arguments, nullptr);
  const DecimalShape shape = ShapeOf(type);
  const auto result = DecimalType(std::min(shape.precision + 4, kMaxPrecision),
                                  std::min(shape.scale + 4, kMaxPrecision));
  ARROW_ASSIGN_OR_RAISE(auto sum, add(AggregateFunction::kSum, aggregate.arguments, nullptr));
  ARROW_ASSIGN_OR_RAISE(auto count, add(AggregateFunction::kCount, aggregate.arguments, nullptr));
  ARROW_ASSIGN_OR_RAISE(count, WidenTo(count, DecimalType(19, 0)));
  CallOptions options;
  options.rounding = CallOptions::Rounding::kTowardsZero;
  return plan::Call(Function::kDivide, {sum, count}, options, result);
}

bool IsConstant(const Expression& value) {
  return value.kind() == Expression::Kind::kLiteral && value.literal()->is_valid;
}

class DataFusion : public Dialect {
 public:
  Result<ExpressionPtr> ReadCall(ForeignCall call) const override {
    if (!call.enumerations.empty() || !call.options.empty()) return NotUnderstood(call);
    const std::string name = call.name.name;
    const TypePtr type = call.type;
    ARROW_ASSIGN_OR_RAISE(auto read, ReadByName(name, std::move(call)));
    if (type == nullptr || type->Equals(*read->type())) return read;
    return base::UnsupportedPlan("DataFusion's {} gives {}, not {}", name, type->ToString(),
                                 read->type()->ToString());
  }

  Result<ExpressionPtr> ReadCast(Function function, ExpressionPtr value,
                                 TypePtr type) const override {
    return Cast(function, std::move(value), std::move(type));
  }

  Result<ExpressionPtr> ReadIn(std::vector<ExpressionPtr> arguments) const override {
    ARROW_RETURN_NOT_OK(CheckOrder(*arguments[0]->type()));
    std::vector<ExpressionPtr> list = arguments;
    ARROW_RETURN_NOT_OK(ToListOfFirst(&list));
    // Of a list that holds no value of the type, NULL is still NULL.
    return plan::Call(Function::kIn, list.size() > 1 ? std::move(list) : std::move(arguments));
  }

  Result<ExpressionPtr> ReadMatch(ExpressionPtr base, ExpressionPtr value) const override {
    ForeignCall call;
    call.name.name = "equal";
    call.arguments = {std::move(base), std::move(value)};
    return Compare(Function::kEqual, std::move(call));
  }

  Result<ExpressionPtr> ReadAggregate(const ForeignAggregate& aggregate,
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
      return add(name == "min" ? AggregateFunction::kMin : AggregateFunction::kMax,
                 aggregate.arguments, nullptr);
    }
    if (name == "bool_and") return add(AggregateFunction::kBoolAnd, aggregate.arguments, nullptr);
    if (name == "bool_or") return add(AggregateFunction::kBoolOr, aggregate.arguments, nullptr);
    return Refused(aggregate);
  }

 private:
  using Handler = std::function<Result<ExpressionPtr>(ForeignCall)>;

  static Status Refused(const ForeignAggregate& aggregate) {
    return base::UnsupportedPlan("DataFusion's {} is not understood", aggregate.ToString());
  }

  // count(1) counts rows.
  Result<ExpressionPtr> Count(const ForeignAggregate& aggregate, const AddMeasure& add) const {
    const auto& arguments = aggregate.arguments;
    if (arguments.size() > 1) return Refused(aggregate);
    if (arguments.empty() || IsConstant(*arguments[0])) {
      if (aggregate.distinct) return Refused(aggregate);
      return add(AggregateFunction::kCountAll, {}, nullptr);
    }
    if (!aggregate.distinct) return add(AggregateFunction::kCount, arguments, nullptr);
    ARROW_RETURN_NOT_OK(CheckOrder(*arguments[0]->type()));
    return add(AggregateFunction::kCountDistinct, arguments, nullptr);
  }

  static Result<ExpressionPtr> ReadByName(const std::string& name, ForeignCall call) {
    const auto found = Handlers().find(name);
    if (found == Handlers().end()) return NotUnderstood(call);
    return found->second(std::move(call));
  }

  static Handler Plain(Function function, size_t arguments) {
    return [=](ForeignCall call) -> Result<ExpressionPtr> {
      ARROW_RETURN_NOT_OK(CheckArguments(call, arguments));
      return plan::Call(function, std::move(call.arguments));
    };
  }

  template <auto kRead>
  static Handler With(Function function) {
    return [=](ForeignCall call) { return kRead(function, std::move(call)); };
  }

  static Handler Truth(Function function, bool truth) {
    return [=](const ForeignCall& call) { return TruthTest(function, truth, call); };
  }

  static const std::map<std::string, Handler>& Handlers() {
    static const std::map<std::string, Handler> handlers = {
        {"equal", With<Compare>(Function::kEqual)},
        {"not_equal", With<Compare>(Function::kNotEqual)},
        {"lt", With<Compare>(Function::kLess)},
        {"lte", With<Compare>(Function::kLessEqual)},
        {"gt", With<Compare>(Function::kGreater)},
        {"gte", With<Compare>(Function::kGreaterEqual)},
        {"is_distinct_from", With<Compare>(Function::kIsDistinctFrom)},
        {"is_not_distinct_from", With<Compare>(Function::kIsNotDistinctFrom)},
        {"add", With<Arithmetic>(Function::kAdd)},
        {"subtract", With<Arithmetic>(Function::kSubtract)},
        {"multiply", With<Arithmetic>(Function::kMultiply)},
        {"divide", With<Arithmetic>(Function::kDivide)},
        {"modulus", With<Arithmetic>(Function::kModulo)},
        {"negate", Negate},
        {"and", [](const ForeignCall& call) { return And(call.arguments); }},
        {"or", [](const ForeignCall& call) { return Or(call.arguments); }},
        {"coalesce", [](const ForeignCall& call) { return Coalesce(call.arguments); }},
        {"not", Plain(Function::kNot, 1)},
        {"is_null", Plain(Function::kIsNull, 1)},
        {"is_not_null", Plain(Function::kIsNotNull, 1)},
        {"is_true", Truth(Function::kIsNotDistinctFrom, true)},
        {"is_false", Truth(Function::kIsNotDistinctFrom, false)},
        {"is_not_true", Truth(Function::kIsDistinctFrom, true)},
        {"is_not_false", Truth(Function::kIsDistinctFrom, false)},
        {"like", Like},
        {"starts_with", Plain(Function::kStartsWith, 2)},
        {"ends_with", Plain(Function::kEndsWith, 2)},
        {"contains", Plain(Function::kContains, 2)},
    };
    return handlers;
  }
};

}  // namespace

const Dialect& DataFusionDialect() {
  static const DataFusion dialect;
  return dialect;
}

}  // namespace skyhook::plan
