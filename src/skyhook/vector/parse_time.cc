#include "skyhook/vector/parse_time.h"

#include <limits>

#include "skyhook/vector/calendar.h"
#include "skyhook/vector/parse_characters.h"

namespace skyhook::vector {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kDayMicros = kDaySeconds * kMicros;

// What is left of a text while it is read.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}

  bool AtEnd() const { return left_.empty(); }
  bool AtDigit() const { return !AtEnd() && IsDigit(left_[0]); }
  std::string_view left() const { return left_; }
  void Skip(size_t count) { left_.remove_prefix(count); }
  void SkipSpace() { left_ = SkipSpaces(left_); }

  bool Take(char c) {
    if (AtEnd() || left_[0] != c) return false;
    Skip(1);
    return true;
  }
  int TakeDigit() {
    const int digit = left_[0] - '0';
    Skip(1);
    return digit;
  }
  /// A number of one or two digits, or -1.
  int TakeUpToTwoDigits() {
    if (!AtDigit()) return -1;
    const int first = TakeDigit();
    return AtDigit() ? first * 10 + TakeDigit() : first;
  }
  /// A number of two digits; false, and nothing is taken, when there is none.
  bool TakeTwoDigits(int* number) {
    if (left_.size() < 2 || !IsDigit(left_[0]) || !IsDigit(left_[1])) return false;
    *number = TakeDigit() * 10;
    *number += TakeDigit();
    return true;
  }

 private:
  std::string_view left_;
};

// The whole word, or its first `abbreviated` letters at the end of the text.
bool TakeWord(std::string_view word, size_t abbreviated, Cursor* cursor) {
  const size_t length = cursor->left().size() < word.size() ? abbreviated : word.size();
  const bool rest_ends = length == word.size() || cursor->left().size() == length;
  if (!rest_ends || !IsWord(cursor->left().substr(0, length), word.substr(0, length))) return false;
  cursor->Skip(length);
  return true;
}

std::optional<int32_t> TakeSpecialDate(bool negative, Cursor* cursor) {
  int32_t days = 0;
  if (TakeWord("infinity", 3, cursor)) {
    days = std::numeric_limits<int32_t>::max();
    if (negative) days = -days;
  } else if (!TakeWord("epoch", 5, cursor)) {
    return std::nullopt;
  }
  cursor->SkipSpace();
  return cursor->AtEnd() ? std::optional(days) : std::nullopt;
}

bool TakeBeforeChrist(Cursor* cursor) {
  const std::string_view left = cursor->left();
  if (left.size() < 5 || !IsSpace(left[0]) || !IsWord(left.substr(1, 4), "(bc)")) return false;
  cursor->Skip(5);
  return true;
}

std::optional<int64_t> TakeYear(Cursor* cursor) {
  int64_t year = 0;
  while (cursor->AtDigit()) {
    if (year >= 100'000'000) return std::nullopt;
    year = year * 10 + cursor->TakeDigit();
  }
  return year;
}

// "-MM-DD" with one of the separators.
bool TakeMonthAndDay(Cursor* cursor, CivilDate* date) {
  static constexpr std::string_view kSeparators = " -/\\";
  if (cursor->AtEnd()) return false;
  const char separator = cursor->left()[0];
  if (kSeparators.find(separator) == std::string_view::npos) return false;
  cursor->Skip(1);
  date->month = cursor->TakeUpToTwoDigits();
  if (date->month < 0 || !cursor->Take(separator)) return false;
  date->day = cursor->TakeUpToTwoDigits();
  return date->day >= 0;
}

// `special` when it is a word, which ends the text.
std::optional<int32_t> TakeDate(Cursor* cursor) {
  cursor->SkipSpace();
  const bool negative = cursor->Take('-');
  if (!cursor->AtDigit()) return TakeSpecialDate(negative, cursor);
  const std::optional<int64_t> year = TakeYear(cursor);
  CivilDate date{};
  if (!year.has_value() || !TakeMonthAndDay(cursor, &date)) return std::nullopt;
  date.year = negative ? -*year : *year;
  if (TakeBeforeChrist(cursor)) {
    if (negative || date.year == 0) return std::nullopt;
    date.year = 1 - date.year;
  }
  if (cursor->AtDigit() || !IsCivil(date)) return std::nullopt;
  const auto days = DateOf(DaysFromCivil(date));
  // DuckDB's dates begin after those that stand for minus infinity.
  return days.has_value() && *days > -std::numeric_limits<int32_t>::max() ? days : std::nullopt;
}

// A time since midnight, or longer.
struct ClockTime {
  int64_t micros;
  int64_t nanos;  // below a microsecond
};

// The fraction of a second in nanoseconds; further digits are passed over.
int64_t TakeFraction(Cursor* cursor) {
  int64_t nanos = 0;
  if (!cursor->Take('.')) return 0;
  for (int64_t unit = 100'000'000; cursor->AtDigit(); unit /= 10) {
    nanos += cursor->TakeDigit() * unit;
  }
  return nanos;
}

// "H:M:S.F"; what is missing after a colon, and seconds with theirs, is 0.
std::optional<ClockTime> TakeTime(Cursor* cursor) {
  cursor->SkipSpace();
  int64_t hour = 0;
  int digits = 0;
  while (cursor->AtDigit()) {
    if (++digits > 9) return std::nullopt;
    hour = hour * 10 + cursor->TakeDigit();
  }
  if (digits == 0 || !cursor->Take(':')) return std::nullopt;
  const int minute = cursor->AtEnd() ? 0 : cursor->TakeUpToTwoDigits();
  if (minute < 0 || minute >= 60) return std::nullopt;
  int second = 0;
  if (!cursor->AtEnd()) {
    if (!cursor->Take(':')) return std::nullopt;
    second = cursor->AtEnd() ? 0 : cursor->TakeUpToTwoDigits();
    if (second < 0 || second >= 60) return std::nullopt;
  }
  const int64_t nanos = TakeFraction(cursor);
  const int64_t seconds = (hour * 60 + minute) * 60 + second;
  return ClockTime{seconds * kMicros + nanos / 1000, nanos % 1000};
}

