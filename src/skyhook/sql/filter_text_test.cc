// Filters as text (plan/filter_text.h): the rows that a scan gives for one are those that DuckDB
// gives of its native table for the same text after WHERE.
#include "skyhook/plan/filter_text.h"

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/plan/typed_literal.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/query_testing.h"
#include "skyhook/sql/value_maker_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

constexpr int kRows = 1000;

// Each is NULL in rows of its own.
const std::vector<std::pair<std::string, std::string>> kColumns = {
    {"flag", "i % 2 = 0"},
    {"flag2", "i % 3 = 0"},
    {"i8", "(i % 256 - 128)::TINYINT"},
    {"i16", "(i * 60 - 30000)::SMALLINT"},
    {"i32", "(i * 4000000 - 2000000000)::INTEGER"},
    {"i64", "CASE WHEN i % 10 = 0 THEN 9007199254740992 + i ELSE i - 500 END::BIGINT"},
    {"i64b", "(500 - i)::BIGINT"},
    {"u8", "(i % 256)::UTINYINT"},
    {"u16", "(i * 65)::USMALLINT"},
    {"u32", "(i * 4200000)::UINTEGER"},
    {"u64", "CASE WHEN i % 5 = 0 THEN 18446744073709551615 - i ELSE i END::UBIGINT"},
    {"f32",
     "CASE WHEN i % 17 = 0 THEN 'NaN' WHEN i % 19 = 0 THEN '-inf' WHEN i % 23 = 0 THEN "
     "16777216 ELSE (i - 500) / 10 END::FLOAT"},
    {"f64",
     "CASE WHEN i % 17 = 0 THEN 'NaN' WHEN i % 19 = 0 THEN 'inf' WHEN i % 23 = 0 THEN "
     "-0.0 WHEN i % 29 = 0 THEN 9007199254740992 ELSE (i - 500) / 10 END::DOUBLE"},
    {"f64b", "CASE WHEN i % 34 = 0 THEN 'NaN' ELSE (i - 400) / 8 END::DOUBLE"},
    {"price", "((i - 500) * 0.25)::DECIMAL(15, 2)"},
    {"small", "(i % 100 * 0.1)::DECIMAL(4, 1)"},
    {"huge", "((i - 500) * 12345678901234567.89012::DECIMAL(30, 5))::DECIMAL(38, 5)"},
    {"s",
     "CASE i % 5 WHEN 0 THEN 'text ' || i WHEN 1 THEN 'it''s ' || i WHEN 2 THEN 'größe ' || "
     "i WHEN 3 THEN '' ELSE '100% _' END"},
    {"s2", "CASE WHEN i % 2 = 0 THEN 'text ' || i ELSE 'it' END"},
    {"day", "DATE '1969-06-01' + i::INTEGER"},
    {"ts", "TIMESTAMP '1969-12-20 00:00:00' + i * INTERVAL '3600.5 seconds'"},
    {"ts_s", "(TIMESTAMP '1969-12-20 00:00:00' + i * INTERVAL '1 hour')::TIMESTAMP_S"},
    {"ts_ms", "(TIMESTAMP '1969-12-20 00:00:00' + i * INTERVAL '1 hour')::TIMESTAMP_MS"},
    {"ts_ns", "make_timestamp_ns((i - 500) * 3600000000001)"},
    {"tz", "epoch_ms((i - 500) * 3600000)::TIMESTAMP AT TIME ZONE 'UTC'"},
    {"list", "[i]"},
    {"pair", "{'a': i}"},
    {"bytes", "encode('b' || i)"},
};

