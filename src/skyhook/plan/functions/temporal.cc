// Fields of dates and timestamps.
#include <array>

#include "skyhook/plan/functions/rules.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Type;
using Field = CallOptions::DateField;

bool IsTimeField(Field field) { return field >= Field::kHour && field <= Field::kNanosecond; }

Result<TypePtr> Extract(const CallShape& call) {
  const arrow::DataType& type = *call.type(0);
  if (IsZoned(type)) return NoSuchCall(call, "cast to a timestamp without zone first");
  const bool time_field = IsTimeField(call.options.date_field);
  if (IsTime(type)) {
    if (!time_field) return NoSuchCall(call, "a time of day has no such field");
    return arrow::int64();
  }
  if (!IsTemporal(type)) return NoSuchCall(call);
  if (type.id() == Type::DATE32 && time_field) return NoSuchCall(call, "a date has no time of day");
  return arrow::int64();
}

bool IsTruncatable(Field field) {
  switch (field) {
    case Field::kYear:
    case Field::kQuarter:
    case Field::kMonth:
    case Field::kWeek:
    case Field::kDay:
    case Field::kHour:
    case Field::kMinute:
    case Field::kSecond:
    case Field::kMillisecond:
    case Field::kMicrosecond:
    case Field::kIsoYear:
    case Field::kDecade:
    case Field::kCentury:
    case Field::kMillennium:
      return true;
    default:
      return false;
  }
}

Result<TypePtr> DateTrunc(const CallShape& call) {
  if (!IsTemporal(*call.type(0))) return NoSuchCall(call);
  if (IsZoned(*call.type(0))) return NoSuchCall(call, "cast to a timestamp without zone first");
  if (!IsTruncatable(call.options.date_field)) {
    return NoSuchCall(call,
                      std::string("nothing is cut to a ") + DateFieldName(call.options.date_field));
  }
  return call.type(0);
}

bool ExtractionFails(const Expression& call) {
  const Field field = call.options().date_field;
  const bool week = field == Field::kWeek || field == Field::kIsoYear;
  return field > Field::kEpochSecond || (week && call.arguments()[0]->type()->id() == Type::DATE32);
}

constexpr std::array kEntries = {
    CatalogueEntry{
        .function = Function::kExtract,
        .family = Family::kTemporal,
        .name = "extract",
        .takes = "(date, timestamp without zone, or time) -> int64",
        .definition =
            "The field that date_field names, in the proleptic Gregorian calendar with a year 0. "
            "Weeks and isoyear are those of ISO 8601; those of dates in a year that begins before "
            "the first date are an error. A decade is a tenth of the year, cut towards 0; century "
            "and millennium count from 1 and, before the year 1, from -1; era is 0 before the year "
            "1. millisecond, microsecond and nanosecond hold the seconds of the minute too. Epochs "
            "count from 1970-01-01, rounded down; one that does not fit is an error. The greatest "
            "date or timestamp stands for infinity and its negative for minus infinity: their "
            "fields are NULL.",
        .options = "date_field",
        .duckdb = "extract, date_part, year, month, ..., epoch_us, epoch_ns",
        .pyarrow =
            "year, month, day, quarter, iso_week, iso_year, day_of_year, hour, minute, second",
        .differs = "Zoned timestamps are cast first; DuckDB takes the session's zone for them. Its "
                   "epoch_ms is rounded towards 1970. pyarrow has no infinite dates.",
        .rule = Extract,
        .can_fail = ExtractionFails,
    },
    CatalogueEntry{
        .function = Function::kDateTrunc,
        .family = Family::kTemporal,
        .name = "date_trunc",
        .takes = "(date) -> date; (timestamp without zone) -> the same",
        .definition =
            "The start of the field that date_field names; weeks and isoyears start on Mondays. "
            "Decades, centuries and millennia start in the years that 10, 100 and 1000 divide; of "
            "those before the year 0 that is their last year. A date has no time to cut. An error "
            "where the start is outside the type, or the day of a timestamp does not begin within "
            "it. The infinite dates and timestamps stay.",
        .options = "date_field",
        .duckdb = "date_trunc of timestamps without zone; of dates, cast to TIMESTAMP",
        .pyarrow = "floor_temporal, for fields of a day and less",
        .rule = DateTrunc,
        .can_fail = MayFail,
    },
};

}  // namespace

bool IsTime(const arrow::DataType& type) {
  return type.id() == Type::TIME32 || type.id() == Type::TIME64;
}

bool IsTemporal(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

bool IsZoned(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

std::span<const CatalogueEntry> TemporalEntries() { return kEntries; }

}  // namespace skyhook::plan
