#include "skyhook/plan/filter_text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/statistics.h"
#include "skyhook/plan/types.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::plan {
namespace {

using arrow::StatusCode;
using testing::FailsWith;
using testing::Require;

const std::shared_ptr<arrow::Schema>& Input() {
  static const auto schema = EngineSchema(*arrow::schema({
      arrow::field("flag", arrow::boolean()),
      arrow::field("tiny", arrow::int8()),
      arrow::field("b", arrow::int64()),
      arrow::field("ub", arrow::uint64()),
      arrow::field("other", arrow::int64()),
      arrow::field("f", arrow::float32()),
      arrow::field("d", arrow::float64()),
      arrow::field("price", arrow::decimal128(15, 2)),
      arrow::field("huge", arrow::decimal128(38, 30)),
      arrow::field("s", arrow::utf8()),
      arrow::field("date", arrow::date32()),
      arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("ts_s", arrow::timestamp(arrow::TimeUnit::SECOND)),
      arrow::field("ts_ns", arrow::timestamp(arrow::TimeUnit::NANO)),
      arrow::field("tz", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("list", arrow::list(arrow::int32())),
      arrow::field("bytes", arrow::binary()),
      arrow::field("wide", arrow::decimal256(40, 2)),
      arrow::field("Twice", arrow::int32()),
      arrow::field("twice", arrow::int32()),
      arrow::field("order by \"x\"", arrow::int32()),
      arrow::field("größe", arrow::int32()),
  }));
  return schema;
}

arrow::Result<ExpressionPtr> Parse(std::string_view text) { return ParseFilter(text, *Input()); }

std::string Printed(std::string_view text) { return Require(Parse(text))->ToString(Input().get()); }

void ExpectInvalid(std::string_view text, const std::string& message) {
  EXPECT_THAT(Parse(text), FailsWith(StatusCode::Invalid, message)) << text;
}

/// The literal that "column = written" compares with.
std::shared_ptr<arrow::Scalar> Compared(const std::string& column, const std::string& written) {
  const auto equal = Require(Parse(fmt::format("{} = {}", column, written)));
  EXPECT_EQ(equal->function(), Function::kEqual);
  EXPECT_EQ(equal->arguments()[0]->kind(), Expression::Kind::kColumn);
  return equal->arguments()[1]->literal();
}

TEST(ParseFilter, OrBindsLooserThanAndAndThatThanNot) {
  EXPECT_EQ(Printed("b = 1 OR b = 2 AND NOT tiny = 3"),
            "((b = 1) OR ((b = 2) AND (NOT (tiny = 3))))");
  EXPECT_EQ(Printed("(b = 1 OR b = 2) AND b = 3"), "(((b = 1) OR (b = 2)) AND (b = 3))");
  EXPECT_EQ(Printed("b BETWEEN 1 AND 2 AND flag"), "((b >= 1) AND (b <= 2) AND flag)");
  EXPECT_EQ(Printed("NOT NOT flag"), "(NOT (NOT flag))");
  EXPECT_EQ(Printed("NOT flag IS NULL"), "(NOT (flag IS NULL))");
  EXPECT_EQ(Printed("((((b = 1))))"), "(b = 1)");
}

TEST(ParseFilter, ComparesColumnsAndLiterals) {
  EXPECT_EQ(Printed("b=-1"), "(b = -1)");
  EXPECT_EQ(Printed("b <> + 1"), "(b <> 1)");
  EXPECT_EQ(Printed("b != 1"), "(b <> 1)");
  EXPECT_EQ(Printed("b<other"), "(b < other)");
  EXPECT_EQ(Printed("5 < b"), "(b > 5)");
  EXPECT_EQ(Printed("5 >= b"), "(b <= 5)");
  EXPECT_EQ(Printed("5 = b"), "(b = 5)");
  EXPECT_EQ(Printed("flag = TRUE"), "(flag = true)");
  EXPECT_EQ(Printed("false <> flag"), "(flag <> false)");
  EXPECT_EQ(Printed("True"), "true");
  EXPECT_EQ(Printed("flag"), "flag");
}

TEST(ParseFilter, ListsPatternsAndNull) {
  EXPECT_EQ(Printed("b IN (3, -1 ,2)"), "(b IN (3, -1, 2))");
  EXPECT_EQ(Printed("s NOT IN ('a')"), "(NOT (s IN ('a')))");
  EXPECT_EQ(Printed("b NOT BETWEEN 1 AND other"), "(NOT ((b >= 1) AND (b <= other)))");
  EXPECT_EQ(Printed("s LIKE 'it''s%'"), "(s LIKE 'it''s%')");
  EXPECT_EQ(Printed("s not like '_'"), "(NOT (s LIKE '_'))");
  EXPECT_EQ(Printed("list IS NULL"), "(list IS NULL)");
  EXPECT_EQ(Printed("bytes IS NOT NULL AND wide IS NULL"),
            "((bytes IS NOT NULL) AND (wide IS NULL))");
}

TEST(ParseFilter, NamesMatchInAnyCaseOrExactlyInQuotes) {
  EXPECT_EQ(Printed("B = 1 and FLAG"), "((b = 1) AND flag)");
  EXPECT_EQ(Printed("\"twice\" = 1"), "(twice = 1)");
  EXPECT_EQ(Printed("\"Twice\" = 1"), "(Twice = 1)");
  EXPECT_EQ(Printed("\"order by \"\"x\"\"\" = 1"), "(order by \"x\" = 1)");
  EXPECT_EQ(Printed("größe=1"), "(größe = 1)");
  EXPECT_EQ(Printed("date > '2024-01-31'"), "(date > '2024-01-31')");
  EXPECT_EQ(Printed("date > DATE'2024-01-31'"), "(date > '2024-01-31')");
  ExpectInvalid("twice = 1", "filter, character 1: the name 'twice' is that of 2 columns");
  ExpectInvalid("flag AND nowhere = 1", "filter, character 10: there is no column 'nowhere'");
  ExpectInvalid("\"FLAG\"", "filter, character 1: there is no column 'FLAG'");
  const auto same =
      arrow::schema({arrow::field("x", arrow::int32()), arrow::field("x", arrow::int32())});
  EXPECT_THAT(ParseFilter("\"x\" = 1", *same),
              FailsWith(StatusCode::Invalid, "character 1: the name 'x' is that of 2 columns"));
}

TEST(ParseFilter, LiteralsTakeTheTypeOfTheirColumn) {
  EXPECT_TRUE(Compared("tiny", "-128")->Equals(arrow::Int8Scalar(-128)));
  EXPECT_TRUE(Compared("b", "2.0")->Equals(arrow::Int64Scalar(2)));
  EXPECT_TRUE(Compared("b", "12e3")->Equals(arrow::Int64Scalar(12'000)));
  EXPECT_TRUE(Compared("b", "'7'")->Equals(arrow::Int64Scalar(7)));
  EXPECT_TRUE(Compared("ub", "18446744073709551615")->Equals(arrow::UInt64Scalar(~uint64_t{0})));
  EXPECT_TRUE(Compared("ub", "-0")->Equals(arrow::UInt64Scalar(0)));
  EXPECT_TRUE(Compared("f", "0.1")->Equals(arrow::FloatScalar(0.1F)));
  EXPECT_TRUE(Compared("d", ".1")->Equals(arrow::DoubleScalar(0.1)));
  EXPECT_TRUE(Compared("d", "0.30000000000000004")->Equals(arrow::DoubleScalar(0.1 + 0.2)));
  EXPECT_TRUE(Compared("d", "1.7976931348623157e308")
                  ->Equals(arrow::DoubleScalar(std::numeric_limits<double>::max())));
  EXPECT_TRUE(Compared("d", "'-Infinity'")
                  ->Equals(arrow::DoubleScalar(-std::numeric_limits<double>::infinity())));
  EXPECT_TRUE(std::isnan(static_cast<const arrow::FloatScalar&>(*Compared("f", "'NaN'")).value));
  EXPECT_TRUE(Compared("flag", "'TRUE'")->Equals(arrow::BooleanScalar(true)));
  EXPECT_TRUE(
      Compared("price", "-1.5")
          ->Equals(arrow::Decimal64Scalar(arrow::Decimal64(-150), arrow::decimal64(15, 2))));
  EXPECT_TRUE(
      Compared("price", "1.5000e1")
          ->Equals(arrow::Decimal64Scalar(arrow::Decimal64(1500), arrow::decimal64(15, 2))));
  EXPECT_TRUE(
      Compared("huge", "0.000000000000000000000000000001")
          ->Equals(arrow::Decimal128Scalar(arrow::Decimal128(1), arrow::decimal128(38, 30))));
  EXPECT_TRUE(Compared("s", "'a''b'")->Equals(arrow::StringViewScalar("a'b")));
  EXPECT_TRUE(Compared("date", "'1969-12-31'")->Equals(arrow::Date32Scalar(-1)));
}

TEST(ParseFilter, TimestampsInTheUnitOfTheirColumn) {
  const auto ticks = [](const std::string& column, const std::string& written) {
    const auto value = Compared(column, written);
    EXPECT_TRUE(value->type->Equals(*Input()->GetFieldByName(column)->type()));
    return static_cast<const arrow::TimestampScalar&>(*value).value;
  };
  EXPECT_EQ(ticks("ts", "'1970-01-02 00:00:01.5'"), 86'401'500'000);
  EXPECT_EQ(ticks("ts", "DATE '1970-01-02'"), 86'400'000'000);
  EXPECT_EQ(ticks("ts", "TIMESTAMP '1970-01-02'"), 86'400'000'000);
  EXPECT_EQ(ticks("ts_s", "timestamp '1970-01-02T00:00:01'"), 86'401);
  EXPECT_EQ(ticks("ts_ns", "'1970-01-01 00:00:00.123456789'"), 123'456'789);
  EXPECT_EQ(ticks("tz", "'1970-01-02 01:00:00+01:00'"), 86'400'000'000);
  EXPECT_EQ(ticks("tz", "'1970-01-02T00:00:00Z'"), 86'400'000'000);
}

TEST(ParseFilter, ValuesThatTheTypeLacksAreErrors) {
  ExpectInvalid("b = 2.5", "filter, character 5: column 'b': 2.5 is no BIGINT");
  ExpectInvalid("300 > tiny", "filter, character 1: column 'tiny': 300 is no TINYINT");
  ExpectInvalid("ub = -1", "character 6: column 'ub': -1 is no UBIGINT");
  ExpectInvalid("b = '2.5'", "'2.5' is no BIGINT");
  ExpectInvalid("b = 9223372036854775808", "9223372036854775808 is no BIGINT");
  ExpectInvalid(
      "b = 9007199254740993e0",
      "9007199254740993e0 is no BIGINT as a DOUBLE: write numbers here without exponents");
  ExpectInvalid("b = 1e999999999999999999999", "is no BIGINT");
  ExpectInvalid("b = 1e-999999999999999999999", "is no BIGINT");
  ExpectInvalid("b = 1e18446744073709551618", "is no BIGINT");  // 2 in 64 bits
  ExpectInvalid("price < 0.001", "0.001 is no DECIMAL(15, 2)");
  ExpectInvalid("price < 10000000000000", "10000000000000 is no DECIMAL(15, 2)");
  ExpectInvalid("huge = 1e-30", "1e-30 is no DECIMAL(38, 30) as a DOUBLE");
  ExpectInvalid("f = 1e-1", "column 'f': 1e-1 is no FLOAT as a DOUBLE");
  // A DOUBLE makes all of an IN or BETWEEN one.
  ExpectInvalid("f IN (0.1, 4e0)", "character 7: column 'f': 0.1 is no FLOAT as a DOUBLE");
  ExpectInvalid("f BETWEEN '0.1' AND 4e0",
                "character 11: column 'f': '0.1' is no FLOAT as a DOUBLE");
  ExpectInvalid("b IN (1e2, 9007199254740993)", "9007199254740993 is no BIGINT as a DOUBLE");
  ExpectInvalid("b BETWEEN other AND 1e2", "character 11: columns are compared here as DOUBLE");
  ExpectInvalid("huge NOT BETWEEN 2 AND 1e2", "column 'huge': 2 is no DECIMAL(38, 30) as a DOUBLE");
  ExpectInvalid("f = 1e39", "1e39 is no FLOAT");
  ExpectInvalid("d = 1e400", "1e400 is no DOUBLE");
  ExpectInvalid("d = 1e-400", "1e-400 is no DOUBLE");
  ExpectInvalid("d = 0.1234567890123456789", "write more than 18 digits with an exponent");
  ExpectInvalid("d = 'abc'", "'abc' is no DOUBLE");
  ExpectInvalid("flag = 1", "1 is no BOOLEAN");
  ExpectInvalid("flag = 'maybe'", "'maybe' is no BOOLEAN");
  ExpectInvalid("b = TRUE", "TRUE is no BIGINT");
  ExpectInvalid("s = 5", "5 is no VARCHAR: text stands in single quotes");
  ExpectInvalid("s IN ('a', DATE '2024-01-01')", "DATE '2024-01-01' is no VARCHAR");
  ExpectInvalid("date = '2023-02-29'", "'2023-02-29' is no DATE: write 'YYYY-MM-DD'");
  ExpectInvalid("date = '2023-02-28 12:00:00'", "is no DATE");
  ExpectInvalid("date = TIMESTAMP '2023-02-28'", "is no DATE");
  ExpectInvalid("date = 5", "5 is no DATE");
  ExpectInvalid("ts = '2024-01-01 25:00:00'", "is no TIMESTAMP: write 'YYYY-MM-DD hh:mm:ss'");
  ExpectInvalid("ts = '2024-01-01 00:00:00Z'", "is no TIMESTAMP");
  ExpectInvalid("ts = '2024-01-01 00:00:00.1234567'", "is no TIMESTAMP");
  ExpectInvalid("ts_s = '2024-01-01 00:00:00.5'", "is no TIMESTAMP_S");
  ExpectInvalid("ts_ns = TIMESTAMP '2024-01-01 00:00:00.123456789'", "is no TIMESTAMP_NS");
  ExpectInvalid("ts_ns = '2263-01-01'", "is no TIMESTAMP_NS");
  ExpectInvalid("tz = '2024-01-01 00:00:00'", "is no TIMESTAMP WITH TIME ZONE: write");
  ExpectInvalid("tz = '2024-01-01'", "is no TIMESTAMP WITH TIME ZONE");
  ExpectInvalid("tz = DATE '2024-01-01'", "is no TIMESTAMP WITH TIME ZONE");
  ExpectInvalid("tz = TIMESTAMP '2024-01-01 00:00:00Z'", "is no TIMESTAMP WITH TIME ZONE");
}

TEST(ParseFilter, ErrorsNameTheCharacter) {
  ExpectInvalid("", "filter, character 1: a condition is expected, not the end");
  ExpectInvalid("b = ", "filter, character 5: a column or a literal is expected, not the end");
  ExpectInvalid("b = 1 b = 2", "filter, character 7: AND, OR or the end is expected, not b");
  ExpectInvalid("b = 1 OR", "filter, character 9: a condition is expected, not the end");
  ExpectInvalid("(b = 1", "filter, character 7: ) is expected, not the end");
  ExpectInvalid("b = 1)", "filter, character 6: AND, OR or the end is expected, not )");
  ExpectInvalid("b",
                "filter, character 1: column 'b' is BIGINT, which is no condition: compare it");
  ExpectInvalid("b ILIKE 'x'", "filter, character 3: a comparison is expected, not ILIKE");
  ExpectInvalid("5", "filter, character 1: a column is expected, not the literal 5");
  ExpectInvalid("1 = 1", "filter, character 5: a column is expected, not the literal 1");
  ExpectInvalid("5 IN (5)", "filter, character 1: a column is expected, not the literal 5");
  ExpectInvalid("5 IS NULL", "filter, character 1: a column is expected, not the literal 5");
  ExpectInvalid("b = NULL", "character 5: nothing equals NULL: write IS NULL or IS NOT NULL");
  ExpectInvalid("b IN (1, NULL)", "character 10: nothing equals NULL");
  ExpectInvalid("b IN ()", "character 7: a literal is expected, not )");
  ExpectInvalid("b IN (other)", "character 7: IN takes literals only");
  ExpectInvalid("b IN (1 2)", "character 9: ) is expected, not 2");
  ExpectInvalid("b NOT 5", "character 7: IN, BETWEEN or LIKE is expected, not 5");
  ExpectInvalid("b BETWEEN 1 OR 2", "character 13: AND is expected, not OR");
  ExpectInvalid("b IS TRUE", "character 6: NULL is expected, not TRUE");
  ExpectInvalid("b LIKE '1'", "character 1: LIKE takes text, not the BIGINT of column 'b'");
  ExpectInvalid("s LIKE s", "character 8: a pattern in quotes is expected, not s");
  ExpectInvalid("s LIKE 'a!%' ESCAPE '!'", "character 14: AND, OR or the end is expected");
  ExpectInvalid("b = tiny",
                "character 5: column 'tiny' is TINYINT, which is not compared with BIGINT");
  ExpectInvalid("list = 1", "character 1: column 'list' is list<item: int32>, of which only IS");
  ExpectInvalid("bytes = bytes", "character 1: column 'bytes' is BLOB, of which only IS NULL");
  ExpectInvalid("'x' = bytes", "character 7: column 'bytes' is BLOB, of which only IS NULL");
  ExpectInvalid("wide IN (1)", "column 'wide' is DECIMAL(40, 2), of which only IS NULL");
  ExpectInvalid("b = --1", "character 6: a number is expected, not -");
  ExpectInvalid("b = 1_000", "character 5: column 'b': 1_000 is no number");
  ExpectInvalid("b = 1e", "1e is no number");
  ExpectInvalid("b = 1.2.3", "1.2.3 is no number");
  ExpectInvalid("b = 5 AND s = 'größer\" ", "character 15: the closing ' is missing");
  ExpectInvalid("s = 'größer' AND \"x", "character 18: the closing \" is missing");
  ExpectInvalid("date = DATE '2024", "character 13: the closing ' is missing");
  ExpectInvalid("b = 1;", "character 6: ; means nothing here");
  ExpectInvalid(std::string_view("b\0= 1", 5), "character 2: the byte 0x00 means nothing here");
  ExpectInvalid("b = \xff", "the filter is not valid UTF-8");
  ExpectInvalid("s = " + std::string(1000, '9'), std::string(60, '9') + "... is no VARCHAR");
}

TEST(ParseFilter, LengthDepthAndValuesAreLimited) {
  const auto spaces = [](size_t count) { return std::string(count, ' '); };
  EXPECT_EQ(Printed("flag" + spaces(kMaxFilterBytes - 4)), "flag");
  ExpectInvalid("flag" + spaces(kMaxFilterBytes - 3), "a filter of 65537 bytes, more than 65536");

  const auto nested = [](int parentheses, int negations) {
    std::string text;
    for (int i = 0; i < negations; ++i) text += "NOT ";
    return text + std::string(static_cast<size_t>(parentheses), '(') + "flag" +
           std::string(static_cast<size_t>(parentheses), ')');
  };
  EXPECT_EQ(Printed(nested(kMaxFilterDepth, 0)), "flag");
  EXPECT_THAT(Parse(nested(kMaxFilterDepth - 9, 9)), testing::IsOk());
  ExpectInvalid(nested(kMaxFilterDepth + 1, 0),
                "character 65: parentheses and NOT are nested deeper than 64");
  ExpectInvalid(nested(0, kMaxFilterDepth + 1), "nested deeper than 64");
  ExpectInvalid(nested(30'000, 0), "nested deeper than 64");
  // What is nested at one place does not count at the next.
  EXPECT_THAT(Parse(nested(40, 0) + " AND " + nested(40, 0)), testing::IsOk());

  const auto values = [](size_t count) {
    std::string text = "b IN (0";
    for (size_t i = 1; i < count; ++i) text += ",1";
    return text + ")";
  };
  EXPECT_EQ(Require(Parse(values(kMaxFilterValues)))->arguments().size(), 1 + kMaxFilterValues);
  ExpectInvalid(values(kMaxFilterValues + 1), "IN takes no more than 10000 values");
}

TEST(ParseFilter, LetsStatisticsDecide) {
  const StatisticsLookup ten_to_twenty = [](int) {
    ColumnStatistics out;
    out.min = std::make_shared<arrow::Int64Scalar>(10);
    out.max = std::make_shared<arrow::Int64Scalar>(20);
    out.num_rows = 100;
    out.null_count = 0;
    return out;
  };
  const auto verdict = [&](std::string_view text) {
    return Decide(*Require(Parse(text)), ten_to_twenty);
  };
  EXPECT_EQ(verdict("b < 10"), Verdict::kNever);
  EXPECT_EQ(verdict("21 <= b"), Verdict::kNever);
  EXPECT_EQ(verdict("b NOT BETWEEN 10 AND 20"), Verdict::kNever);
  EXPECT_EQ(verdict("b IN (9, 21)"), Verdict::kNever);
  EXPECT_EQ(verdict("b IS NULL"), Verdict::kNever);
  EXPECT_EQ(verdict("b >= 10 AND NOT b > 20"), Verdict::kAlways);
  EXPECT_EQ(verdict("b = 15"), Verdict::kMaybe);
}

const std::vector<std::string>& Valid() {
  static const std::vector<std::string> texts = {
      "b = 1 OR b = 2 AND NOT tiny = 3",
      "(b = 1 OR flag) AND s NOT LIKE 'it''s%' AND größe=1",
      "price BETWEEN -1.50 AND 2e3 AND d <> 1.5e-7",
      "\"order by \"\"x\"\"\" NOT IN (1, -2, 3) AND list IS NOT NULL",
      "date >= DATE '2024-01-01' AND ts < TIMESTAMP '2024-01-01 10:11:12.131415'",
      "tz > '2024-01-01T00:00:00+02' OR ts_ns = '1970-01-01 00:00:00.123456789' OR f > 'inf'",
      "TRUE <> flag OR 5 >= b AND (NOT NOT (flag IS NULL))",
  };
  return texts;
}

TEST(ParseFilter, WhatItGivesIsAFilterOfAPipeline) {
  for (const std::string& text : Valid()) {
    Pipeline pipeline = testing::Read(*Input(), {"b"});
    pipeline.filter = {Require(Parse(text))};
    EXPECT_THAT(Validate(pipeline), testing::IsOk()) << text;
  }
}

// A copy of exactly its size lets sanitizers see reads beyond its end.
arrow::Result<ExpressionPtr> ParseCopy(const std::string& text) {
  const std::vector<char> copy(text.begin(), text.end());
  return Parse({copy.data(), copy.size()});
}

TEST(ParseFilter, TakesAnyBytes) {
  std::mt19937 random(20261201);
  const auto below = [&](size_t bound) { return random() % bound; };
  int valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = Valid()[below(Valid().size())];
    const std::string& other = Valid()[below(Valid().size())];
    for (size_t left = 1 + below(3); left > 0; --left) {
      const size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + below(8));
          break;
        case 2:
          text.insert(at, other, below(other.size()), below(12));
          break;
        default:
          text[at] = "()'\"=<>,.-+eE09 \t"[below(17)];
      }
      if (text.empty()) break;
    }
    const auto parsed = ParseCopy(text);
    if (parsed.ok()) {
      ++valid;
      EXPECT_EQ((*parsed)->type()->id(), arrow::Type::BOOL);
      EXPECT_FALSE((*parsed)->ToString(Input().get()).empty());
    } else {
      EXPECT_THAT(parsed, FailsWith(StatusCode::Invalid, "filter")) << text;
    }
  }
  EXPECT_GT(valid, 200);
  EXPECT_LT(valid, 19'000);
}

}  // namespace
}  // namespace skyhook::plan
