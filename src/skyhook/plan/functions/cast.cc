// Conversions between types.
#include <array>

#include "skyhook/plan/functions/rules.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Type;

// Types that are written as text and read back.
bool IsWritten(const arrow::DataType& type) {
  return IsNumeric(type) || type.id() == Type::BOOL || type.id() == Type::DATE32 || IsTime(type) ||
         (type.id() == Type::TIMESTAMP && !IsZoned(type));
}

bool IsCast(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to)) return true;
  if (IsNumeric(from) && IsNumeric(to)) return true;
  if (from.id() == Type::BOOL) return IsNumeric(to) || IsText(to);
  if (to.id() == Type::BOOL) return IsNumeric(from) || IsText(from);
  if (IsText(from)) return IsWritten(to);
  if (IsText(to)) return IsWritten(from);
  if (IsTemporal(from)) return IsTemporal(to) || (from.id() == Type::TIMESTAMP && IsTime(to));
  return IsTime(from) && IsTime(to);
}

Result<TypePtr> Cast(const CallShape& call) {
  if (call.wanted == nullptr) return NoSuchCall(call, "it needs a type to cast to");
  if (!IsCast(*call.type(0), *call.wanted)) {
    return NoSuchCall(call, "to " + call.wanted->ToString());
  }
  return call.wanted;
}

constexpr int64_t kMicros = 1'000'000;

int64_t TicksPerSecond(const arrow::DataType& timestamp) {
  static constexpr std::array<int64_t, 4> kTicks = {1, 1'000, 1'000'000, 1'000'000'000};
  return kTicks[static_cast<size_t>(static_cast<const arrow::TimestampType&>(timestamp).unit())];
}

bool TemporalCastFails(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == Type::DATE32) return !IsText(to);
  if (IsText(to) || IsTime(to)) return true;  // what is outside a day; infinite timestamps
  if (IsZoned(from) || IsZoned(to)) return true;
  const int64_t ticks = TicksPerSecond(from);
  if (to.id() == Type::DATE32) return ticks < kMicros;
  return TicksPerSecond(to) > ticks;
}

bool CastFails(const Expression& call) {
  const arrow::DataType& from = *call.arguments()[0]->type();
  const arrow::DataType& to = *call.type();
  if (from.Equals(to)) return false;
  if (IsText(from)) return true;
  if (IsTemporal(from) || IsTime(from)) return TemporalCastFails(from, to);
  if (IsText(to) || to.id() == Type::BOOL) return false;
  if (from.id() == Type::BOOL) return IsDecimal(to) && ShapeOf(to).precision == ShapeOf(to).scale;
  if (IsFloat(from)) return !(from.id() == Type::FLOAT && to.id() == Type::DOUBLE);
  if (IsFloat(to)) {
    if (to.id() == Type::DOUBLE || !IsWideDecimal(from)) return false;
    return ShapeOf(from).precision - ShapeOf(from).scale > 38;
  }
  const DecimalShape a = ShapeOf(from);
  const DecimalShape b = ShapeOf(to);
  if (IsInteger(from) && IsInteger(to)) {
    const bool same_sign =
        arrow::is_unsigned_integer(from.id()) == arrow::is_unsigned_integer(to.id());
    return !(same_sign && b.precision >= a.precision) &&
           !(arrow::is_unsigned_integer(from.id()) && b.precision > a.precision);
  }
  if (IsInteger(to)) return true;
  // Rounding away digits may carry into one more whole digit.
  const int carry = b.scale < a.scale ? 1 : 0;
  return b.precision - b.scale < a.precision - a.scale + carry;
}

constexpr std::string_view kTakes = "among numbers, booleans, text, dates, times and timestamps";

constexpr std::array kEntries = {
    CatalogueEntry{
        .function = Function::kCast,
        .family = Family::kCast,
        .name = "cast",
        .takes = kTakes,
        .definition =
            "The value in another type, or an error where it does not fit. "
            "Decimals are rounded half away from zero, floats half to even to integers and half "
            "away from zero to decimals; a float below the least integer fails, though it might "
            "round to it. Of decimals with more digits than a float holds, the whole part and the "
            "fraction are converted apart; those of more than 38 digits become the nearest float, "
            "and floats become them without being rounded before. false is 0, true 1, and every "
            "number "
            "but 0 true. "
            "A timestamp becomes the date or the time of day it lies in, and one of a coarser unit "
            "rounded down, as times do. Seconds and milliseconds are converted by way of "
            "microseconds, dates to them too: what these do not hold is an error. The greatest "
            "date or timestamp stands for infinity and its negative for minus infinity; they stay "
            "that, but have no time of day, nor those of milliseconds a date. Between a timestamp "
            "with and one without zone, the latter is the wall clock of the zone; one that the "
            "zone skips or has twice is an error. "
            "Numbers are written with all digits of a decimal's scale, floats with the fewest that "
            "give them back: 1.0, 1e-05, 1e+16, -0.0, inf, nan; dates and times as 2024-02-29, "
            "0044-03-15 (BC), 23:59:59.5, 2024-02-29 23:59:59.5, infinity; booleans as true and "
            "false. "
            "A number is read from a sign, digits with single underscores between them, a "
            "fraction and an exponent, with spaces around it, and rounded half away from zero; "
            "integers also from 0x or 0b and digits, floats also from inf, infinity and nan. "
            "Integers take 64 bits and the first digit of the fraction for that, as DuckDB does; "
            "too large a float is infinite. A boolean is true, t, yes, y, 1 or false, f, no, n, 0 "
            "in any case. A date is 2024-2-9, with '-', '/', '\\' or ' ', and may be followed by "
            "(BC) and by anything but a digit; or epoch, infinity or inf. A time is 9:05, or "
            "9:05:00.5 and anything after it, up to 24:00, or that of a timestamp. A timestamp is "
            "a date, or a date, ' ' or T, and a time, Z, UTC or an offset, which is passed over, "
            "but for nanoseconds. It is rounded half away from 1970 to seconds and milliseconds; "
            "else digits below the unit are cut off.",
        .duckdb = "CAST, of timestamps with zone to another zone: timezone(zone, t)",
        .pyarrow = "cast among integers; local_timestamp, assume_timezone",
        .differs = "DuckDB misreads floats and decimals with underscores or exponents, writes some "
                   "FLOATs with too many digits and 2^81, 2^91 and 2^807 wrongly, rounds "
                   "timestamps and times to coarser units, takes true to 0.01 as DECIMAL(2, 2) and "
                   "FLOAT to DECIMAL by way of FLOAT; 127.5 is -128 as its TINYINT. pyarrow's cast "
                   "refuses fractions, writes floats in other forms, and has no infinite dates.",
        .rule = Cast,
        .can_fail = CastFails,
    },
    CatalogueEntry{
        .function = Function::kTryCast,
        .family = Family::kCast,
        .name = "try_cast",
        .takes = kTakes,
        .definition = "cast, with NULL in place of the error.",
        .duckdb = "TRY_CAST",
        .differs = "DuckDB's TRY_CAST of timestamps fails with most of their errors.",
        .rule = Cast,
        .can_fail = NeverFails,
    },
};

}  // namespace

std::span<const CatalogueEntry> CastEntries() { return kEntries; }

}  // namespace skyhook::plan
