#include "skyhook/sql/connection.h"

#include <chrono>
#include <future>
#include <thread>

#include "skyhook/sql/duckdb_database.h"
#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

using skyhook::testing::FailsWith;
using skyhook::testing::TableOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const auto kSchema =
    arrow::schema({arrow::field("k", arrow::int64()), arrow::field("name", arrow::utf8())});

class SessionTest : public ::testing::Test {
 protected:
  std::string WriteTable(const std::string& name, const std::string& lines) {
    skyhook::testing::WriteParquet(directory_.File(name), *TableOf(kSchema, lines));
    return directory_.File(name);
  }

  // A table that takes seconds to join with itself.
  std::string WriteManyRows() {
    std::string lines;
    for (int i = 0; i < 20'000; ++i) lines += fmt::format("{},x{}\n", i, i);
    return WriteTable("many.parquet", lines);
  }

  skyhook::testing::TemporaryDirectory directory_;
};

arrow::Status ErrorOfQuery(Connection& connection, const std::string& sql,
                           const QueryOptions& options = {}) {
  auto stream = connection.Query(sql, options);
  return stream.ok() ? (*stream)->ToTable().status() : stream.status();
}

TEST_F(SessionTest, FilesDirectoriesAndGlobsAreTables) {
  WriteTable("d/a.parquet", "1,one\n2,two\n");
  WriteTable("d/b.parquet", "3,three\n");
  auto connection = TestConnection();
  const std::string folder = directory_.path() + "/d";
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT * FROM '" + folder + "/a.parquet'"),
              ElementsAre("1, one", "2, two"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT sum(k) FROM '" + folder + "/*.parquet'"),
              ElementsAre("6"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT max(name) FROM '" + folder + "'"),
              ElementsAre("two"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT a.k FROM '" + folder + "/a.parquet' WHERE a.k = 2"),
              ElementsAre("2"));
}

TEST_F(SessionTest, FileNamesAreAColumnForThoseWhoAsk) {
  const std::string a = WriteTable("f/a.parquet", "1,one\n2,two\n");
  const std::string b = WriteTable("f/b.parquet", "3,three\n");
  auto connection = TestConnection();
  const std::string from = " FROM '" + directory_.path() + "/f'";
  for (const std::string set : {"", "SET skyhook_pushdown = false; "}) {
    EXPECT_EQ(Ask(*connection, set + "SELECT *" + from).table->num_columns(), 2);
    EXPECT_THAT(RowsOfQuery(*connection, set + "SELECT k, filename" + from + " ORDER BY k"),
                ElementsAre("1, " + a, "2, " + a, "3, " + b));
    EXPECT_THAT(RowsOfQuery(*connection,
                            set + "SELECT filename, count(*)" + from + " GROUP BY 1 ORDER BY 1"),
                ElementsAre(a + ", 2", b + ", 1"));
    EXPECT_THAT(
        RowsOfQuery(*connection, set + "SELECT name" + from + " WHERE filename LIKE '%b.parquet'"),
        ElementsAre("three"));
    EXPECT_THAT(
        RowsOfQuery(*connection, set + "SELECT count(*)" + from + " WHERE filename = '" + a + "'"),
        ElementsAre("2"));
  }
}

// As DuckDB's union by name; what would lose digits is refused.
TEST_F(SessionTest, NumbersOfTwoWidthsAreOneColumn) {
  const auto write = [&](const std::string& name, std::shared_ptr<arrow::DataType> type,
                         const std::string& lines) {
    const auto schema = arrow::schema({arrow::field("k", std::move(type))});
    skyhook::testing::WriteParquet(directory_.File(name), *TableOf(schema, lines));
  };
  write("w/1.parquet", arrow::int32(), "1\n-2\n2147483647\n");
  write("w/2.parquet", arrow::int64(), "3000000000\n2\n");
  write("w/3.parquet", arrow::uint16(), "65535\n");
  auto connection = TestConnection();
  const std::string from = " FROM '" + directory_.path() + "/w'";
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT k" + from + " ORDER BY k"),
              ElementsAre("-2", "1", "2", "65535", "2147483647", "3000000000"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT k" + from + " ORDER BY k DESC LIMIT 2"),
              ElementsAre("3000000000", "2147483647"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT sum(k), min(k), count(*), typeof(max(k))" + from +
                                           " WHERE k > 1 GROUP BY ALL"),
              ElementsAre("5147549184, 2, 4, BIGINT"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT k" + from +
                                           " WHERE k IN (2147483647, 3000000000) "
                                           "ORDER BY 1"),
              ElementsAre("2147483647", "3000000000"));
  write("w/4.parquet", arrow::float64(), "0.5\n");
  EXPECT_THAT(ErrorOfQuery(*connection, "SELECT k" + from),
              FailsWith(arrow::StatusCode::Invalid, "open them as separate tables"));
}

TEST_F(SessionTest, DataDirectoriesBecomeViews) {
  WriteTable("numbers.parquet", "1,one\n");
  DatabaseOptions options;
  options.data_directories = {directory_.path()};
  auto connection = TestConnection(options);
  EXPECT_THAT(Require(connection->TableNames()), ElementsAre("numbers"));
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT name FROM numbers"), ElementsAre("one"));
}

TEST_F(SessionTest, ScriptsRunToTheirLastStatement) {
  auto connection = TestConnection();
  EXPECT_EQ(Require(connection->Split("SELECT 1; SELECT 2;")).size(), 2u);
  EXPECT_THAT(RowsOfQuery(*connection, "CREATE TABLE t AS SELECT 7 AS x; SELECT x FROM t"),
              ElementsAre("7"));
  auto stream = Require(connection->Query("SET threads = 2"));
  EXPECT_FALSE(stream->has_rows());
}

TEST_F(SessionTest, ErrorsSayWhatAndWhere) {
  auto connection = TestConnection();
  EXPECT_THAT(ErrorOfQuery(*connection, "SELEC 1"),
              FailsWith(arrow::StatusCode::Invalid, "syntax error"));
  EXPECT_THAT(ErrorOfQuery(*connection, "SELECT nothing FROM range(3)"),
              FailsWith(arrow::StatusCode::Invalid, "nothing"));
  const arrow::Status missing = ErrorOfQuery(*connection, "SELECT * FROM '/no/such.parquet'");
  EXPECT_THAT(missing.message(), HasSubstr("/no/such.parquet"));
  EXPECT_THAT(ErrorOfQuery(*connection, ""), FailsWith(arrow::StatusCode::Invalid, "no statement"));
}

TEST_F(SessionTest, CorruptDataKeepsItsCode) {
  skyhook::testing::WriteBytes(directory_.File("bad.parquet"), "PAR1 and then nothing of use PAR1");
  auto connection = TestConnection();
  EXPECT_THAT(ErrorOfQuery(*connection, "SELECT * FROM '" + directory_.File("bad.parquet") + "'"),
              FailsWith(base::Code::kCorruptData, "bad.parquet"));
}

TEST_F(SessionTest, ColumnsThatSqlLacksFailWhenRead) {
  const auto schema = arrow::schema(
      {arrow::field("k", arrow::int64()), arrow::field("wide", arrow::decimal256(60, 2))});
  const auto one = Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(1), 1));
  const auto wide = Require(arrow::MakeArrayFromScalar(
      arrow::Decimal256Scalar(arrow::Decimal256(250), schema->field(1)->type()), 1));
  skyhook::testing::WriteParquet(directory_.File("w.parquet"),
                                 *arrow::Table::Make(schema, {one, wide}));
  auto connection = TestConnection();
  const std::string path = "'" + directory_.File("w.parquet") + "'";
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT k FROM " + path), ElementsAre("1"));
  EXPECT_THAT(ErrorOfQuery(*connection, "SELECT wide FROM " + path).message(), HasSubstr("'wide'"));
}

TEST_F(SessionTest, ResultsOfTypesThatArrowLacksAreRefusedByName) {
  auto connection = TestConnection();
  for (const std::string& value :
       std::vector<std::string>{"1::UHUGEINT", "'101'::BIT", "'01:02:03+02'::TIMETZ"}) {
    for (const std::string& column : {value, "[" + value + "]", "{'f': " + value + "}"}) {
      EXPECT_THAT(ErrorOfQuery(*connection, "SELECT 1 AS a, " + column + " AS b"),
                  FailsWith(arrow::StatusCode::Invalid, "column 'b' is "));
    }
  }
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT (2::UHUGEINT ** 127)::UHUGEINT::VARCHAR"),
              ElementsAre("170141183460469231731687303715884105728"));
}

