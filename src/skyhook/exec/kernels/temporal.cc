// Fields and starts of periods of dates and times; arithmetic with days.
#include <algorithm>
#include <limits>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/row_validity.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/vector/calendar.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using arrow::Type;
using plan::CallOptions;
using plan::Function;
using Field = CallOptions::DateField;

namespace {

Status NoResult(const plan::Expression& call, const vector::Column& in, int64_t row) {
  return base::Invalid("{} has no result of type {}", ValueText(in, row), call.type()->ToString());
}

// of(value) for every row that is not NULL; an error where that is nullopt.
template <typename From, typename To, typename Of>
Result<vector::Column> MapRows(const plan::Expression& call, const vector::Column& in,
                               int64_t length, Of&& of) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<To>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity({in}, length));
  To* to = vector::MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = To{};
    if (!in.IsValid(i)) continue;
    const std::optional<To> value = of(in.values<From>()[in.is_constant() ? 0 : i]);
    if (!value.has_value()) return NoResult(call, in, i);
    to[i] = *value;
  }
  return vector::Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

std::optional<int64_t> Multiplied(int64_t value, int64_t factor) {
  int64_t out = 0;
  if (__builtin_mul_overflow(value, factor, &out)) return std::nullopt;
  return out;
}

// Years count on from 1 both ways: the century before the first is -1.
int64_t OrdinalOf(int64_t year, int64_t years) {
  return year > 0 ? (year - 1) / years + 1 : year / years - 1;
}

int64_t DayFieldOf(Field field, int64_t days) {
  const vector::CivilDate date = vector::CivilFromDays(days);
  switch (field) {
    case Field::kYear:
      return date.year;
    case Field::kQuarter:
      return (date.month - 1) / 3 + 1;
    case Field::kMonth:
      return date.month;
    case Field::kWeek:
      return (days - vector::IsoYearStart(vector::IsoYear(days))) / 7 + 1;
    case Field::kDay:
      return date.day;
    case Field::kDayOfWeek:
      return vector::IsoDayOfWeek(days) % 7;
    case Field::kIsoDayOfWeek:
      return vector::IsoDayOfWeek(days);
    case Field::kIsoYear:
      return vector::IsoYear(days);
    case Field::kDecade:
      return date.year / 10;
    case Field::kCentury:
      return OrdinalOf(date.year, 100);
    case Field::kMillennium:
      return OrdinalOf(date.year, 1000);
    case Field::kEra:
      return int64_t{date.year > 0};
    default:
      return days - vector::DaysFromCivil({date.year, 1, 1}) + 1;
  }
}

// The unit that a field of the clock or an epoch counts, in a second; 0 for all other fields.
int64_t UnitsPerSecond(Field field) {
  switch (field) {
    case Field::kSecond:
    case Field::kEpochSecond:
      return 1;
    case Field::kMillisecond:
    case Field::kEpochMillisecond:
      return 1000;
    case Field::kMicrosecond:
    case Field::kEpochMicrosecond:
      return 1'000'000;
    case Field::kNanosecond:
    case Field::kEpochNanosecond:
      return 1'000'000'000;
    default:
      return 0;
  }
}

bool IsClockField(Field field) { return field >= Field::kHour && field <= Field::kNanosecond; }

// `ticks` of `per_second` a second, counted in other units and rounded down.
std::optional<int64_t> Recount(int64_t ticks, int64_t per_second, int64_t units) {
  if (units >= per_second) return Multiplied(ticks, units / per_second);
  return vector::FloorDivide(ticks, per_second / units);
}

int64_t ClockFieldOf(Field field, int64_t of_day, int64_t per_second) {
  if (field == Field::kHour) return of_day / (3600 * per_second);
  if (field == Field::kMinute) return of_day / (60 * per_second) % 60;
  const int64_t of_minute = of_day % (60 * per_second);
  const int64_t units = UnitsPerSecond(field);
  return units >= per_second ? of_minute * (units / per_second) : of_minute / (per_second / units);
}

// A week is counted from the first day of its year and compared with the days of the year itself:
// both have to begin within the type.
bool HasWeeks(int64_t days) {
  const int64_t year = std::min(vector::CivilFromDays(days).year, vector::IsoYear(days));
  return vector::DateOf(vector::DaysFromCivil({year, 1, 1})).has_value();
}

std::optional<int64_t> DateField(Field field, int32_t days) {
  if (field >= Field::kEpochSecond)
    return Multiplied(days, vector::kDaySeconds * UnitsPerSecond(field));
  const bool week = field == Field::kWeek || field == Field::kIsoYear;
  if (week && !HasWeeks(days)) return std::nullopt;
  return DayFieldOf(field, days);
}

std::optional<int64_t> TimestampField(Field field, int64_t ticks, int64_t per_second) {
  if (field >= Field::kEpochSecond) return Recount(ticks, per_second, UnitsPerSecond(field));
  const int64_t per_day = vector::kDaySeconds * per_second;
  if (IsClockField(field))
    return ClockFieldOf(field, vector::FloorModulo(ticks, per_day), per_second);
  return DayFieldOf(field, vector::FloorDivide(ticks, per_day));
}

