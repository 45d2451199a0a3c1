// Fields, starts of periods and arithmetic of dates and times. Pinned values are DuckDB 1.5.6's;
// of what it does not have (dates as sums, other units) Python's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "skyhook/exec/kernels/call_testing.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using arrow::TimeUnit;
using plan::CallOptions;
using plan::Function;
using testing::FailsWith;
using testing::Require;
using Field = CallOptions::DateField;

constexpr char kTimestamps[] =
    R"(["2024-12-30 13:14:15.678901", "1969-12-31 23:59:58.123456", null])";

CallOptions With(Field field) {
  CallOptions options;
  options.date_field = field;
  return options;
}

arrow::Result<Texts> Extract(Field field, const std::shared_ptr<arrow::Array>& values) {
  return CallOver(Function::kExtract, values, {}, With(field));
}

arrow::Result<Texts> Truncate(Field field, const std::shared_ptr<arrow::Array>& values) {
  return CallOver(Function::kDateTrunc, values, {}, With(field));
}

plan::ExpressionPtr Interval(int32_t months, int32_t days, int64_t nanoseconds) {
  return testing::Lit(std::make_shared<arrow::MonthDayNanoIntervalScalar>(
      arrow::MonthDayNanoIntervalType::MonthDayNanos{months, days, nanoseconds}));
}

// The fourth is 15 June of the year -5, the fifth the last day of the year 0.
TEST(TemporalKernels, FieldsOfDates) {
  const auto dates = DatesOf({"2024-12-30", "1999-12-31", "0001-01-01", "-721189", "-719163",
                              "2147483647", "-2147483647"});
  const auto fields = [&](Field field) { return Require(Extract(field, dates)); };
  const Texts rest = {"NULL", "NULL", "NULL"};
  const auto with_rest = [&](Texts texts) {
    texts.insert(texts.end(), rest.begin(), rest.end());
    return texts;
  };
  EXPECT_EQ(fields(Field::kYear), with_rest({"2024", "1999", "1", "-5", "0"}));
  EXPECT_EQ(fields(Field::kIsoYear), with_rest({"2025", "1999", "1", "-5", "0"}));
  EXPECT_EQ(fields(Field::kWeek), with_rest({"1", "52", "1", "24", "52"}));
  EXPECT_EQ(fields(Field::kQuarter), with_rest({"4", "4", "1", "2", "4"}));
  EXPECT_EQ(fields(Field::kDayOfYear), with_rest({"365", "365", "1", "166", "366"}));
  EXPECT_EQ(fields(Field::kDecade), with_rest({"202", "199", "0", "0", "0"}));
  EXPECT_EQ(fields(Field::kCentury), with_rest({"21", "20", "1", "-1", "-1"}));
  EXPECT_EQ(fields(Field::kMillennium), with_rest({"3", "2", "1", "-1", "-1"}));
  EXPECT_EQ(fields(Field::kEra), with_rest({"1", "1", "1", "0", "0"}));
  EXPECT_EQ(fields(Field::kEpochMicrosecond),
            with_rest({"1735516800000000", "946598400000000", "-62135596800000000",
                       "-62310729600000000", "-62135683200000000"}));
}

TEST(TemporalKernels, FieldsOfTimestamps) {
  const auto values = ArrayOf(arrow::timestamp(TimeUnit::MICRO), kTimestamps);
  const auto fields = [&](Field field) { return Require(Extract(field, values)); };
  EXPECT_EQ(fields(Field::kDay), (Texts{"30", "31", "NULL"}));
  EXPECT_EQ(fields(Field::kHour), (Texts{"13", "23", "NULL"}));
  EXPECT_EQ(fields(Field::kMinute), (Texts{"14", "59", "NULL"}));
  EXPECT_EQ(fields(Field::kSecond), (Texts{"15", "58", "NULL"}));
  EXPECT_EQ(fields(Field::kMillisecond), (Texts{"15678", "58123", "NULL"}));
  EXPECT_EQ(fields(Field::kMicrosecond), (Texts{"15678901", "58123456", "NULL"}));
  EXPECT_EQ(fields(Field::kNanosecond), (Texts{"15678901000", "58123456000", "NULL"}));
  EXPECT_EQ(fields(Field::kEpochSecond), (Texts{"1735564455", "-2", "NULL"}));
  EXPECT_EQ(fields(Field::kEpochMillisecond), (Texts{"1735564455678", "-1877", "NULL"}));
  EXPECT_EQ(fields(Field::kEpochNanosecond), (Texts{"1735564455678901000", "-1876544000", "NULL"}));
}

