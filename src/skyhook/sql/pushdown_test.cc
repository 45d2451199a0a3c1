// What the scans return when work is pushed into them, against pinned rows and native tables.
#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

using skyhook::testing::ParquetLayout;
using skyhook::testing::TableOf;
using skyhook::testing::WriteParquet;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool Pushed(const ScanAccount& account, PushedPart::Kind kind) {
  for (const PushedPart& part : account.pushed) {
    if (part.kind == kind) return true;
  }
  return false;
}

class PushdownTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::shared_ptr<arrow::Schema>& schema,
             const std::string& lines, const ParquetLayout& layout = {}) {
    WriteParquet(directory_.File(name), *TableOf(schema, lines), layout);
  }

  std::string Path(const std::string& name) { return "'" + directory_.File(name) + "'"; }

  Answer AskPath(const std::string& format, const std::string& name) {
    return Ask(*connection_, fmt::format(fmt::runtime(format), Path(name)));
  }

  // The rows with pushdown, which must be those without it.
  std::vector<std::string> RowsBothWays(const std::string& sql) {
    Ask(*connection_, "SET skyhook_pushdown = false");
    const auto plain = RowsOfQuery(*connection_, sql);
    Ask(*connection_, "SET skyhook_pushdown = true");
    const auto pushed = RowsOfQuery(*connection_, sql);
    EXPECT_EQ(pushed, plain) << sql;
    return pushed;
  }

  skyhook::testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
};

const auto kShapes = arrow::schema(
    {arrow::field("id", arrow::int32()), arrow::field("name", arrow::utf8()),
     arrow::field("price", arrow::decimal128(10, 2)), arrow::field("day", arrow::date32())});
constexpr char kRows[] =
    "1,circle,1.50,2024-01-01\n"
    "2,square,2.50,2024-01-02\n"
    "3,NULL,3.50,2024-01-03\n"
    "4,square,NULL,2024-01-04\n"
    "5,star,5.50,NULL\n"
    "6,circle,6.50,2024-02-01\n";

// The three wrong answers of the Arrow module of SkyhookDM.

TEST_F(PushdownTest, FilterOnAColumnThatIsNotProjected) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath("SELECT id FROM {} WHERE name = 'square' ORDER BY id", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("2", "4"));
  EXPECT_TRUE(Pushed(*answer.accounts()[0], PushedPart::Kind::kFilter));
}

TEST_F(PushdownTest, CountWithAFilter) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath("SELECT count(*) FROM {} WHERE price > 2.00", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("4"));
  EXPECT_TRUE(Pushed(*answer.accounts()[0], PushedPart::Kind::kAggregate));
  EXPECT_EQ(answer.accounts()[0]->cost().rows_out, 1);
}

TEST_F(PushdownTest, IntervalsAreAddedWhereTheDataIs) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath(
      "SELECT max(day + INTERVAL 1 MONTH), min(day - INTERVAL 2 DAY) FROM {} "
      "WHERE day + INTERVAL 30 DAY > TIMESTAMP '2024-01-31'",
      "t.parquet");
  EXPECT_THAT(Rows(*answer.table),
              ElementsAre("2024-03-01 00:00:00.000000, 2023-12-31 00:00:00.000000"));
  EXPECT_TRUE(Pushed(*answer.accounts()[0], PushedPart::Kind::kAggregate));
  EXPECT_THAT(RowsBothWays("SELECT id, day + INTERVAL 1 MONTH - INTERVAL 3 HOUR FROM " +
                           Path("t.parquet") + " ORDER BY id"),
              ::testing::Contains("3, 2024-02-02 21:00:00.000000"));
}

TEST_F(PushdownTest, ComputedColumn) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath(
      "SELECT id, price * 2 + 1 AS twice FROM {} WHERE price * 2 > 6 ORDER BY id", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("3, 8.00", "5, 12.00", "6, 14.00"));
  EXPECT_TRUE(Pushed(*answer.accounts()[0], PushedPart::Kind::kFilter));
}