TEST_F(SessionTest, CancellingEndsTheQuery) {
  const std::string path = WriteManyRows();
  auto connection = TestConnection();
  arrow::StopSource stop;
  QueryOptions options;
  options.stop = stop.token();
  options.progress = std::make_shared<Progress>();
  // Once the scans have got somewhere.
  const auto stopping = std::async(std::launch::async, [&] {
    while (options.progress->share() == 0) std::this_thread::yield();
    stop.RequestStop();
  });
  const arrow::Status status = ErrorOfQuery(
      *connection,
      fmt::format("SELECT count(*) FROM '{0}' a, '{0}' b WHERE a.k * b.k % 7 = 3", path), options);
  EXPECT_TRUE(status.IsCancelled()) << status.ToString();
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT 1"), ElementsAre("1"));
}

TEST_F(SessionTest, ProgressGrowsToOne) {
  const std::string path = WriteManyRows();
  auto connection = TestConnection();
  QueryOptions options;
  options.progress = std::make_shared<Progress>();
  EXPECT_EQ(options.progress->share(), 0);
  auto stream = Require(connection->Query("SELECT * FROM '" + path + "'", options));
  double last = 0;
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    Require(stream->ReadNext(&batch));
    EXPECT_GE(options.progress->share(), last);
    last = options.progress->share();
  } while (batch != nullptr);
  EXPECT_EQ(last, 1);
}