TEST(TemporalKernels, FieldsOfTimesInEveryUnit) {
  const auto fields = [](const std::shared_ptr<arrow::DataType>& type, int64_t ticks) {
    Texts out;
    for (Field field : {Field::kHour, Field::kMinute, Field::kSecond, Field::kMillisecond,
                        Field::kMicrosecond, Field::kNanosecond}) {
      out.push_back(Require(Extract(field, ArrayOf(type, fmt::format("[{}]", ticks))))[0]);
    }
    return out;
  };
  EXPECT_EQ(fields(arrow::time32(TimeUnit::SECOND), 47'655),
            (Texts{"13", "14", "15", "15000", "15000000", "15000000000"}));
  EXPECT_EQ(fields(arrow::time32(TimeUnit::MILLI), 47'655'678),
            (Texts{"13", "14", "15", "15678", "15678000", "15678000000"}));
  EXPECT_EQ(fields(arrow::time64(TimeUnit::NANO), 47'655'678'901'234),
            (Texts{"13", "14", "15", "15678", "15678901", "15678901234"}));
}

TEST(TemporalKernels, FieldsThatDoNotExistAreErrorsThatNameTheValue) {
  const auto far = ArrayOf(arrow::timestamp(TimeUnit::SECOND), R"(["9999-12-31", null])");
  EXPECT_EQ(Require(Extract(Field::kEpochMicrosecond, far)), (Texts{"253402214400000000", "NULL"}));
  EXPECT_THAT(Extract(Field::kEpochNanosecond, far),
              FailsWith(arrow::StatusCode::Invalid, "9999-12-31 00:00:00 has no result"));
  // The last day of a year that begins before the first date, by weeks, and the first after it.
  EXPECT_THAT(Extract(Field::kWeek, ArrayOf(arrow::date32(), "[-2147483454]")),
              FailsWith(arrow::StatusCode::Invalid, "-2147483454"));
  EXPECT_EQ(Require(Extract(Field::kWeek, ArrayOf(arrow::date32(), "[-2147483453, null]"))),
            (Texts{"1", "NULL"}));
}

TEST(TemporalKernels, StartsOfPeriodsOfTimestamps) {
  // 2024-12-30, 15 March of the year -43, and before 1970.
  const auto values = ArrayOf(
      arrow::timestamp(TimeUnit::MICRO),
      R"(["2024-12-30 13:14:15.678901", -63517737600000001, "1969-12-31 23:59:59.999999", null])");
  const auto starts = [&](Field field) {
    const auto type = arrow::timestamp(TimeUnit::MICRO);
    const auto texts = Require(Truncate(field, values));
    EXPECT_EQ(texts[3], "NULL");
    return Texts(texts.begin(), texts.end() - 1);
  };
  EXPECT_EQ(starts(Field::kYear),
            (Texts{"2024-01-01 00:00:00.000000", "-0043-01-01 00:00:00.000000",
                   "1969-01-01 00:00:00.000000"}));
  EXPECT_EQ(starts(Field::kWeek),
            (Texts{"2024-12-30 00:00:00.000000", "-0043-03-11 00:00:00.000000",
                   "1969-12-29 00:00:00.000000"}));
  EXPECT_EQ(starts(Field::kIsoYear),
            (Texts{"2024-12-30 00:00:00.000000", "-0044-12-31 00:00:00.000000",
                   "1969-12-29 00:00:00.000000"}));
  EXPECT_EQ(starts(Field::kDecade),
            (Texts{"2020-01-01 00:00:00.000000", "-0040-01-01 00:00:00.000000",
                   "1960-01-01 00:00:00.000000"}));
  EXPECT_EQ(starts(Field::kMillennium),
            (Texts{"2000-01-01 00:00:00.000000", "0000-01-01 00:00:00.000000",
                   "1000-01-01 00:00:00.000000"}));
  EXPECT_EQ(starts(Field::kHour),
            (Texts{"2024-12-30 13:00:00.000000", "-0043-03-15 23:00:00.000000",
                   "1969-12-31 23:00:00.000000"}));
  EXPECT_EQ(starts(Field::kMillisecond),
            (Texts{"2024-12-30 13:14:15.678000", "-0043-03-15 23:59:59.999000",
                   "1969-12-31 23:59:59.999000"}));
}

TEST(TemporalKernels, StartsOfPeriodsOfDatesAreDates) {
  const auto values = DatesOf({"2024-12-30", "1969-12-31", "2147483647"});
  const Texts same = {"2024-12-30", "1969-12-31", "<value out of range: 2147483647>", "NULL"};
  EXPECT_EQ(Require(Truncate(Field::kQuarter, values)),
            (Texts{"2024-10-01", "1969-10-01", same[2], "NULL"}));
  EXPECT_EQ(Require(Truncate(Field::kWeek, values)),
            (Texts{"2024-12-30", "1969-12-29", same[2], "NULL"}));
  EXPECT_EQ(Require(Truncate(Field::kHour, values)), same);
}

TEST(TemporalKernels, StartsOutsideTheTypeAreErrors) {
  EXPECT_THAT(Truncate(Field::kYear, ArrayOf(arrow::date32(), "[-2147483600]")),
              FailsWith(arrow::StatusCode::Invalid, "-2147483600"));
  // The first day of timestamps is not whole.
  const auto first = ArrayOf(arrow::timestamp(TimeUnit::NANO), "[-9223372036854775000]");
  EXPECT_THAT(Truncate(Field::kSecond, first),
              FailsWith(arrow::StatusCode::Invalid, "has no result of type timestamp[ns]"));
  EXPECT_EQ(Require(Truncate(Field::kMicrosecond,
                             ArrayOf(arrow::timestamp(TimeUnit::MICRO), "[-9223372036854775000]"))),
            (Texts{"<value out of range: -9223372036854775000>"}));
}

TEST(TemporalKernels, DatesAndIntervals) {
  const auto dates = DatesOf({"2024-01-31", "2023-01-31", "2147483647"});
  const auto sum = [&](const plan::ExpressionPtr& interval,
                       const std::shared_ptr<arrow::DataType>& type = nullptr) {
    return Require(CallOver(Function::kAdd, dates, {interval}, {}, type));
  };
  const std::string infinite = "<value out of range: 2147483647>";
  EXPECT_EQ(sum(Interval(1, 0, 0)),
            (Texts{"2024-02-29 00:00:00.000000", "2023-02-28 00:00:00.000000",
                   "<value out of range: 9223372036854775807>", "NULL"}));
  EXPECT_EQ(sum(Interval(1, 0, 0), arrow::date32()),
            (Texts{"2024-02-29", "2023-02-28", infinite, "NULL"}));
  EXPECT_EQ(sum(Interval(-11, 1, -1), arrow::date32()),
            (Texts{"2023-02-28", "2022-02-28", infinite, "NULL"}));
  EXPECT_EQ(sum(Interval(0, 0, 49 * 3'600'000'000'000), arrow::date32()),
            (Texts{"2024-02-02", "2023-02-02", infinite, "NULL"}));
}

TEST(TemporalKernels, TimestampsAndIntervals) {
  const auto type = arrow::timestamp(TimeUnit::NANO);
  const auto values = ArrayOf(type, R"(["2024-03-31 00:30:00", null])");
  EXPECT_EQ(Require(CallOver(Function::kSubtract, values, {Interval(1, 1, 3'600'000'000'001)})),
            (Texts{"2024-02-27 23:29:59.999999999", "NULL"}));
  EXPECT_THAT(
      CallOver(Function::kSubtract, ArrayOf(type, R"(["1677-09-22"])"), {Interval(0, 0, 1)}),
      FailsWith(arrow::StatusCode::Invalid, "1677-09-22 00:00:00.000000000 has no result"));
}

TEST(TemporalKernels, TheLeastIntervalIsSubtracted) {
  const auto least = Interval(0, 0, std::numeric_limits<int64_t>::min());
  const auto epoch = ArrayOf(arrow::timestamp(TimeUnit::MICRO), "[0]");
  EXPECT_EQ(Require(CallOver(Function::kSubtract, epoch, {least})),
            Texts{"2262-04-11 23:47:16.854775"});
  EXPECT_EQ(Require(CallOver(Function::kSubtract, ArrayOf(arrow::date32(), "[0]"), {least}, {},
                             arrow::date32())),
            Texts{"2262-04-11"});
}

TEST(TemporalKernels, SumsOutsideTheTypeAreErrors) {
  const auto last = ArrayOf(arrow::date32(), "[2147483646]");
  EXPECT_THAT(CallOver(Function::kAdd, last, {Interval(0, 1, 0)}, {}, arrow::date32()),
              FailsWith(arrow::StatusCode::Invalid, "has no result of type date32"));
  const auto one = testing::Lit(std::make_shared<arrow::Int32Scalar>(1));
  EXPECT_THAT(CallOver(Function::kAdd, last, {one}),
              FailsWith(arrow::StatusCode::Invalid, "do not give a date"));
  const auto late = ArrayOf(arrow::date32(), "[106751992]");
  EXPECT_THAT(CallOver(Function::kSubtract, late, {Interval(0, 1, 0)}),
              FailsWith(arrow::StatusCode::Invalid, "has no result of type timestamp[us]"));
  const auto infinite = ArrayOf(arrow::date32(), "[2147483647, -2147483647]");
  EXPECT_EQ(Require(CallOver(Function::kSubtract, infinite, {one})),
            (Texts{"<value out of range: 2147483647>", "<value out of range: -2147483647>"}));
}

}  // namespace
}  // namespace skyhook::exec
