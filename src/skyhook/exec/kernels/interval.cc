// Dates and timestamps plus or minus intervals.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/vector/calendar.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Type;

namespace {

struct Interval {
  int64_t months;
  int64_t days;
  vector::Int128 nanoseconds;
};

// The intervals of a column, negated for a difference.
class Intervals {
 public:
  Intervals(const plan::Expression& call, const vector::Column& column)
      : sign_(call.function() == plan::Function::kAdd ? 1 : -1), column_(&column) {}

  Interval operator[](int64_t row) const {
    arrow::MonthDayNanoIntervalType::MonthDayNanos value;
    std::memcpy(&value, column_->values<vector::Int128>() + (column_->is_constant() ? 0 : row),
                sizeof(value));
    return {sign_ * value.months, sign_ * value.days, vector::Int128{sign_} * value.nanoseconds};
  }

 private:
  int64_t sign_;
  const vector::Column* column_;
};

int64_t AddDays(int64_t days, const Interval& interval) {
  if (interval.months == 0) return days + interval.days;
  const vector::CivilDate date = vector::CivilFromDays(days);
  const int64_t months = date.year * 12 + date.month - 1 + interval.months;
  const int64_t year = vector::FloorDivide(months, 12);
  const int64_t month = vector::FloorModulo(months, 12) + 1;
  const int64_t day = std::min(date.day, vector::DaysOfMonth(year, month));
  return vector::DaysFromCivil({year, month, day}) + interval.days;
}

// Rounded down.
int64_t WholeDays(vector::Int128 time, int64_t per_day) {
  const auto cut = static_cast<int64_t>(time / per_day);
  return cut - int64_t{time < vector::Int128{cut} * per_day};
}

// A timestamp and an interval; the time of the latter counts in whole ticks.
std::optional<int64_t> AddTo(int64_t days, int64_t of_day, const Interval& interval,
                             int64_t per_second) {
  if (!vector::TimestampOf(days, of_day, per_second).has_value()) return std::nullopt;
  const int64_t per_day = vector::kDaySeconds * per_second;
  const vector::Int128 time = of_day + interval.nanoseconds / (1'000'000'000 / per_second);
  const int64_t whole = WholeDays(time, per_day);
  const auto rest = static_cast<int64_t>(time - vector::Int128{whole} * per_day);
  return vector::TimestampOf(AddDays(days, interval) + whole, rest, per_second);
}

// Of a date the whole days of the interval's time count only.
std::optional<int32_t> AddTo(int32_t days, const Interval& interval) {
  constexpr int64_t kDayNanos = vector::kDaySeconds * 1'000'000'000;
  return vector::DateOf(AddDays(days, interval) + WholeDays(interval.nanoseconds, kDayNanos));
}

constexpr int64_t Infinity(bool positive) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  return positive ? most : -most;
}

// of(value, interval) for every row where neither is NULL; an error where that is nullopt.
template <typename From, typename To, typename Of>
Result<vector::Column> PlusRows(const plan::Expression& call, const Arguments& arguments,
                                int64_t length, Of&& of) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<To>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  const vector::Column& in = arguments[0];
  const Intervals intervals(call, arguments[1]);
  To* to = vector::MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = To{};
    if (valid != nullptr && valid->data()[i] == 0) continue;
    const std::optional<To> value = of(in.values<From>()[in.is_constant() ? 0 : i], intervals[i]);
    if (!value.has_value()) {
      return base::Invalid("{} has no result of type {}", ValueText(in, i),
                           call.type()->ToString());
    }
    to[i] = *value;
  }
  return vector::Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

}  // namespace

Result<vector::Column> IntervalKernel(const plan::Expression& call, const Arguments& arguments,
                                      int64_t length) {
  if (call.type()->id() == Type::DATE32) {
    return PlusRows<int32_t, int32_t>(
        call, arguments, length, [](int32_t days, const Interval& interval) {
          return vector::IsInfinite(days) ? std::optional(days) : AddTo(days, interval);
        });
  }
  const int64_t per_second = vector::TicksPerSecond(*call.type());
  if (arguments[0].type()->id() == Type::TIMESTAMP) {
    const int64_t per_day = vector::kDaySeconds * per_second;
    return PlusRows<int64_t, int64_t>(
        call, arguments, length, [&](int64_t ticks, const Interval& interval) {
          if (vector::IsInfinite(ticks)) return std::optional(ticks);
          return AddTo(vector::FloorDivide(ticks, per_day), vector::FloorModulo(ticks, per_day),
                       interval, per_second);
        });
  }
  return PlusRows<int32_t, int64_t>(call, arguments, length,
                                    [&](int32_t days, const Interval& interval) {
                                      if (vector::IsInfinite(days))
                                        return std::optional(Infinity(days > 0));
                                      return AddTo(days, 0, interval, per_second);
                                    });
}

}  // namespace skyhook::exec
