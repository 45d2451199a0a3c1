// Fields of dates and timestamps, and arithmetic with days and intervals.
#include <array>
#include <limits>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/exec/calendar.h"
#include "skyhook/exec/kernels.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using arrow::Type;
using plan::CallOptions;
using plan::Function;
using Field = CallOptions::DateField;

namespace {

// 1 on Monday to 7 on Sunday; day 0 was a Thursday.
int64_t IsoDayOfWeek(int64_t days) { return days - FloorDivide(days + 3, 7) * 7 + 4; }

int64_t IsoWeek(int64_t days) {
  const int64_t thursday = days - IsoDayOfWeek(days) + 4;
  const int64_t first = DaysFromCivil({CivilFromDays(thursday).year, 1, 1});
  return (thursday - first) / 7 + 1;
}

int64_t DateFieldOf(Field field, int64_t days) {
  const CivilDate date = CivilFromDays(days);
  switch (field) {
    case Field::kYear:
      return date.year;
    case Field::kQuarter:
      return (date.month - 1) / 3 + 1;
    case Field::kMonth:
      return date.month;
    case Field::kWeek:
      return IsoWeek(days);
    case Field::kDay:
      return date.day;
    case Field::kDayOfWeek:
      return IsoDayOfWeek(days) % 7;
    case Field::kIsoDayOfWeek:
      return IsoDayOfWeek(days);
    default:
      return days - DaysFromCivil({date.year, 1, 1}) + 1;
  }
}

int64_t TimestampFieldOf(Field field, int64_t ticks, int64_t per_second) {
  const int64_t seconds = FloorDivide(ticks, per_second);
  const int64_t days = FloorDivide(seconds, kDaySeconds);
  const int64_t of_day = seconds - days * kDaySeconds;
  switch (field) {
    case Field::kHour:
      return of_day / 3600;
    case Field::kMinute:
      return of_day / 60 % 60;
    case Field::kSecond:
      return of_day % 60;
    default:
      return DateFieldOf(field, days);
  }
}

Result<Column> Extract(const plan::Expression& call, const Column& in, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<int64_t>(length));
  int64_t* to = MutableValues<int64_t>(out);
  const Field field = call.options().date_field;
  if (in.type()->id() == Type::DATE32) {
    for (int64_t i = 0; i < length; ++i) to[i] = DateFieldOf(field, in.values<int32_t>()[i]);
  } else {
    const int64_t per_second = TicksPerSecond(*in.type());
    for (int64_t i = 0; i < length; ++i) {
      to[i] = TimestampFieldOf(field, in.values<int64_t>()[i], per_second);
    }
  }
  return Column::Flat(arrow::int64(), length, std::move(out), in.valid_buffer());
}

CivilDate AddMonths(CivilDate date, int64_t months) {
  static constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int64_t total = date.year * 12 + date.month - 1 + months;
  date.year = FloorDivide(total, 12);
  date.month = total - date.year * 12 + 1;
  const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
  const int64_t last =
      kDays[static_cast<size_t>(date.month - 1)] + int64_t{date.month == 2 && leap};
  date.day = std::min(date.day, last);
  return date;
}

// `ticks` plus the interval, or nullopt when that leaves 64 bits.
std::optional<int64_t> AddInterval(int64_t ticks,
                                   const arrow::MonthDayNanoIntervalType::MonthDayNanos& interval,
                                   int64_t sign, int64_t per_second) {
  const int64_t per_day = kDaySeconds * per_second;
  const int64_t day = FloorDivide(ticks, per_day);
  const int64_t of_day = ticks - day * per_day;
  int64_t days = day;
  if (interval.months != 0) {
    days = DaysFromCivil(AddMonths(CivilFromDays(day), sign * interval.months));
  }
  days += sign * interval.days;
  const int64_t nanos_per_tick = 1'000'000'000 / per_second;
  int64_t out = 0;
  if (__builtin_mul_overflow(days, per_day, &out)) return std::nullopt;
  if (__builtin_add_overflow(out, of_day, &out)) return std::nullopt;
  if (__builtin_add_overflow(out, sign * (interval.nanoseconds / nanos_per_tick), &out)) {
    return std::nullopt;
  }
  return out;
}

Result<Column> PlusInterval(const plan::Expression& call, const Arguments& arguments, int64_t sign,
                            int64_t length) {
  const auto& interval =
      static_cast<const arrow::MonthDayNanoIntervalScalar&>(*call.arguments()[1]->literal());
  if (!interval.is_valid) return Column::Constant(arrow::MakeNullScalar(call.type()), length);
  const Column& in = arguments[0];
  const bool date = in.type()->id() == Type::DATE32;
  const int64_t per_second = TicksPerSecond(*call.type());
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<int64_t>(length));
  for (int64_t i = 0; i < length; ++i) {
    MutableValues<int64_t>(out)[i] = 0;
    if (!in.IsValid(i)) continue;
    const int64_t row = in.is_constant() ? 0 : i;
    const int64_t ticks = date ? int64_t{in.values<int32_t>()[row]} * kDaySeconds * per_second
                               : in.values<int64_t>()[row];
    const auto sum = AddInterval(ticks, interval.value, sign, per_second);
    if (!sum.has_value()) {
      return base::Invalid("{}: {} plus the interval does not fit a timestamp", call.ToString(),
                           ValueText(in, i));
    }
    MutableValues<int64_t>(out)[i] = *sum;
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity({in}, length));
  return Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

Result<Column> PlusDays(const plan::Expression& call, const Arguments& arguments, int64_t sign,
                        int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<int32_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  const Status status = WithOperands<int32_t>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      const int64_t sum = int64_t{a[i]} + sign * int64_t{b[i]};
      MutableValues<int32_t>(out)[i] = static_cast<int32_t>(sum);
      const bool fits =
          sum >= std::numeric_limits<int32_t>::min() && sum <= std::numeric_limits<int32_t>::max();
      if (!fits && (valid == nullptr || valid->data()[i] != 0)) {
        return base::Invalid("{}: {} and {} days do not give a date", call.ToString(), a[i], b[i]);
      }
    }
    return Status::OK();
  });
  ARROW_RETURN_NOT_OK(status);
  return Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

Result<Column> DaysBetween(const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<int64_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  WithOperands<int32_t>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      MutableValues<int64_t>(out)[i] = int64_t{a[i]} - int64_t{b[i]};
    }
  });
  return Column::Flat(arrow::int64(), length, std::move(out), std::move(valid));
}

}  // namespace

Result<Column> TemporalKernel(const plan::Expression& call, const Arguments& arguments,
                              int64_t length) {
  if (call.function() == Function::kExtract) return Extract(call, arguments[0], length);
  const int64_t sign = call.function() == Function::kAdd ? 1 : -1;
  switch (call.arguments()[1]->type()->id()) {
    case Type::INTERVAL_MONTH_DAY_NANO:
      return PlusInterval(call, arguments, sign, length);
    case Type::INT32:
      return PlusDays(call, arguments, sign, length);
    default:
      return DaysBetween(arguments, length);
  }
}

}  // namespace skyhook::exec