TEST_F(PushdownTest, PlainCountReadsNoColumn) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath("SELECT count(*) FROM {}", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("6"));
  EXPECT_EQ(answer.accounts()[0]->cost().pages_read, 0);
}

TEST_F(PushdownTest, AggregatesReturnFinalValues) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath(
      "SELECT name, count(*), count(price), sum(id), sum(price), min(day), max(name), "
      "avg(id), count(DISTINCT day), count(*) FILTER (id > 2) FROM {} "
      "GROUP BY name ORDER BY name NULLS LAST",
      "t.parquet");
  EXPECT_THAT(Rows(*answer.table),
              ElementsAre("circle, 2, 2, 7, 8.00, 2024-01-01, circle, 3.5, 2, 1",
                          "square, 2, 1, 6, 2.50, 2024-01-02, square, 3, 2, 1",
                          "star, 1, 1, 5, 5.50, NULL, star, 5, 0, 1",
                          "NULL, 1, 1, 3, 3.50, 2024-01-03, NULL, 3, 1, 1"));
  ASSERT_EQ(answer.accounts().size(), 1u);
  EXPECT_EQ(answer.accounts()[0]->cost().rows_out, 4);
}

TEST_F(PushdownTest, AggregateOverNoRowsIsOneRow) {
  Write("t.parquet", kShapes, kRows);
  EXPECT_THAT(RowsBothWays("SELECT count(*), sum(id), avg(id), max(name) FROM " +
                           Path("t.parquet") + " WHERE id > 100"),
              ElementsAre("0, NULL, NULL, NULL"));
  EXPECT_THAT(RowsBothWays("SELECT name, count(*) FROM " + Path("t.parquet") +
                           " WHERE id > 100 GROUP BY name"),
              IsEmpty());
}

TEST_F(PushdownTest, DistinctIsAnAggregateOfTheScan) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer =
      AskPath("SELECT DISTINCT name FROM {} ORDER BY name NULLS FIRST", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("NULL", "circle", "square", "star"));
  EXPECT_TRUE(Pushed(*answer.accounts()[0], PushedPart::Kind::kAggregate));
}

TEST_F(PushdownTest, TopKAndLimitReturnTheirRowsOnly) {
  Write("t.parquet", kShapes, kRows);
  const Answer top = AskPath(
      "SELECT id, name FROM {} ORDER BY price DESC NULLS LAST LIMIT 2 OFFSET 1", "t.parquet");
  EXPECT_THAT(Rows(*top.table), ElementsAre("5, star", "3, NULL"));
  EXPECT_TRUE(Pushed(*top.accounts()[0], PushedPart::Kind::kTopK));
  EXPECT_EQ(top.accounts()[0]->cost().rows_out, 3);
  const Answer limit = AskPath("SELECT id FROM {} WHERE id > 1 LIMIT 3", "t.parquet");
  EXPECT_THAT(Rows(*limit.table), ElementsAre("2", "3", "4"));
  EXPECT_TRUE(Pushed(*limit.accounts()[0], PushedPart::Kind::kLimit));
}

TEST_F(PushdownTest, WhatStaysInDuckDbIsNamedWithTheReason) {
  Write("t.parquet", kShapes, kRows);
  const Answer filter =
      AskPath("SELECT id FROM {} WHERE reverse(name) = 'rats' AND id > 2", "t.parquet");
  EXPECT_THAT(Rows(*filter.table), ElementsAre("5"));
  ASSERT_EQ(filter.accounts()[0]->kept.size(), 1u);
  EXPECT_THAT(filter.accounts()[0]->kept[0].reason, HasSubstr("function reverse"));
  EXPECT_TRUE(Pushed(*filter.accounts()[0], PushedPart::Kind::kFilter));
  const Answer aggregate = AskPath("SELECT median(id) FROM {}", "t.parquet");
  EXPECT_THAT(Rows(*aggregate.table), ElementsAre("3.5"));
  ASSERT_EQ(aggregate.accounts()[0]->kept.size(), 1u);
  EXPECT_THAT(aggregate.accounts()[0]->kept[0].reason, HasSubstr("median"));
}

