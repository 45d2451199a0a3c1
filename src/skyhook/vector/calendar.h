// Days, dates and clock ticks: the arithmetic that date functions share.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace skyhook::vector {

constexpr int64_t kDaySeconds = 86'400;

/// a / b rounded towards negative infinity; b > 0.
constexpr int64_t FloorDivide(int64_t a, int64_t b) { return a / b - int64_t{a % b < 0}; }
/// What that leaves, in [0, b).
constexpr int64_t FloorModulo(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }

/// The greatest date32 or timestamp stands for infinity and its negative for minus infinity, as in
/// DuckDB, whose tables and files may hold them.
template <typename T>
constexpr bool IsInfinite(T value) {
  return value == std::numeric_limits<T>::max() || value == -std::numeric_limits<T>::max();
}

struct CivilDate {
  int64_t year;
  int64_t month;  // 1..12
  int64_t day;    // 1..31
};

/// The proleptic Gregorian date of a day number; 1970-01-01 is 0.
CivilDate CivilFromDays(int64_t days);
int64_t DaysFromCivil(const CivilDate& date);
bool IsCivil(const CivilDate& date);
int64_t DaysOfMonth(int64_t year, int64_t month);

/// 1 on Monday to 7 on Sunday.
int64_t IsoDayOfWeek(int64_t days);
/// The year of ISO 8601, to which the days of a week belong that has most days in it.
int64_t IsoYear(int64_t days);
/// The Monday on which that year begins.
int64_t IsoYearStart(int64_t iso_year);

/// Ticks in one second of a time or timestamp type.
int64_t TicksPerSecond(const arrow::DataType& type);

/// `days` as a date32, or nullopt when it is outside the type or stands for infinity.
std::optional<int32_t> DateOf(int64_t days);
/// The timestamp `of_day` ticks into a day, 0 <= of_day <= a day's ticks; nullopt when the day does
/// not begin within the type, when the sum is outside it, or stands for infinity.
std::optional<int64_t> TimestampOf(int64_t days, int64_t of_day, int64_t ticks_per_second);

}  // namespace skyhook::vector
