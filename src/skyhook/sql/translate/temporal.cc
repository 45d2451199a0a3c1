#include "skyhook/sql/translate/temporal.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "duckdb/common/enums/date_part_specifier.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/translate/repeated.h"
#include "skyhook/sql/translate/text.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Type;
using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using Arguments = std::vector<ExpressionPtr>;
using DateField = CallOptions::DateField;
using duckdb::DatePartSpecifier;

// DuckDB adds months, days and time to a timestamp one after the other and fails when a date on the
// way leaves its type. Below these sizes none does that the sum brings back.
constexpr int64_t kMostMonths = 12'000'000;
constexpr int64_t kMostDays = 400'000'000;

bool IsDate(const plan::Expression& expression) { return expression.type()->id() == Type::DATE32; }
bool IsTimestamp(const plan::Expression& expression) {
  return expression.type()->id() == Type::TIMESTAMP;
}
bool IsTime(const plan::Expression& expression) { return expression.type()->id() == Type::TIME64; }
bool IsInterval(const plan::Expression& expression) {
  return expression.type()->id() == Type::INTERVAL_MONTH_DAY_NANO;
}

arrow::TimeUnit::type UnitOf(const plan::Expression& timestamp) {
  return static_cast<const arrow::TimestampType&>(*timestamp.type()).unit();
}

Result<ExpressionPtr> IntegerLiteral(int64_t value) {
  return plan::Literal(std::make_shared<arrow::Int64Scalar>(value));
}

Result<ExpressionPtr> IsBeforeEpoch(const ExpressionPtr& timestamp) {
  ARROW_ASSIGN_OR_RAISE(
      auto epoch, plan::Literal(std::make_shared<arrow::TimestampScalar>(0, timestamp->type())));
  return plan::Call(Function::kLess, {timestamp, std::move(epoch)});
}

Result<ExpressionPtr> OfField(Function function, DateField field, const ExpressionPtr& argument) {
  CallOptions options;
  options.date_field = field;
  return plan::Call(function, {argument}, options);
}

Result<ExpressionPtr> Extract(DateField field, const ExpressionPtr& argument) {
  return OfField(Function::kExtract, field, argument);
}

std::optional<DateField> FieldOf(DatePartSpecifier part) {
  switch (part) {
    case DatePartSpecifier::YEAR:
      return DateField::kYear;
    case DatePartSpecifier::MONTH:
      return DateField::kMonth;
    case DatePartSpecifier::DAY:
      return DateField::kDay;
    case DatePartSpecifier::DECADE:
      return DateField::kDecade;
    case DatePartSpecifier::CENTURY:
      return DateField::kCentury;
    case DatePartSpecifier::MILLENNIUM:
      return DateField::kMillennium;
    case DatePartSpecifier::QUARTER:
      return DateField::kQuarter;
    case DatePartSpecifier::DOW:
      return DateField::kDayOfWeek;
    case DatePartSpecifier::ISODOW:
      return DateField::kIsoDayOfWeek;
    case DatePartSpecifier::DOY:
      return DateField::kDayOfYear;
    case DatePartSpecifier::WEEK:
      return DateField::kWeek;
    case DatePartSpecifier::ISOYEAR:
      return DateField::kIsoYear;
    case DatePartSpecifier::ERA:
      return DateField::kEra;
    case DatePartSpecifier::HOUR:
      return DateField::kHour;
    case DatePartSpecifier::MINUTE:
      return DateField::kMinute;
    case DatePartSpecifier::SECOND:
      return DateField::kSecond;
    case DatePartSpecifier::MILLISECONDS:
      return DateField::kMillisecond;
    case DatePartSpecifier::MICROSECONDS:
      return DateField::kMicrosecond;
    default:
      return std::nullopt;
  }
}

// The ISO year and week as one number, 202401; of years up to 0 the week is subtracted.
Result<ExpressionPtr> YearWeek(const ExpressionPtr& argument) {
  ARROW_RETURN_NOT_OK(CheckRepeatable(*argument));
  ARROW_ASSIGN_OR_RAISE(auto year, Extract(DateField::kIsoYear, argument));
  ARROW_ASSIGN_OR_RAISE(auto week, Extract(DateField::kWeek, argument));
  ARROW_ASSIGN_OR_RAISE(auto zero, IntegerLiteral(0));
  ARROW_ASSIGN_OR_RAISE(auto hundred, IntegerLiteral(100));
  ARROW_ASSIGN_OR_RAISE(auto positive, plan::Call(Function::kGreater, {year, std::move(zero)}));
  ARROW_ASSIGN_OR_RAISE(auto high, plan::Call(Function::kMultiply, {year, std::move(hundred)}));
  ARROW_ASSIGN_OR_RAISE(auto sum, plan::Call(Function::kAdd, {high, week}));
  ARROW_ASSIGN_OR_RAISE(auto difference, plan::Call(Function::kSubtract, {high, week}));
  return plan::Case({std::move(positive), std::move(sum), std::move(difference)});
}