TEST_F(PushdownTest, TurnedOffTheScanReturnsEverything) {
  Write("t.parquet", kShapes, kRows);
  Ask(*connection_, "SET skyhook_pushdown = false");
  const Answer answer = AskPath("SELECT count(*) FROM {} WHERE id = 3", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("1"));
  EXPECT_THAT(answer.accounts()[0]->pushed, IsEmpty());
  EXPECT_EQ(answer.accounts()[0]->cost().rows_out, 6);
}

TEST_F(PushdownTest, InListsAreFiltersOfTheScan) {
  Write("t.parquet", kShapes, kRows);
  const Answer answer = AskPath(
      "SELECT id FROM {} WHERE id IN (1, 3, 5, 7, 9, 11, 13) AND name NOT IN ('star') ORDER BY 1",
      "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("1"));
  EXPECT_THAT(answer.accounts()[0]->kept, IsEmpty());
}

// Runtime filters.

std::string Ascending(int rows) {
  std::string lines;
  for (int i = 0; i < rows; ++i) lines += fmt::format("{},{}\n", i, i % 7);
  return lines;
}

const auto kKeyed =
    arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64())});

TEST_F(PushdownTest, JoinThresholdSkipsRowGroups) {
  Write("big.parquet", kKeyed, Ascending(10'000), {.row_group_rows = 1000});
  Write("small.parquet", kKeyed, "4100,1\n4300,2\n");
  const Answer answer =
      Ask(*connection_, "SELECT b.k, s.v FROM " + Path("big.parquet") + " b JOIN " +
                            Path("small.parquet") + " s ON b.k = s.k ORDER BY 1");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("4100, 1", "4300, 2"));
  plan::Cost cost;
  for (const auto& account : answer.accounts()) {
    if (account->table_rows == 10'000) cost = account->cost();
  }
  EXPECT_EQ(cost.rows_in, 10'000);
  EXPECT_EQ(cost.row_groups_skipped_runtime, 9);
}

TEST_F(PushdownTest, JoinFiltersReachThroughAPushedAggregate) {
  Write("big.parquet", kKeyed, Ascending(10'000), {.row_group_rows = 1000});
  Write("small.parquet", kKeyed, "4100,1\n4300,2\n");
  const Answer answer = Ask(*connection_, "SELECT b.k, b.n, s.v FROM (SELECT k, count(*) n FROM " +
                                              Path("big.parquet") + " GROUP BY k) b JOIN " +
                                              Path("small.parquet") + " s ON b.k = s.k ORDER BY 1");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("4100, 1, 1", "4300, 1, 2"));
}

TEST_F(PushdownTest, TopKThresholdTightensWhileTheScanRuns) {
  DatabaseOptions options;
  options.threads = 1;
  connection_ = TestConnection(options);
  Write("t.parquet", kKeyed, Ascending(10'000), {.row_group_rows = 1000});
  const Answer answer = AskPath("SELECT k FROM {} ORDER BY k LIMIT 2", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("0", "1"));
  EXPECT_GT(answer.accounts()[0]->cost().row_groups_skipped_runtime, 0);
}

TEST_F(PushdownTest, DuckDbsOwnTopNThresholdReachesTheScan) {
  DatabaseOptions options;
  options.threads = 1;
  connection_ = TestConnection(options);
  Write("t.parquet", kKeyed, Ascending(400'000), {.row_group_rows = 20'000});
  // reverse() keeps the top-n in DuckDB, which then hands its threshold down.
  const Answer answer =
      AskPath("SELECT k FROM {} WHERE reverse(v::VARCHAR) <> 'x' ORDER BY k LIMIT 2", "t.parquet");
  EXPECT_THAT(Rows(*answer.table), ElementsAre("0", "1"));
  EXPECT_THAT(answer.accounts()[0]->runtime_filters(), ElementsAre("top-k threshold filter on k"));
  EXPECT_GT(answer.accounts()[0]->cost().row_groups_skipped_runtime, 0);
}

TEST_F(PushdownTest, JoinFiltersDoNotChangeWhatALimitLetsThrough) {
  Write("big.parquet", kKeyed, Ascending(5000), {.row_group_rows = 1000});
  Write("small.parquet", kKeyed, "3,1\n4100,2\n");
  EXPECT_THAT(
      RowsBothWays("SELECT b.k, s.v FROM (SELECT k FROM " + Path("big.parquet") +
                   " ORDER BY k LIMIT 10) b JOIN " + Path("small.parquet") + " s ON b.k = s.k"),
      ElementsAre("3, 1"));
}

// Semantics that statistics and engines like to get wrong, against a native table.

class SemanticsTest : public PushdownTest {
 protected:
  void WriteFloats() {
    const auto schema =
        arrow::schema({arrow::field("id", arrow::int32()), arrow::field("f", arrow::float64()),
                       arrow::field("g", arrow::int32())});
    Write("f.parquet", schema,
          "1,1.5,10\n2,nan,0\n3,NULL,3\n4,inf,NULL\n5,-inf,5\n6,-0.0,0\n7,0.0,7\n");
    Ask(*connection_,
        "CREATE TABLE native AS SELECT * FROM read_parquet(" + Path("f.parquet") + ")");
  }

  std::vector<std::string> BothRows(const std::string& condition) {
    const std::string tail = " WHERE " + condition + " ORDER BY id";
    const auto ours = RowsBothWays("SELECT id FROM " + Path("f.parquet") + tail);
    EXPECT_EQ(ours, RowsOfQuery(*connection_, "SELECT id FROM native" + tail)) << condition;
    return ours;
  }
};

TEST_F(SemanticsTest, NanIsEqualToItselfAndGreatest) {
  WriteFloats();
  EXPECT_THAT(BothRows("f = 'nan'"), ElementsAre("2"));
  EXPECT_THAT(BothRows("f >= 100"), ElementsAre("2", "4"));
  EXPECT_THAT(BothRows("f > 'inf'"), ElementsAre("2"));
  EXPECT_THAT(BothRows("f <> 'nan'"), ElementsAre("1", "4", "5", "6", "7"));
}

TEST_F(SemanticsTest, NullsAreNeitherTrueNorFalse) {
  WriteFloats();
  EXPECT_THAT(BothRows("NOT (f > 0)"), ElementsAre("5", "6", "7"));
  EXPECT_THAT(BothRows("f IS NULL OR g IS NULL"), ElementsAre("3", "4"));
  EXPECT_THAT(BothRows("g NOT IN (3, NULL)"), IsEmpty());
  EXPECT_THAT(BothRows("f IS DISTINCT FROM 1.5"), ElementsAre("2", "3", "4", "5", "6", "7"));
}

TEST_F(SemanticsTest, DivisionByZero) {
  WriteFloats();
  EXPECT_THAT(BothRows("10 // g IS NULL"), ElementsAre("2", "4", "6"));
  EXPECT_THAT(BothRows("f / 0 = 'inf'"), ElementsAre("1", "4"));
}

TEST_F(SemanticsTest, MinusZeroIsZero) {
  WriteFloats();
  EXPECT_THAT(BothRows("f = 0"), ElementsAre("6", "7"));
  EXPECT_THAT(RowsBothWays("SELECT count(DISTINCT f) FROM " + Path("f.parquet")), ElementsAre("5"));
}

TEST_F(SemanticsTest, OverflowIsAnError) {
  Write("t.parquet", kShapes, kRows);
  const auto result = connection_->Query("SELECT count(*) FROM " + Path("t.parquet") +
                                         " WHERE id * 2000000000 > 1");
  const auto status = result.ok() ? (*result)->ToTable().status() : result.status();
  EXPECT_THAT(status, skyhook::testing::FailsWith(arrow::StatusCode::Invalid, "verflow"));
}

}  // namespace
}  // namespace skyhook::sql
