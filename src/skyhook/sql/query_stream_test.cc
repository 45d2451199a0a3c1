// Streams of rows that end before their end: by an error, a cancel, a time limit and a memory
// limit, at the first, a middle and the last batch, read directly and through Arrow's C stream.
#include "skyhook/sql/query_stream.h"

#include <arrow/c/bridge.h>

#include <chrono>
#include <functional>

#include "skyhook/sql/query_testing.h"

namespace skyhook::sql {
namespace {

using skyhook::testing::FailsWith;

constexpr int64_t kRows = 300'000;
constexpr int64_t kMemoryBytes = int64_t{64} << 20;
constexpr int64_t kWideBytes = int64_t{40} << 20;

enum class Way { kDirect, kCStream };

/// The rows up to the error that ended them.
struct Ending {
  int64_t rows = 0;
  arrow::Status status;
};

/// Reads to the end; `before` is called before each batch with the rows so far.
Ending ReadToEnd(arrow::RecordBatchReader* reader, const std::function<void(int64_t)>& before) {
  Ending ending;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    if (before) before(ending.rows);
    ending.status = reader->ReadNext(&batch);
    if (!ending.status.ok() || batch == nullptr) return ending;
    ending.rows += batch->num_rows();
  }
}

std::shared_ptr<arrow::RecordBatchReader> Through(Way way, std::shared_ptr<QueryStream> stream) {
  if (way == Way::kDirect) return stream;
  ArrowArrayStream exported;
  Require(arrow::ExportRecordBatchReader(std::move(stream), &exported));
  return Require(arrow::ImportRecordBatchReader(&exported));
}

std::unique_ptr<Connection> OpenLittle() {
  DatabaseOptions options;
  options.memory_bytes = kMemoryBytes;
  options.threads = 4;
  return TestConnection(options);
}

class StreamEndsTest : public ::testing::TestWithParam<std::tuple<Way, int64_t>> {
 protected:
  Way way() const { return std::get<0>(GetParam()); }
  int64_t row() const { return std::get<1>(GetParam()); }

  Ending Run(const std::string& sql, const QueryOptions& options = {},
             const std::function<void(int64_t)>& before = nullptr) {
    auto stream = connection_->Query(sql, options);
    if (!stream.ok()) return {0, stream.status()};
    const auto reader = Through(way(), std::shared_ptr<QueryStream>(*std::move(stream)));
    Ending ending = ReadToEnd(reader.get(), before);
    if (way() == Way::kDirect) {
      // What is asked for again is the same, and no rows.
      std::shared_ptr<arrow::RecordBatch> batch;
      EXPECT_EQ(reader->ReadNext(&batch), ending.status);
      EXPECT_EQ(batch, nullptr);
    }
    return ending;
  }

  // Arrow's C stream has no place for our codes, and keeps the text.
  template <typename Code>
  void ExpectEnd(const arrow::Status& status, Code code, const std::string& text) {
    if (way() == Way::kDirect) {
      EXPECT_THAT(status, FailsWith(code, text));
    } else {
      EXPECT_FALSE(status.ok());
      EXPECT_THAT(status.message(), ::testing::HasSubstr(text));
    }
  }

