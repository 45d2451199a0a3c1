// Functions of dates and timestamps inside the scan give what DuckDB gives over the same rows.
#include <arrow/array/builder_primitive.h>

#include "skyhook/sql/differential_testing.h"
#include "skyhook/sql/value_maker_testing.h"

namespace skyhook::sql {
namespace {

constexpr int kRows = 120;

class TemporalPushdownTest : public DifferentialTest {
 protected:
  void AddTimestamps(const std::string& name, arrow::TimeUnit::type unit) {
    Add(name, MakeColumn<arrow::TimestampType>(&maker_, arrow::timestamp(unit), kRows,
                                               [this] { return maker_.Timestamp(); }));
  }
  void AddDates(const std::string& name) {
    Add(name, MakeColumn<arrow::Date32Type>(&maker_, arrow::date32(), kRows,
                                            [this] { return maker_.Date(); }));
  }
  void Add(const std::string& name, std::shared_ptr<arrow::Array> array) {
    columns_.emplace_back(name, std::move(array));
  }
  void WriteColumns() { Write(columns_); }

  ValueMaker maker_{20261124};
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns_;
};

constexpr const char* kDayParts[] = {"year",    "quarter",    "month", "week",    "day",
                                     "dow",     "isodow",     "doy",   "isoyear", "decade",
                                     "century", "millennium", "era",   "yearweek"};
constexpr const char* kClockParts[] = {"hour", "minute", "second", "millisecond", "microsecond"};

TEST_F(TemporalPushdownTest, PartsOfDates) {
  AddDates("d");
  WriteColumns();
  for (const char* part : kDayParts) ExpectSame(fmt::format("date_part('{}', d)", part));
  for (const char* name : {"year", "month", "day", "dayofweek", "weekday", "dayofyear",
                           "weekofyear", "century", "epoch_ms", "epoch_us", "epoch_ns"}) {
    ExpectSame(fmt::format("{}(d)", name));
  }
  for (const char* call : {"epoch(d)", "julian(d)", "hour(d)"}) ExpectKept(call);
}

TEST_F(TemporalPushdownTest, PartsOfTimestamps) {
  AddTimestamps("s", arrow::TimeUnit::SECOND);
  AddTimestamps("ms", arrow::TimeUnit::MILLI);
  AddTimestamps("us", arrow::TimeUnit::MICRO);
  AddTimestamps("ns", arrow::TimeUnit::NANO);
  WriteColumns();
  for (const auto& [column, array] : columns_) {
    for (const char* part : kDayParts) {
      ExpectSame(fmt::format("date_part('{}', {})", part, column));
    }
    for (const char* part : kClockParts) {
      ExpectSame(fmt::format("date_part('{}', {})", part, column));
    }
    ExpectSame(fmt::format("epoch_ms({})", column));
    ExpectSame(fmt::format("epoch_us({})", column));
  }
  ExpectSame("epoch_ns(us)");
  ExpectSame("nanosecond(us)");
  ExpectKept("epoch_ns(ns)");
  ExpectKept("nanosecond(ns)");
  ExpectKept("epoch(us)");
}

TEST_F(TemporalPushdownTest, PartsOfTimes) {
  Add("t",
      MakeColumn<arrow::Time64Type>(&maker_, arrow::time64(arrow::TimeUnit::MICRO), kRows, [this] {
        return static_cast<int64_t>(maker_.Bits() % 86'400'000'001);
      }));
  WriteColumns();
  for (const char* part : kClockParts) ExpectSame(fmt::format("date_part('{}', t)", part));
  ExpectSame("nanosecond(t)");
  ExpectKept("epoch_us(t)");
}

TEST_F(TemporalPushdownTest, Truncation) {
  AddDates("d");
  AddTimestamps("ms", arrow::TimeUnit::MILLI);
  AddTimestamps("us", arrow::TimeUnit::MICRO);
  AddTimestamps("ns", arrow::TimeUnit::NANO);
  WriteColumns();
  for (const auto& [column, array] : columns_) {
    for (const char* part : kDayParts) {
      if (std::string_view(part) == "era") continue;
      ExpectSame(fmt::format("date_trunc('{}', {})", part, column));
    }
    for (const char* part : kClockParts) {
      ExpectSame(fmt::format("date_trunc('{}', {})", part, column));
    }
    ExpectSame(fmt::format("date_trunc('epoch', {})", column));
  }
}

TEST_F(TemporalPushdownTest, DaysAndIntervals) {
  AddDates("d");
  AddDates("e");
  AddTimestamps("us", arrow::TimeUnit::MICRO);
  Add("n", MakeColumn<arrow::Int32Type>(&maker_, arrow::int32(), kRows,
                                        [this] { return maker_.Integer<int32_t>(); }));
  WriteColumns();
  for (const char* call : {"d + n", "n + d", "d - n", "d - e", "d + 1"}) ExpectSame(call);
  for (const char* interval :
       {"1 month", "-1 month", "13 months", "400 years", "-400 years", "1000000 years", "1 day",
        "-40 days", "400000000 days", "1 hour", "-1 microsecond", "25 hours", "-49 hours",
        "1 month 2 days 03:04:05.678901", "-1 month 31 days -00:00:00.000001"}) {
    ExpectSame(fmt::format("d + INTERVAL '{}'", interval));
    ExpectSame(fmt::format("d - INTERVAL '{}'", interval));
    ExpectSame(fmt::format("us + INTERVAL '{}'", interval));
    ExpectSame(fmt::format("us - INTERVAL '{}'", interval));
  }
  ExpectSame("INTERVAL '1 month' + us");
  ExpectKept("us + INTERVAL '1000001 years'");
  ExpectKept("d + INTERVAL '400000001 days'");
  ExpectKept("us + to_days(n)");
}

}  // namespace
}  // namespace skyhook::sql
