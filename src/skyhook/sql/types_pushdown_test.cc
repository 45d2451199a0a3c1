// Columns of types that DuckDB has under another name, computed with inside the scan; and those of
// which it means something else, which stay in DuckDB.
#include <arrow/array/builder_decimal.h>
#include <arrow/compute/api.h>

#include "skyhook/sql/differential_testing.h"
#include "skyhook/sql/value_maker_testing.h"

namespace skyhook::sql {
namespace {

constexpr int kRows = 120;

class TypesPushdownTest : public DifferentialTest {
 protected:
  template <typename Builder, typename Make>
  void Add(const std::string& name, Builder builder, Make&& make) {
    for (int i = 0; i < kRows; ++i) {
      Require(maker_.Below(8) == 0 ? builder.AppendNull() : builder.Append(make()));
    }
    columns_.emplace_back(name, Require(builder.Finish()));
  }

  ValueMaker maker_{20261125};
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns_;
};

TEST_F(TypesPushdownTest, Halves) {
  for (const char* name : {"h", "g"}) {
    Add(name, arrow::HalfFloatBuilder(), [&] {
      return maker_.Below(2) == 0 ? static_cast<uint16_t>(maker_.Bits())
                                  : static_cast<uint16_t>(0x3C00 + maker_.Below(9) * 256);
    });
  }
  Write(columns_);
  for (const char* call :
       {"h", "h + g", "h * g", "-h", "abs(h)", "h > g", "h = g", "h <= 1.5", "h IS DISTINCT FROM g",
        "h IN (1.0, 2.0)", "isnan(h)", "round(h)", "CAST(h AS DOUBLE)", "CAST(h AS BIGINT)"}) {
    ExpectSame(call);
  }
}

TEST_F(TypesPushdownTest, FixedBytes) {
  for (const int width : {3, 16}) {
    Add(fmt::format("b{}", width), arrow::FixedSizeBinaryBuilder(arrow::fixed_size_binary(width)),
        [&] {
          std::string bytes(static_cast<size_t>(width), '\0');
          for (char& byte : bytes) byte = static_cast<char>(maker_.Below(3) - 1);
          return bytes;
        });
  }
  Write(columns_);
  for (const char* call : {"b3", "b16", R"(b3 > '\x00\x00\x00'::BLOB)", "b3 = b16",
                           R"(b3 IN ('\x00\x01\xFF'::BLOB, 'a'::BLOB))", "b3 IS NULL"}) {
    ExpectSame(call);
  }
}

TEST_F(TypesPushdownTest, NarrowDecimalsInWideOnes) {
  Add("w", arrow::Decimal256Builder(arrow::decimal256(20, 2)),
      [&] { return arrow::Decimal256(maker_.Decimal(20)); });
  Write(columns_);
  for (const char* call : {"w", "w + 1", "w > 0", "CAST(w AS DOUBLE)", "CAST(w AS VARCHAR)"}) {
    ExpectSame(call);
  }
}

TEST_F(TypesPushdownTest, NullsAreIntegers) {
  columns_.emplace_back("n", Require(arrow::MakeArrayOfNull(arrow::null(), kRows)));
  Write(columns_);
  EXPECT_EQ(
      RowsOfQuery(*connection_, fmt::format("SELECT count(*), count(n), min(n) FROM '{}' WHERE "
                                            "n IS NULL",
                                            directory_.File("t.arrow"))),
      std::vector<std::string>{"120, 0, NULL"});
}

TEST_F(TypesPushdownTest, DurationsAndIntervalsStay) {
  Add("d",
      arrow::DurationBuilder(arrow::duration(arrow::TimeUnit::NANO), arrow::default_memory_pool()),
      [&] { return int64_t{maker_.Below(4)} * 999; });
  Add("i", arrow::MonthDayNanoIntervalBuilder(), [&] {
    return arrow::MonthDayNanoIntervalType::MonthDayNanos{maker_.Below(2), maker_.Below(2) * 30, 0};
  });
  Add("t",
      arrow::TimestampBuilder(arrow::timestamp(arrow::TimeUnit::MICRO),
                              arrow::default_memory_pool()),
      [&] { return int64_t{maker_.Below(1 << 30)}; });
  Write(columns_);
  for (const char* call : {"d", "i", "i = INTERVAL '1 month'", "d > INTERVAL '1 microsecond'",
                           "i IN (INTERVAL '30 days', INTERVAL '2 days')", "t + i", "t - d"}) {
    ExpectKept(call);
  }
  // A month and 30 days are one group, and durations differ by microseconds.
  const std::string file = directory_.File("t.arrow");
  EXPECT_EQ(
      RowsOfQuery(*connection_, fmt::format("SELECT count(DISTINCT i), count(DISTINCT d) FROM "
                                            "'{}'",
                                            file)),
      std::vector<std::string>{"3, 3"});
  EXPECT_EQ(
      RowsOfQuery(*connection_, fmt::format("SELECT count(*) FROM (SELECT i FROM '{}' WHERE i "
                                            "IS NOT NULL GROUP BY i)",
                                            file)),
      std::vector<std::string>{"3"});
  EXPECT_EQ(RowsOfQuery(*connection_, fmt::format("SELECT count(*) FROM '{}' WHERE i = INTERVAL '1 "
                                                  "month'",
                                                  file)),
            RowsOfQuery(*connection_, fmt::format("SELECT count(*) FROM '{}' WHERE i + INTERVAL '0 "
                                                  "days' = INTERVAL '30 days'",
                                                  file)));
}

// DuckDB writes DELTA_BINARY_PACKED with differences of 33 bits, which Arrow's decoder refuses.
TEST_F(TypesPushdownTest, DeltasOf32BitNumbersMayHaveMoreBits) {
  const std::string file = directory_.File("deltas.parquet");
  Ask(*connection_,
      fmt::format("COPY (SELECT i, CASE i % 3 WHEN 0 THEN -2147483648 WHEN 1 THEN "
                  "2147483647 ELSE i END::INTEGER AS a, CASE i % 2 WHEN 0 THEN "
                  "4294967295 ELSE i END::UINTEGER AS b FROM range(100) t(i)) TO '{}' "
                  "(FORMAT parquet, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1)",
                  file));
  EXPECT_EQ(RowsOfQuery(*connection_, fmt::format("SELECT a, b FROM '{}' WHERE i < 4", file)),
            (std::vector<std::string>{"-2147483648, 4294967295", "2147483647, 1", "2, 4294967295",
                                      "-2147483648, 3"}));
  // 34 * -2147483648 + 33 * 2147483647 + (2 + 5 + ... + 98); 50 * 4294967295 + (1 + 3 + ... + 99).
  EXPECT_EQ(RowsOfQuery(*connection_,
                        fmt::format("SELECT sum(a)::BIGINT, sum(b)::BIGINT FROM '{}'", file)),
            (std::vector<std::string>{"-2147482031, 214748367250"}));
}

TEST_F(TypesPushdownTest, WideDecimalsArePassedOver) {
  Add("w", arrow::Decimal256Builder(arrow::decimal256(40, 2)),
      [&] { return arrow::Decimal256(maker_.Decimal(38)); });
  Write(columns_);
  const std::string file = directory_.File("t.arrow");
  EXPECT_EQ(RowsOfQuery(*connection_, fmt::format("SELECT count(*), max(id) FROM '{}'", file)),
            std::vector<std::string>{"120, 119"});
  for (const char* query : {"SELECT w FROM '{}'", "SELECT id FROM '{}' ORDER BY w LIMIT 3",
                            "SELECT count(*) FROM '{}' WHERE w > '1'"}) {
    auto stream = connection_->Query(fmt::format(fmt::runtime(query), file));
    const auto status = stream.ok() ? (*stream)->ToTable().status() : stream.status();
    EXPECT_THAT(status.ToString(), ::testing::HasSubstr("decimal256(40, 2)")) << query;
  }
}

}  // namespace
}  // namespace skyhook::sql