  std::unique_ptr<Connection> connection_ = OpenLittle();
};

TEST_P(StreamEndsTest, ByAnError) {
  const Ending ending =
      Run(fmt::format("SELECT CAST(CASE WHEN i = {} THEN 'x' ELSE '1' END AS INT) AS v "
                      "FROM range({}) t(i)",
                      row(), kRows));
  ExpectEnd(ending.status, arrow::StatusCode::Invalid, "string 'x' to INT32");
  EXPECT_LE(ending.rows, row());
}

TEST_P(StreamEndsTest, ByARowWiderThanMemoryAllows) {
  const Ending ending = Run(fmt::format(
      "SELECT repeat('w', CASE WHEN i = {} THEN {} ELSE 1 END) AS v FROM range({}) t(i)", row(),
      kWideBytes, kRows));
  ExpectEnd(ending.status, base::Code::kLimitExceeded, "--memory");
  EXPECT_LE(ending.rows, row());
}

// Rows without end, so that only the cancel can end them.
TEST_P(StreamEndsTest, ByACancel) {
  arrow::StopSource stop;
  QueryOptions options;
  options.stop = stop.token();
  const Ending ending = Run("SELECT i FROM range(1000000000000) t(i)", options, [&](int64_t rows) {
    if (rows >= row()) stop.RequestStop();
  });
  ExpectEnd(ending.status, arrow::StatusCode::Cancelled, "cancelled");
  EXPECT_GE(ending.rows, 0);
}

TEST_P(StreamEndsTest, ByItsTimeLimit) {
  QueryOptions options;
  options.timeout = std::chrono::milliseconds(row() == 0 ? 1 : 50);
  options.timeout_text = "a moment";
  const Ending ending = Run("SELECT i FROM range(1000000000000) t(i)", options);
  ExpectEnd(ending.status, base::Code::kLimitExceeded, "time limit of a moment");
}

// What stopped a query is told while its rows wait for a consumer.
TEST_P(StreamEndsTest, SaysSoWhileAConsumerIsBusy) {
  arrow::StopSource stop;
  QueryOptions options;
  options.stop = stop.token();
  auto stream = Require(connection_->Query("SELECT i FROM range(1000000000000) t(i)", options));
  std::shared_ptr<arrow::RecordBatch> batch;
  Require(stream->ReadNext(&batch));
  EXPECT_THAT(stream->stopped(), skyhook::testing::IsOk());
  stop.RequestStop();
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (stream->stopped().ok() && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  EXPECT_THAT(stream->stopped(), FailsWith(arrow::StatusCode::Cancelled, "cancelled"));
}

INSTANTIATE_TEST_SUITE_P(Places, StreamEndsTest,
                         ::testing::Combine(::testing::Values(Way::kDirect, Way::kCStream),
                                            ::testing::Values(0, kRows / 2, kRows - 1)));

TEST(QueryStream, BatchesAreBoundedByBytes) {
  auto connection = OpenLittle();
  auto stream = Require(
      connection->Query("SELECT repeat('w', 100000) AS v, [i, i] AS l FROM range(2000) t(i)"));
  int64_t rows = 0;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    Require(stream->ReadNext(&batch));
    if (batch == nullptr) break;
    rows += batch->num_rows();
    EXPECT_LE(batch->num_rows(), kMemoryBytes / 32 / 100'000);
  }
  EXPECT_EQ(rows, 2000);
}

// Batches of other threads wait for those before them.
TEST(QueryStream, KeepsTheOrderOfTheRows) {
  auto connection = OpenLittle();
  Require(
      Require(connection->Query("CREATE TABLE t AS SELECT i FROM range(1000000) r(i)"))->Close());
  auto stream = Require(connection->Query("SELECT i FROM t WHERE i % 3 <> 1"));
  int64_t next = 0;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    Require(stream->ReadNext(&batch));
    if (batch == nullptr) break;
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t row = 0; row < column.length(); ++row) {
      ASSERT_EQ(column.Value(row), next);
      next += next % 3 == 0 ? 2 : 1;
    }
  }
  EXPECT_EQ(next, 1'000'000 + 1);
}

// The interrupt that DuckDB gives the threads of a failed query does not take the error's place.
TEST(QueryStream, TellsTheErrorAndNotItsInterrupt) {
  auto connection = OpenLittle();
  for (int i = 0; i < 200; ++i) {
    const auto stream = connection->Query(
        "SELECT CAST(CASE WHEN i % 50000 = 49999 THEN 'x' ELSE '1' END AS INT) AS v "
        "FROM range(400000) t(i)");
    if (!stream.ok()) {
      ASSERT_THAT(stream.status(), FailsWith(arrow::StatusCode::Invalid, "string 'x' to INT32"));
      continue;
    }
    const Ending ending = ReadToEnd(stream->get(), nullptr);
    ASSERT_THAT(ending.status, FailsWith(arrow::StatusCode::Invalid, "string 'x' to INT32"));
  }
}

TEST(QueryStream, ThatIsLeftLeavesTheTransaction) {
  auto connection = OpenLittle();
  Require(Require(connection->Query("BEGIN"))->Close());
  Require(Require(connection->Query("CREATE TABLE t AS SELECT 42 AS v"))->Close());
  {
    auto stream = Require(connection->Query("SELECT i FROM range(1000000000000) r(i)"));
    std::shared_ptr<arrow::RecordBatch> batch;
    Require(stream->ReadNext(&batch));
  }
  Require(Require(connection->Query("COMMIT"))->Close());
  auto stream = Require(connection->Query("SELECT v FROM t"));
  std::shared_ptr<arrow::RecordBatch> batch;
  Require(stream->ReadNext(&batch));
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->num_rows(), 1);
}

TEST(QueryStream, IsEndedByTheNextStatement) {
  auto connection = OpenLittle();
  auto first = Require(connection->Query("SELECT i FROM range(1000000000000) r(i)"));
  std::shared_ptr<arrow::RecordBatch> batch;
  Require(first->ReadNext(&batch));
  auto second = Require(connection->Query("SELECT i FROM range(300000) r(i)"));
  const Ending ending = ReadToEnd(first.get(), nullptr);
  EXPECT_THAT(ending.status, FailsWith(arrow::StatusCode::Cancelled, "another statement"));
  first.reset();
  EXPECT_EQ(ReadToEnd(second.get(), nullptr).rows, 300'000);
}

}  // namespace
}  // namespace skyhook::sql