// Milliseconds since 1970, cut towards it; the catalogue rounds down.
Result<ExpressionPtr> EpochMilliseconds(const ExpressionPtr& argument) {
  ARROW_ASSIGN_OR_RAISE(auto down, Extract(DateField::kEpochMillisecond, argument));
  if (IsDate(*argument)) return down;
  ARROW_RETURN_NOT_OK(CheckRepeatable(*argument));
  ARROW_ASSIGN_OR_RAISE(auto micros, Extract(DateField::kMicrosecond, argument));
  ARROW_ASSIGN_OR_RAISE(auto thousand, IntegerLiteral(1000));
  ARROW_ASSIGN_OR_RAISE(auto zero, IntegerLiteral(0));
  ARROW_ASSIGN_OR_RAISE(auto one, IntegerLiteral(1));
  ARROW_ASSIGN_OR_RAISE(auto rest, plan::Call(Function::kModulo, {micros, std::move(thousand)}));
  ARROW_ASSIGN_OR_RAISE(auto between, plan::Call(Function::kNotEqual, {rest, std::move(zero)}));
  ARROW_ASSIGN_OR_RAISE(auto before, IsBeforeEpoch(argument));
  ARROW_ASSIGN_OR_RAISE(auto cut, plan::And({std::move(before), std::move(between)}));
  ARROW_ASSIGN_OR_RAISE(auto up, plan::Call(Function::kAdd, {down, std::move(one)}));
  return plan::Case({std::move(cut), std::move(up), std::move(down)});
}

Result<ExpressionPtr> DatePart(const std::string& name, const ExpressionPtr& argument) {
  DatePartSpecifier part{};
  if (!duckdb::TryGetDatePartSpecifier(name, part)) {
    return base::UnsupportedPlan("date part '{}'", name);
  }
  if (part == DatePartSpecifier::YEARWEEK) return YearWeek(argument);
  const auto field = FieldOf(part);
  if (!field.has_value()) return base::UnsupportedPlan("date part '{}'", name);
  return Extract(*field, argument);
}

// Functions of one date, time or timestamp; null for other names.
Result<ExpressionPtr> UnaryFunction(const std::string& name, const ExpressionPtr& argument) {
  DatePartSpecifier part{};
  if (duckdb::TryGetDatePartSpecifier(name, part)) return DatePart(name, argument);
  const bool nanos = IsTimestamp(*argument) && UnitOf(*argument) == arrow::TimeUnit::NANO;
  if (name == "epoch_ms") return EpochMilliseconds(argument);
  if (name == "epoch_us") return Extract(DateField::kEpochMicrosecond, argument);
  // Of TIMESTAMP_NS, DuckDB has epochs of the infinite, and nanoseconds of fewer values.
  if (name == "epoch_ns" && !nanos) return Extract(DateField::kEpochNanosecond, argument);
  if (name == "nanosecond" && !nanos) return Extract(DateField::kNanosecond, argument);
  return nullptr;
}

std::optional<DateField> PeriodOf(DatePartSpecifier part) {
  switch (part) {
    case DatePartSpecifier::YEARWEEK:
      return DateField::kWeek;
    case DatePartSpecifier::DOW:
    case DatePartSpecifier::ISODOW:
    case DatePartSpecifier::DOY:
    case DatePartSpecifier::JULIAN_DAY:
      return DateField::kDay;
    case DatePartSpecifier::EPOCH:
      return DateField::kSecond;
    case DatePartSpecifier::ERA:
      return std::nullopt;
    default:
      return FieldOf(part);
  }
}

