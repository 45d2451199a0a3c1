#include "skyhook/vector/calendar.h"

#include <array>

namespace skyhook::vector {

// Both directions count in eras of 400 years that begin on 1 March, so that the leap day is an
// era's last.
CivilDate CivilFromDays(int64_t days) {
  const int64_t shifted = days + 719'468;
  const int64_t era = FloorDivide(shifted, 146'097);
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + int64_t{month <= 2}, month, day};
}

int64_t DaysFromCivil(const CivilDate& date) {
  const int64_t year = date.year - int64_t{date.month <= 2};
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t shifted_month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

int64_t DaysOfMonth(int64_t year, int64_t month) {
  static constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<size_t>(month - 1)] + int64_t{month == 2 && leap};
}

bool IsCivil(const CivilDate& date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
         date.day <= DaysOfMonth(date.year, date.month);
}

// Day 0 was a Thursday.
int64_t IsoDayOfWeek(int64_t days) { return FloorModulo(days + 3, 7) + 1; }

int64_t IsoYear(int64_t days) {
  const int64_t thursday = days - IsoDayOfWeek(days) + 4;
  return CivilFromDays(thursday).year;
}

int64_t IsoYearStart(int64_t iso_year) {
  const int64_t fourth = DaysFromCivil({iso_year, 1, 4});
  return fourth - IsoDayOfWeek(fourth) + 1;
}

int64_t TicksPerSecond(const arrow::DataType& type) {
  static constexpr std::array<int64_t, 4> kTicks = {1, 1000, 1'000'000, 1'000'000'000};
  const auto unit = type.id() == arrow::Type::TIMESTAMP
                        ? static_cast<const arrow::TimestampType&>(type).unit()
                        : static_cast<const arrow::TimeType&>(type).unit();
  return kTicks[static_cast<size_t>(unit)];
}

std::optional<int32_t> DateOf(int64_t days) {
  const auto date = static_cast<int32_t>(days);
  if (date != days || IsInfinite(date)) return std::nullopt;
  return date;
}

std::optional<int64_t> TimestampOf(int64_t days, int64_t of_day, int64_t ticks_per_second) {
  int64_t ticks = 0;
  if (__builtin_mul_overflow(days, kDaySeconds * ticks_per_second, &ticks) ||
      __builtin_add_overflow(ticks, of_day, &ticks) || IsInfinite(ticks)) {
    return std::nullopt;
  }
  return ticks;
}

}  // namespace skyhook::vector
