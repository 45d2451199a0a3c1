// Days, dates and clock ticks: the arithmetic that date functions share.
#pragma once

#include <arrow/type.h>

#include <cstdint>

namespace skyhook::exec {

constexpr int64_t kDaySeconds = 86'400;

/// a / b rounded towards negative infinity; b > 0.
constexpr int64_t FloorDivide(int64_t a, int64_t b) { return a / b - int64_t{a % b < 0}; }

struct CivilDate {
  int64_t year;
  int64_t month;  // 1..12
  int64_t day;    // 1..31
};

/// The proleptic Gregorian date of a day number; 1970-01-01 is 0.
CivilDate CivilFromDays(int64_t days);
int64_t DaysFromCivil(const CivilDate& date);

/// Ticks of a timestamp type in one second.
int64_t TicksPerSecond(const arrow::DataType& timestamp);

}  // namespace skyhook::exec