// As MapRows, and NULL for the infinite dates and timestamps.
template <typename From, typename Of>
Result<vector::Column> FiniteFields(const plan::Expression& call, const vector::Column& in,
                                    int64_t length, Of&& of) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<int64_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of({in}, length));
  int64_t* to = vector::MutableValues<int64_t>(out);
  const From* from = in.values<From>();
  for (int64_t i = 0; i < length; ++i) {
    to[i] = 0;
    if (!valid.IsValid(i)) continue;
    if (vector::IsInfinite(from[i])) {
      ARROW_RETURN_NOT_OK(valid.Clear(i));
      continue;
    }
    const std::optional<int64_t> value = of(from[i]);
    if (!value.has_value()) return NoResult(call, in, i);
    to[i] = *value;
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

Result<vector::Column> Extract(const plan::Expression& call, const vector::Column& in,
                               int64_t length) {
  const Field field = call.options().date_field;
  const Type::type id = in.type()->id();
  if (id == Type::DATE32) {
    return FiniteFields<int32_t>(call, in, length,
                                 [&](int32_t days) { return DateField(field, days); });
  }
  const int64_t per_second = vector::TicksPerSecond(*in.type());
  const auto of_clock = [&](int64_t ticks) {
    return std::optional(ClockFieldOf(field, ticks, per_second));
  };
  if (id == Type::TIME32) return MapRows<int32_t, int64_t>(call, in, length, of_clock);
  if (id == Type::TIME64) return MapRows<int64_t, int64_t>(call, in, length, of_clock);
  return FiniteFields<int64_t>(
      call, in, length, [&](int64_t ticks) { return TimestampField(field, ticks, per_second); });
}

// The first day of the period. Decades and longer periods begin in the years that they divide; of
// those before year 0 that is, as in DuckDB, the last one.
int64_t PeriodStart(Field field, int64_t days) {
  const vector::CivilDate date = vector::CivilFromDays(days);
  switch (field) {
    case Field::kYear:
      return vector::DaysFromCivil({date.year, 1, 1});
    case Field::kQuarter:
      return vector::DaysFromCivil({date.year, (date.month - 1) / 3 * 3 + 1, 1});
    case Field::kMonth:
      return vector::DaysFromCivil({date.year, date.month, 1});
    case Field::kWeek:
      return days - vector::IsoDayOfWeek(days) + 1;
    case Field::kIsoYear:
      return vector::IsoYearStart(vector::IsoYear(days));
    case Field::kDecade:
      return vector::DaysFromCivil({date.year / 10 * 10, 1, 1});
    case Field::kCentury:
      return vector::DaysFromCivil({date.year / 100 * 100, 1, 1});
    case Field::kMillennium:
      return vector::DaysFromCivil({date.year / 1000 * 1000, 1, 1});
    default:
      return days;
  }
}

// Ticks of a field of the clock, 0 when a tick is longer.
int64_t TicksOf(Field field, int64_t per_second) {
  if (field == Field::kHour) return 3600 * per_second;
  if (field == Field::kMinute) return 60 * per_second;
  return per_second / UnitsPerSecond(field);
}

Result<vector::Column> DateTrunc(const plan::Expression& call, const vector::Column& in,
                                 int64_t length) {
  const Field field = call.options().date_field;
  if (in.type()->id() == Type::DATE32) {
    if (IsClockField(field)) return in;
    return MapRows<int32_t, int32_t>(call, in, length, [&](int32_t days) {
      return vector::IsInfinite(days) ? std::optional(days)
                                      : vector::DateOf(PeriodStart(field, days));
    });
  }
  const int64_t per_second = vector::TicksPerSecond(*in.type());
  const int64_t per_day = vector::kDaySeconds * per_second;
  const int64_t unit = IsClockField(field) ? TicksOf(field, per_second) : per_day;
  if (unit <= 1) return in;
  return MapRows<int64_t, int64_t>(call, in, length, [&](int64_t ticks) {
    if (vector::IsInfinite(ticks)) return std::optional(ticks);
    const int64_t days = vector::FloorDivide(ticks, per_day);
    const int64_t of_day = vector::FloorModulo(ticks, per_day);
    return vector::TimestampOf(PeriodStart(field, days), of_day - of_day % unit, per_second);
  });
}

Result<vector::Column> PlusDays(const plan::Expression& call, const Arguments& arguments,
                                int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<int32_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  const int64_t sign = call.function() == Function::kAdd ? 1 : -1;
  int32_t* to = vector::MutableValues<int32_t>(out);
  const Status status = WithOperands<int32_t>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      to[i] = 0;
      if (valid != nullptr && valid->data()[i] == 0) continue;
      const auto sum = vector::IsInfinite(a[i])
                           ? std::optional(a[i])
                           : vector::DateOf(int64_t{a[i]} + sign * int64_t{b[i]});
      if (!sum.has_value()) {
        return base::Invalid("{} and {} days do not give a date", ValueText(arguments[0], i), b[i]);
      }
      to[i] = *sum;
    }
    return Status::OK();
  });
  ARROW_RETURN_NOT_OK(status);
  return vector::Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

Result<vector::Column> DaysBetween(const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<int64_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  WithOperands<int32_t>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      vector::MutableValues<int64_t>(out)[i] = int64_t{a[i]} - int64_t{b[i]};
    }
  });
  return vector::Column::Flat(arrow::int64(), length, std::move(out), std::move(valid));
}

}  // namespace

Result<vector::Column> TemporalKernel(const plan::Expression& call, const Arguments& arguments,
                                      int64_t length) {
  if (call.function() == Function::kExtract) return Extract(call, arguments[0], length);
  if (call.function() == Function::kDateTrunc) return DateTrunc(call, arguments[0], length);
  switch (call.arguments()[1]->type()->id()) {
    case Type::INTERVAL_MONTH_DAY_NANO:
      return IntervalKernel(call, arguments, length);
    case Type::INT32:
      return PlusDays(call, arguments, length);
    case Type::DURATION:
    case Type::TIMESTAMP:
      return DurationKernel(call, arguments, length);
    default:
      return DaysBetween(arguments, length);
  }
}

}  // namespace skyhook::exec