// DuckDB's result is a timestamp, of dates too.
Result<ExpressionPtr> DateTrunc(const std::string& name, const ExpressionPtr& argument) {
  DatePartSpecifier part{};
  const bool known = duckdb::TryGetDatePartSpecifier(name, part);
  const auto field = known ? PeriodOf(part) : std::nullopt;
  if (!field.has_value()) return base::UnsupportedPlan("date_trunc to '{}'", name);
  ARROW_ASSIGN_OR_RAISE(auto start, OfField(Function::kDateTrunc, *field, argument));
  if (!IsDate(*argument)) return start;
  return plan::Call(Function::kCast, {std::move(start)}, {},
                    arrow::timestamp(arrow::TimeUnit::MICRO));
}

arrow::Status CheckInterval(const plan::Expression& interval) {
  if (interval.kind() != plan::Expression::Kind::kLiteral) {
    return base::UnsupportedPlan("interval {} that is no constant", interval.ToString());
  }
  const auto& literal = static_cast<const arrow::MonthDayNanoIntervalScalar&>(*interval.literal());
  const int64_t months = std::abs(int64_t{literal.value.months});
  const int64_t days = std::abs(int64_t{literal.value.days});
  if (literal.is_valid && (months > kMostMonths || days > kMostDays)) {
    return base::UnsupportedPlan("interval {}", interval.ToString());
  }
  return arrow::Status::OK();
}

// Sums and differences in which a date or timestamp comes first, or of a sum second; null for all
// others.
Result<ExpressionPtr> Arithmetic(Function function, Arguments arguments) {
  if (arguments.size() != 2) return nullptr;
  const auto is_temporal = [](const ExpressionPtr& argument) {
    return IsDate(*argument) || IsTimestamp(*argument);
  };
  const bool swapped = function == Function::kAdd && !is_temporal(arguments[0]);
  if (swapped) std::swap(arguments[0], arguments[1]);
  if (!is_temporal(arguments[0])) return nullptr;
  if (IsInterval(*arguments[1])) ARROW_RETURN_NOT_OK(CheckInterval(*arguments[1]));
  return plan::Call(function, std::move(arguments));
}

}  // namespace

Result<ExpressionPtr> CutToMicroseconds(const ExpressionPtr& nanoseconds) {
  ARROW_RETURN_NOT_OK(CheckRepeatable(*nanoseconds));
  const auto micros_type = arrow::timestamp(arrow::TimeUnit::MICRO);
  ARROW_ASSIGN_OR_RAISE(auto down, plan::Call(Function::kCast, {nanoseconds}, {}, micros_type));
  ARROW_ASSIGN_OR_RAISE(auto back, plan::Call(Function::kTryCast, {down}, {}, nanoseconds->type()));
  ARROW_ASSIGN_OR_RAISE(auto between,
                        plan::Call(Function::kIsDistinctFrom, {std::move(back), nanoseconds}));
  ARROW_ASSIGN_OR_RAISE(auto before, IsBeforeEpoch(nanoseconds));
  ARROW_ASSIGN_OR_RAISE(auto cut, plan::And({std::move(before), std::move(between)}));
  ARROW_ASSIGN_OR_RAISE(auto one, plan::Literal(std::make_shared<arrow::MonthDayNanoIntervalScalar>(
                                      arrow::MonthDayNanoIntervalType::MonthDayNanos{0, 0, 1000})));
  ARROW_ASSIGN_OR_RAISE(auto up, plan::Call(Function::kAdd, {down, std::move(one)}));
  return plan::Case({std::move(cut), std::move(up), std::move(down)});
}

Result<ExpressionPtr> TranslateTemporalFunction(const duckdb::BoundFunctionExpression& function,
                                                const Arguments& arguments) {
  const std::string& name = function.function.name;
  if (name == "+" || name == "add") return Arithmetic(Function::kAdd, arguments);
  if (name == "-" || name == "subtract") return Arithmetic(Function::kSubtract, arguments);
  const bool part = name == "date_part" || name == "datepart";
  if (part || name == "date_trunc" || name == "datetrunc") {
    if (arguments.size() != 2) return nullptr;
    ARROW_ASSIGN_OR_RAISE(const std::string field, TextConstant(*arguments[0]));
    return part ? DatePart(field, arguments[1]) : DateTrunc(field, arguments[1]);
  }
  if (arguments.size() != 1) return nullptr;
  const plan::Expression& first = *arguments[0];
  if (!IsDate(first) && !IsTimestamp(first) && !IsTime(first)) return nullptr;
  return UnaryFunction(name, arguments[0]);
}

}  // namespace skyhook::sql