TEST_F(SessionTest, AStreamOutlivesItsConnectionAndItsDatabase) {
  const std::string path = WriteManyRows();
  auto database = Require(Database::Make({.threads = 2, .memory_bytes = int64_t{1} << 30}));
  auto connection = Require(database->Connect());
  auto stream = Require(connection->Query("SELECT k FROM '" + path + "'"));
  connection.reset();
  database.reset();
  EXPECT_EQ(Require(stream->ToTable())->num_rows(), 20'000);
}

TEST_F(SessionTest, ConnectionsShareWhatIsCreated) {
  auto database = Require(Database::Make({.threads = 2, .memory_bytes = int64_t{1} << 30}));
  auto one = Require(database->Connect());
  auto other = Require(database->Connect());
  Ask(*one, "CREATE TABLE made AS SELECT 7 AS x");
  EXPECT_THAT(RowsOfQuery(*other, "SELECT x FROM made"), ElementsAre("7"));
  Ask(*one, "SET skyhook_placement = 'pull'");
  EXPECT_THAT(RowsOfQuery(*other, "SELECT current_setting('skyhook_placement')"),
              ElementsAre("auto"))
      << "what one connection sets is its own";
}

TEST_F(SessionTest, ScansHaveHalfOfTheMemoryWithoutTheCachesByConnection) {
  constexpr int64_t kMemory = int64_t{160} << 20;
  const auto database = Require(DuckDbDatabase::Open({.memory_bytes = kMemory}, nullptr));
  const int64_t half_without_caches = kMemory / 2 - client::CacheBytesOf(kMemory);
  EXPECT_EQ(database->MemoryOfScans(), half_without_caches);
  const auto one = Require(database->Connect());
  EXPECT_EQ(database->MemoryOfScans(), half_without_caches);
  auto other = Require(database->Connect());
  EXPECT_EQ(database->MemoryOfScans(), half_without_caches / 2);
  other.reset();
  EXPECT_EQ(database->MemoryOfScans(), half_without_caches);
}

TEST_F(SessionTest, QueriesOfTwoConnectionsRunAtOnce) {
  const std::string path = WriteManyRows();
  auto database = Require(Database::Make({.threads = 2, .memory_bytes = int64_t{1} << 30}));
  const auto count = [&] {
    auto connection = Require(database->Connect());
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(RowsOfQuery(*connection, "SELECT count(*), max(k) FROM '" + path + "'"),
                  ElementsAre("20000, 19999"));
    }
  };
  const auto other = std::async(std::launch::async, count);
  count();
  other.wait();
}

TEST_F(SessionTest, TimeoutIsALimit) {
  const std::string path = WriteManyRows();
  auto connection = TestConnection();
  QueryOptions options;
  options.timeout = std::chrono::milliseconds(100);
  EXPECT_THAT(
      ErrorOfQuery(
          *connection,
          fmt::format("SELECT count(*) FROM '{0}' a, '{0}' b WHERE a.k * b.k % 7 = 3", path),
          options),
      FailsWith(base::Code::kLimitExceeded, "time limit"));
}

TEST_F(SessionTest, AnAbandonedStreamLeavesTheSessionUsable) {
  const std::string path = WriteManyRows();
  auto connection = TestConnection();
  {
    auto stream = Require(connection->Query("SELECT * FROM '" + path + "'"));
    std::shared_ptr<arrow::RecordBatch> batch;
    Require(stream->ReadNext(&batch));
    ASSERT_NE(batch, nullptr);
  }
  EXPECT_THAT(RowsOfQuery(*connection, "SELECT count(*) FROM '" + path + "'"),
              ElementsAre("20000"));
}

TEST_F(SessionTest, RowsKeepTheirOrderWithManyThreads) {
  std::string lines;
  for (int i = 0; i < 50'000; ++i) lines += fmt::format("{},\n", i);
  skyhook::testing::WriteParquet(directory_.File("o.parquet"), *TableOf(kSchema, lines),
                                 {.row_group_rows = 1000});
  DatabaseOptions options;
  options.threads = 4;
  auto connection = TestConnection(options);
  const auto rows =
      RowsOfQuery(*connection, "SELECT k FROM '" + directory_.File("o.parquet") + "'");
  ASSERT_EQ(rows.size(), 50'000u);
  for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], std::to_string(i));
}

TEST_F(SessionTest, RowsOfFilesComeInTheOrderOfTheirNames) {
  constexpr int kFiles = 20;
  constexpr int kRows = 3'000;
  std::filesystem::create_directory(directory_.File("ordered"));
  for (int file = 0; file < kFiles; ++file) {
    std::string lines;
    for (int i = 0; i < kRows; ++i) lines += fmt::format("{},\n", file * kRows + i);
    skyhook::testing::WriteParquet(directory_.File(fmt::format("ordered/{:02}.parquet", file)),
                                   *TableOf(kSchema, lines), {.row_group_rows = 1000});
  }
  DatabaseOptions options;
  options.threads = 4;
  auto connection = TestConnection(options);
  const auto rows = RowsOfQuery(*connection, "SELECT k FROM '" + directory_.File("ordered") + "'");
  ASSERT_EQ(rows.size(), size_t{kFiles} * kRows);
  for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], std::to_string(i));
}

}  // namespace
}  // namespace skyhook::sql
