#include "skyhook/sql/carried_columns.h"

#include <arrow/util/byte_size.h>

#include "skyhook/sql/duckdb_database.h"
#include "skyhook/sql/query_testing.h"
#include "skyhook/sql/result_chunks.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

/// Rows of a result, by how they came.
struct Ways {
  int64_t carried = 0;
  int64_t written = 0;
};

class CarriedColumnsTest : public ::testing::Test {
 protected:
  CarriedColumnsTest() {
    Require(arrow::compute::Initialize());
    DatabaseOptions options;
    options.memory_bytes = int64_t{2} << 30;
    options.threads = 1;
    database_ = Require(DuckDbDatabase::Open(options, nullptr));
  }

  Ways WaysOf(const std::string& sql, bool measured = false) {
    const auto opened = database_->ConnectToDuckDb();
    duckdb::Connection& connection = opened->duckdb();
    ConnectionState::Get(*connection.context)
        .set_query(std::make_shared<QueryState>(int64_t{1} << 30, "", nullptr));
    connection.context->config.enable_profiler = measured;
    connection.context->config.emit_profiler_output = false;
    auto statements = connection.ExtractStatements(sql);
    ResultChunks chunks(&connection, std::move(statements[0]), int64_t{4} << 20);
    Ways ways;
    HeldBuffers held;
    while (const auto chunk = chunks.Next()) {
      if (chunk->carried.empty()) {
        ways.written += static_cast<int64_t>(chunk->rows->size());
      } else {
        ways.carried += chunk->carried[0].array->length();
        EXPECT_GE(chunk->bytes, HeldBytes(chunk->carried, &held))
            << "what waits is bounded by this";
      }
    }
    EXPECT_FALSE(chunks.error().HasError()) << chunks.error().Message();
    return ways;
  }

  std::shared_ptr<DuckDbDatabase> database_;
};

std::string Lineitem() { return "'" + TpchDirectory() + "/lineitem.parquet'"; }