// Each holds for some of the rows, and not for others.
const std::vector<std::string> kConditions = {
    "flag",
    "NOT flag",
    "flag = TRUE AND flag2 <> FALSE",
    "flag = flag2",
    "flag < flag2 OR flag IS NULL",
    "NOT (flag AND flag2)",
    "NOT flag = flag2",
    "i8 > 100 OR i8 < -100 AND flag",
    "NOT s LIKE 't%' AND NOT flag",
    "flag = 'false'",
    "i8 = -128",
    "i8 <> 5 AND i8 < 100.0",
    "NOT i8 >= 7 OR flag2",
    "i16 BETWEEN -3000 AND 3000",
    "i16 NOT BETWEEN -3000 AND 1e2",
    "i32 > 1999999999 OR i32 <= -1.5e9",
    "0 < i32",
    "i64 = 9007199254740992",
    "i64 > 9007199254740992 AND i64 <= 9007199254741002",
    "i64 IN (1, 2, -3, 9007199254741002, 77)",
    "i64 NOT IN (1, 2, 3)",
    "i64 < i64b",
    "i64 BETWEEN i64b AND 200",
    "i64 = 1e2 OR i64 = -121.00",
    "i64 = '55'",
    "i64 IN (.5e1, 007, 1E+2, 12.)",
    "i64 = - 5 OR i64 = + 7",
    "NOT i64 BETWEEN -400 AND 400 AND NOT i64 IN (401, 402)",
    "u8 >= 255 OR u8 = 0",
    "u16 < 6500",
    "u32 = 4200000 OR u32 > 4000000000",
    "u64 > 18446744073709551000",
    "u64 IN (1, 18446744073709551615)",
    "f32 = 0.1 OR f32 = -49.9",
    "f32 > 10.3",
    "f32 = 16777217 OR f32 = 0.5",
    "f32 < 16777217.4",
    "f32 >= 'NaN'",
    "f32 < '-49.8' OR f32 = 'inf'",
    "f32 IN (0.1, 2, 3.5, 4)",
    "f32 IN (0.5, 2, 4e0, 'NaN', '-inf')",
    "f32 BETWEEN 0.5 AND 4e0",
    "f64 BETWEEN 1e-1 AND f64b",
    "f32 > 1.5e1 AND NOT f32 = 'nan'",
    "f64 = 0.1 OR f64 = -0.3 OR f64 = 3e-1",
    "f64 = 0",
    "f64 = 9007199254740993",
    "f64 < 9007199254740993.0",
    "f64 <> -0.0",
    "f64 = 'NaN'",
    "f64 > 1e300",
    "f64 >= f64b",
    "f64 NOT BETWEEN -10 AND 10.5",
    "f64 IN ('NaN', 1, 2.5)",
    "f64 NOT IN ('NaN', 1, 2.5)",
    "f64b <= -12.125",
    "price = 1.5 OR price = -2",
    "price >= 98.750 AND price < 1e2",
    "price IN (0, 0.25, -0.50)",
    "small < 3.1 AND small > .4",
    "huge > 4938271560493827156.04800",
    "huge = 12345678901234567.89012 OR huge <= -1000000000000000000",
    "huge NOT BETWEEN -1e0 AND 2000000000",
    "NOT huge > 0.0e0",
    "s = 'text 20'",
    "s > 'it''s' AND s < 'text'",
    "s IN ('', 'text 10', 'größe 2')",
    "s NOT IN ('', 'text 10')",
    "s LIKE 'text %5'",
    "s LIKE '%t%' AND s NOT LIKE '_t''s%'",
    "s LIKE 'gr__e 4_'",
    "s LIKE ''",
    "s LIKE 'TEXT %' OR s LIKE 'it%'",
    "s LIKE '100\\% _' OR s LIKE '100% \\_' OR s LIKE 'text 25'",
    "s = s2",
    "day = DATE '1970-01-01' OR day = '1969-12-31'",
    "day > '0000-03-01' AND day < DATE '9999-12-31'",
    "day < '1969-07-01' OR DATE '1971-10-01' <= day",
    "day BETWEEN '1970-01-01' AND DATE '1970-02-28'",
    "ts >= TIMESTAMP '1969-12-31 23:59:00' AND ts < '1970-01-02 00:00:00.5'",
    "ts < DATE '1970-01-01'",
    "ts = '1969-12-20T06:00:03'",
    "ts_s IN ('1970-01-01', TIMESTAMP '1970-01-01 01:00:00')",
    "ts_s > DATE '1970-01-03'",
    "ts_ms <= '1970-01-01 00:00:00.000'",
    "ts_ns = '1970-01-01 01:00:00.000000001' OR ts_ns > TIMESTAMP '1970-01-20 00:00:00.000001'",
    "tz >= '1970-01-01 00:00:00+00' AND tz < '1970-01-01T12:00:00+02:00'",
    "tz = '1970-01-02 00:00:00Z'",
    "list IS NULL",
    "pair IS NOT NULL AND bytes IS NULL",
    "s IS NULL OR f64 IS NULL",
    "(flag OR (i8 > 5 AND NOT (u8 < 100 OR s LIKE 't%'))) AND price IS NOT NULL",
    "i8 > 0 and I16 < 0 or NoT \"s\" = 'it''s 6'",
};