// "+HH", "+HHMM", "+HH:MM" or "+HH:MM:SS" in seconds.
std::optional<int64_t> TakeOffset(Cursor* cursor) {
  Cursor ahead = *cursor;
  const bool negative = ahead.Take('-');
  int hours = 0;
  if ((!negative && !ahead.Take('+')) || !ahead.TakeTwoDigits(&hours)) return std::nullopt;
  int minutes = 0;
  int seconds = 0;
  const bool colon = ahead.Take(':');
  if (ahead.TakeTwoDigits(&minutes) && colon && ahead.Take(':')) ahead.TakeTwoDigits(&seconds);
  *cursor = ahead;
  const int64_t offset = (int64_t{hours} * 60 + minutes) * 60 + seconds;
  return negative ? -offset : offset;
}

bool IsZoneCharacter(char c) {
  const char lower = Lowered(c);
  return IsDigit(c) || (lower >= 'a' && lower <= 'z') ||
         std::string_view("_/+-:").find(c) != std::string_view::npos;
}

// What may follow the time: "Z", an offset (its seconds in `offset`), or " UTC"; then spaces.
bool TakeZone(Cursor* cursor, int64_t* offset) {
  if (cursor->AtEnd()) return true;
  bool utc = true;
  if (!cursor->Take('Z')) {
    if (const auto seconds = TakeOffset(cursor); seconds.has_value()) {
      *offset = *seconds;
    } else {
      if (!cursor->Take(' ')) return false;
      size_t length = 0;
      const std::string_view left = cursor->left();
      while (length < left.size() && IsZoneCharacter(left[length])) ++length;
      utc = length == 0 || IsWord(left.substr(0, length), "utc");
      cursor->Skip(length);
    }
  }
  cursor->SkipSpace();
  return utc && cursor->AtEnd();
}

struct Instant {
  int64_t micros;  // may be infinite
  int64_t nanos;   // below a microsecond
  int64_t offset;  // seconds east of UTC, not counted in
};

std::optional<Instant> TakeInstant(std::string_view text) {
  Cursor cursor(text);
  const std::optional<int32_t> date = TakeDate(&cursor);
  if (!date.has_value()) return std::nullopt;
  if (IsInfinite(*date)) {
    const int64_t most = std::numeric_limits<int64_t>::max();
    return Instant{*date > 0 ? most : -most, 0, 0};
  }
  Instant instant{0, 0, 0};
  ClockTime time{0, 0};
  if (!cursor.AtEnd()) {
    if (!cursor.Take(' ')) cursor.Take('T');
    const std::optional<ClockTime> read = TakeTime(&cursor);
    if (!read.has_value() || read->micros > kDayMicros) return std::nullopt;
    time = *read;
  }
  const auto micros = TimestampOf(*date, time.micros, kMicros);
  if (!micros.has_value() || !TakeZone(&cursor, &instant.offset)) return std::nullopt;
  instant.micros = *micros;
  instant.nanos = time.nanos;
  return instant;
}

// As DuckDB does it: halves away from 1970, of what is left of microseconds in half units.
int64_t RoundedTo(int64_t micros, int64_t unit) {
  const int64_t halves = micros / (unit / 2);
  return (halves < 0 ? halves - 1 : halves + 1) / 2;
}

std::optional<int64_t> Nanoseconds(const Instant& instant) {
  int64_t ticks = 0;
  if (__builtin_sub_overflow(instant.micros, instant.offset * kMicros, &ticks)) return std::nullopt;
  if (IsInfinite(ticks)) return ticks;
  if (__builtin_mul_overflow(ticks, int64_t{1000}, &ticks) ||
      __builtin_add_overflow(ticks, instant.nanos, &ticks) || IsInfinite(ticks)) {
    return std::nullopt;
  }
  return ticks;
}

}  // namespace

std::optional<int32_t> ReadDate(std::string_view text) {
  Cursor cursor(text);
  return TakeDate(&cursor);
}

std::optional<int64_t> ReadTime(std::string_view text, int64_t ticks_per_second) {
  Cursor cursor(text);
  std::optional<ClockTime> time = TakeTime(&cursor);
  if (time.has_value() && time->micros > kDayMicros) return std::nullopt;
  if (!time.has_value()) {
    const std::optional<Instant> instant = TakeInstant(text);
    if (!instant.has_value() || IsInfinite(instant->micros)) return std::nullopt;
    time = ClockTime{FloorModulo(instant->micros, kDayMicros), instant->nanos};
  }
  if (ticks_per_second > kMicros) return time->micros * 1000 + time->nanos;
  return time->micros / (kMicros / ticks_per_second);
}

std::optional<int64_t> ReadTimestamp(std::string_view text, int64_t ticks_per_second) {
  const std::optional<Instant> instant = TakeInstant(text);
  if (!instant.has_value()) return std::nullopt;
  if (ticks_per_second > kMicros) return Nanoseconds(*instant);
  if (IsInfinite(instant->micros) || ticks_per_second == kMicros) return instant->micros;
  return RoundedTo(instant->micros, kMicros / ticks_per_second);
}

}  // namespace skyhook::vector