TEST_F(CarriedColumnsTest, ColumnsOfOneScanGoPastVectors) {
  for (const std::string& sql :
       {"SELECT * FROM " + Lineitem(),
        "SELECT l_comment AS c, l_orderkey, l_orderkey AS again FROM " + Lineitem(),
        "SELECT c, p FROM (SELECT l_extendedprice AS p, l_comment AS c, l_tax FROM " + Lineitem() +
            ")"}) {
    const Ways ways = WaysOf(sql);
    EXPECT_GT(ways.carried, 500'000) << sql;
    EXPECT_LT(ways.written, 10'000) << sql << ": the last rows of row groups";
  }
  const Ways filtered =
      WaysOf("SELECT l_shipdate, l_comment FROM " + Lineitem() + " WHERE l_quantity < 25");
  EXPECT_GT(filtered.carried, 200'000);
}

TEST_F(CarriedColumnsTest, WhatIsComputedCountedOrOrderedIsWritten) {
  for (const std::string& sql :
       {"SELECT l_orderkey + 1 FROM " + Lineitem(), "SELECT l_orderkey, 1 FROM " + Lineitem(),
        "SELECT l_orderkey FROM " + Lineitem() + " ORDER BY l_comment",
        "SELECT l_orderkey FROM " + Lineitem() + " LIMIT 100000",
        "SELECT l_orderkey, row_number() OVER () FROM " + Lineitem(),
        "SELECT l_orderkey FROM " + Lineitem() + " UNION ALL SELECT l_partkey FROM " + Lineitem(),
        "SELECT l_orderkey, count(*) FROM " + Lineitem() + " GROUP BY 1",
        "SELECT l_orderkey::VARCHAR FROM " + Lineitem(),
        "SELECT l_orderkey FROM " + Lineitem() + " WHERE random() < 0.5"}) {
    EXPECT_EQ(WaysOf(sql).carried, 0) << sql;
  }
  EXPECT_EQ(WaysOf("SELECT * FROM " + Lineitem(), /*measured=*/true).carried, 0)
      << "who measures operators counts their rows";
}

/// The rows of all types that are carried, beside an expression that has them written.
TEST_F(CarriedColumnsTest, ShowWhatVectorsWouldHaveShown) {
  const testing::TemporaryDirectory folder;
  const std::string file = folder.path() + "/types.parquet";
  const auto connection = TestConnection();
  Require(
      Require(connection->Query(fmt::format(
                  "COPY (SELECT i::BIGINT AS i, CASE WHEN i % 3 = 0 THEN NULL ELSE i END::INTEGER "
                  "AS n, "
                  "(i % 200)::UTINYINT AS u1, (i % 7 = 1) AS b, CASE WHEN i % 5 > 0 THEN i % 2 = 0 "
                  "END AS bn, "
                  "i / 7 AS d, (i * 0.01)::DECIMAL(15, 2) AS d15, (i * -1.5)::DECIMAL(4, 1) AS d4, "
                  "(i * 1e20)::DECIMAL(38, 2) AS d38, 'text ' || i AS t, "
                  "CASE WHEN i % 4 = 0 THEN NULL WHEN i % 4 = 1 THEN '' ELSE repeat('long ', i % "
                  "9) END AS tn, "
                  "encode('bytes ' || (i % 11)) AS bytes, DATE '1992-01-01' + i::INTEGER AS day, "
                  "TIMESTAMP '2001-02-03 04:05:06' + INTERVAL (i) SECOND AS ts, "
                  "TIMESTAMPTZ '2001-02-03 04:05:06+00' + INTERVAL (i) SECOND AS tz, "
                  "TIME '01:02:03' + INTERVAL (i % 3600) SECOND AS time, uuid() AS id, [i, i + 1] "
                  "AS list, "
                  "{{'a': i, 'b': 'x'}} AS st FROM range(200) t(i)) TO '{}' (ROW_GROUP_SIZE 2048)",
                  file)))
          ->ToTable());
  // Many rows of each: batches of fewer are written.
  std::vector<std::string> columns;
  for (const std::string& name :
       RowsOfQuery(*connection, "SELECT column_name FROM (DESCRIBE FROM '" + file + "')")) {
    columns.push_back(name);
  }
  ASSERT_EQ(columns.size(), 19u);
  const std::string many = folder.path() + "/many.parquet";
  Require(Require(connection->Query(
                      fmt::format("COPY (SELECT a.* FROM '{}' a, range(50)) TO '{}'", file, many)))
              ->ToTable());
  int carried = 0;
  for (const std::string& column : columns) {
    SCOPED_TRACE(column);
    const std::string plain = fmt::format("SELECT {} FROM '{}'", column, many);
    const std::string written = fmt::format("SELECT {} FROM '{}' LIMIT 1000000", column, many);
    carried += WaysOf(plain).carried > 0 ? 1 : 0;
    EXPECT_EQ(WaysOf(written).carried, 0);
    const auto shown = Ask(*connection, plain).table;
    Require(shown->ValidateFull());
    ExpectSameRows(*shown, *Ask(*connection, written).table);
  }
  EXPECT_EQ(carried, 16) << "all but id, list and st";
}

// DuckDB's intervals have no nanoseconds: those that are carried would.
TEST_F(CarriedColumnsTest, IntervalsAreWritten) {
  arrow::MonthDayNanoIntervalBuilder builder;
  for (int i = 0; i < 5000; ++i) Require(builder.Append({i, 1, 1500}));
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("iv", arrow::month_day_nano_interval())}),
                         {Require(builder.Finish())});
  const testing::TemporaryDirectory folder;
  const std::string file = folder.path() + "/intervals.arrow";
  testing::WriteIpc(file, *table);
  EXPECT_EQ(WaysOf("SELECT iv FROM '" + file + "'").carried, 0);
}

TEST_F(CarriedColumnsTest, BatchesAreNoLargerThanTheirShareOfTheMemory) {
  DatabaseOptions options;
  options.memory_bytes = int64_t{32} << 20;
  const auto connection = TestConnection(options);
  auto stream = Require(connection->Query("SELECT * FROM " + Lineitem()));
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t rows = 0;
  for (Require(stream->ReadNext(&batch)); batch != nullptr; Require(stream->ReadNext(&batch))) {
    rows += batch->num_rows();
    EXPECT_LE(arrow::util::TotalBufferSize(*batch), 2 << 20);
  }
  EXPECT_GT(rows, 500'000);
}

}  // namespace
}  // namespace skyhook::sql