class FilterTextTest : public ::testing::Test {
 protected:
  FilterTextTest() {
    Do("SET TimeZone = 'UTC'");
    std::string columns = "i AS id";
    for (size_t at = 0; at < kColumns.size(); ++at) {
      columns += fmt::format(", CASE WHEN (i + {0}) % 11 <> 0 THEN {1} END AS {2}", at,
                             kColumns[at].second, kColumns[at].first);
    }
    Do(fmt::format("CREATE TABLE native AS SELECT {} FROM range({}) r(i)", columns, kRows));
    const auto table = Ask(*connection_, "FROM native ORDER BY id").table;
    skyhook::testing::WriteIpc(directory_.File("t.arrow"), *table, 300);
    skyhook::testing::ParquetLayout layout;
    layout.row_group_rows = 100;
    skyhook::testing::WriteParquet(directory_.File("t.parquet"), *table, layout);
  }

  void Do(const std::string& sql) { Ask(*connection_, sql); }

  std::vector<std::string> NativeRows(const std::string& condition) {
    return RowsOfQuery(*connection_, "SELECT id FROM native WHERE " + condition + " ORDER BY id");
  }

  std::vector<std::string> ScannedRows(const std::string& file, const std::string& condition) {
    const auto table = Require(client::OpenAlone(directory_.File(file)));
    plan::Pipeline pipeline = skyhook::testing::Read(*table->schema, {"id"});
    pipeline.filter = plan::Conjuncts(Require(plan::ParseFilter(condition, *pipeline.input)));
    Require(plan::Validate(pipeline));
    auto scan = Require(client::Scan::Make(table, std::move(pipeline), {}));
    return Rows(*Require(Require(client::ToReader(std::move(scan)))->ToTable()));
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
};

TEST_F(FilterTextTest, RowsAreThoseOfDuckDb) {
  for (const std::string& condition : kConditions) {
    const auto expected = NativeRows(condition);
    EXPECT_GT(expected.size(), 0u) << condition;
    EXPECT_LT(expected.size(), static_cast<size_t>(kRows)) << condition;
    for (const std::string file : {"t.arrow", "t.parquet"}) {
      EXPECT_EQ(ScannedRows(file, condition), expected) << file << ": " << condition;
    }
  }
}

TEST_F(FilterTextTest, AllRowsAndNone) {
  EXPECT_EQ(ScannedRows("t.parquet", "TRUE").size(), static_cast<size_t>(kRows));
  EXPECT_EQ(ScannedRows("t.parquet", "FALSE OR NOT TRUE"), std::vector<std::string>());
}

// Decimal numbers beside FLOAT and DOUBLE, and doubles, become what DuckDB's become.
TEST_F(FilterTextTest, FloatsAreRoundedAsDuckDbRoundsThem) {
  ValueMaker maker(20261201);
  const auto digits = [&](int most) {
    std::string text(static_cast<size_t>(1 + maker.Below(most)), '0');
    for (char& digit : text) digit = static_cast<char>('0' + maker.Below(10));
    return text;
  };
  const auto input =
      arrow::schema({arrow::field("f", arrow::float32()), arrow::field("d", arrow::float64())});
  std::vector<std::string> found;
  std::vector<std::string> texts;
  std::string query = "SELECT f, d FROM (VALUES (-1, 0::FLOAT, 0::DOUBLE)";
  int rounded = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = maker.Below(2) == 0 ? "-" : "";
    switch (maker.Below(4)) {
      case 0:
        text += digits(18);
        break;
      case 1:
        text += "0." + std::string(static_cast<size_t>(maker.Below(19)), '0') + digits(18);
        break;
      case 2:
        text += digits(9) + "." + digits(9);
        break;
      default:
        text += digits(17) + "." + digits(1);
    }
    const auto f = Require(plan::ParseFilter("f = " + text, *input))->arguments()[1]->literal();
    const auto d = Require(plan::ParseFilter("d = " + text, *input))->arguments()[1]->literal();
    rounded += static_cast<const arrow::DoubleScalar&>(*d).value != std::stod(text) ? 1 : 0;
    query += fmt::format(", ({}, ({})::FLOAT, ({})::DOUBLE)", i, text, text);
    found.push_back(fmt::format("{}, {}", f->ToString(), d->ToString()));
    texts.push_back(std::move(text));
  }
  const auto expected = RowsOfQuery(*connection_, query + ") t(i, f, d) WHERE i >= 0 ORDER BY i");
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], expected[i]) << texts[i];
  EXPECT_GT(rounded, 0) << "all of them the nearest";
}

}  // namespace
}  // namespace skyhook::sql
