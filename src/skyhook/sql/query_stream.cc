#include "skyhook/sql/query_stream.h"

#include <arrow/c/bridge.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/common/arrow/arrow_util.hpp"
#include "duckdb/common/type_visitor.hpp"
#include "duckdb/function/table/arrow/arrow_duck_schema.hpp"
#include "duckdb/main/chunk_scan_state/query_result.hpp"
#include "duckdb/main/stream_query_result.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/watchdog.h"

namespace skyhook::sql {
namespace {

using arrow::Status;

// Rows of one Arrow batch: fewer when memory is short, by 16 KB of memory for each.
int64_t BatchRows(int64_t memory_bytes) {
  return std::clamp<int64_t>(memory_bytes / (16 * 1024), STANDARD_VECTOR_SIZE, 64 * 1024);
}

// DuckDB would hand these on as something else: -1 for a large UHUGEINT, a time without its zone,
// the bytes that hold the bits.
Status CheckTypes(const duckdb::QueryResult& result) {
  using duckdb::LogicalTypeId;
  for (size_t i = 0; i < result.types.size(); ++i) {
    for (const auto id : {LogicalTypeId::UHUGEINT, LogicalTypeId::TIME_TZ, LogicalTypeId::BIT}) {
      if (!duckdb::TypeVisitor::Contains(result.types[i], id)) continue;
      return base::Invalid("column '{}' is {}, for which Arrow has no type: cast it to VARCHAR",
                           result.names[i], result.types[i].ToString());
    }
  }
  return Status::OK();
}

// DuckDB's own loops ask for work again and again while other threads have it all, on a processor
// that these could use. Calls `is_ready` until it is; where it finds next to nothing to do, sleeps
// before the next call, longer each time.
template <typename IsReady>
void WorkUntil(const IsReady& is_ready) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds kSomeWork{30};
  constexpr std::chrono::microseconds kLeastWait{20};
  constexpr std::chrono::microseconds kMostWait{250};
  auto wait = kLeastWait;
  for (auto begin = Clock::now(); !is_ready(); begin = Clock::now()) {
    if (Clock::now() - begin > kSomeWork) {
      wait = kLeastWait;
      continue;
    }
    std::this_thread::sleep_for(wait);
    wait = std::min(2 * wait, kMostWait);
  }
}

// The result of a statement once it has one, or an error.
duckdb::unique_ptr<duckdb::QueryResult> Execute(duckdb::PendingQueryResult* pending) {
  using Outcome = duckdb::PendingExecutionResult;
  WorkUntil([pending] {
    const Outcome outcome = pending->ExecuteTask();
    if (outcome == Outcome::BLOCKED) pending->WaitForTask();
    return duckdb::PendingQueryResult::IsResultReady(outcome);
  });
  return pending->Execute();
}

// The chunks of a result, each of them waited for first.
class ChunkScan : public duckdb::QueryResultChunkScanState {
 public:
  explicit ChunkScan(duckdb::QueryResult* result) : QueryResultChunkScanState(*result) {
    if (result->type == duckdb::QueryResultType::STREAM_RESULT) {
      stream_ = &result->Cast<duckdb::StreamQueryResult>();
    }
  }

  bool LoadNextChunk(duckdb::ErrorData& error) override {
    if (stream_ != nullptr && stream_->IsOpen()) {
      WorkUntil([this] { return IsReady(stream_->ExecuteTask()); });
    }
    return QueryResultChunkScanState::LoadNextChunk(error);
  }

 private:
  using Outcome = duckdb::StreamExecutionResult;

  // With a chunk, an error or the end.
  bool IsReady(Outcome outcome) {
    if (outcome == Outcome::BLOCKED) stream_->WaitForTask();
    return outcome != Outcome::BLOCKED && outcome != Outcome::CHUNK_NOT_READY &&
           outcome != Outcome::NO_TASKS_AVAILABLE;
  }

  duckdb::StreamQueryResult* stream_ = nullptr;
};

class DuckDbStream : public QueryStream {
 public:
  DuckDbStream(duckdb::Connection* connection, std::shared_ptr<QueryState> query,
               const QueryOptions& options, int64_t memory_bytes)
      : connection_(connection),
        query_(std::move(query)),
        batch_rows_(BatchRows(memory_bytes)),
        watchdog_(std::make_unique<Watchdog>(connection, query_, options)) {}

  ~DuckDbStream() override { End(); }

  Status Start(duckdb::unique_ptr<duckdb::SQLStatement> statement) {
    try {
      const auto pending = connection_->PendingQuery(
          std::move(statement), duckdb::QueryResultOutputType::ALLOW_STREAMING);
      if (pending->HasError()) return Fail(pending->GetErrorObject());
      result_ = Execute(pending.get());
      if (result_->HasError()) return Fail(result_->GetErrorObject());
      return ReadSchema();
    } catch (const std::exception& error) {
      return Fail(duckdb::ErrorData(error));
    }
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  const PlanNode& plan() const override { return query_->plan(); }
  bool has_rows() const override { return has_rows_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (!failure_.ok()) return failure_;
    if (result_ == nullptr) return Status::OK();
    try {
      return Fetch(batch);
    } catch (const std::exception& error) {
      return Fail(duckdb::ErrorData(error));
    }
  }

  Status Close() override {
    End();
    return Status::OK();
  }

 private:
  Status ReadSchema() {
    has_rows_ = result_->properties.return_type == duckdb::StatementReturnType::QUERY_RESULT;
    ARROW_RETURN_NOT_OK(CheckTypes(*result_));
    ArrowSchema schema;
    duckdb::ArrowConverter::ToArrowSchema(&schema, result_->types, result_->names,
                                          result_->client_properties);
    ARROW_ASSIGN_OR_RAISE(schema_, arrow::ImportSchema(&schema));
    extensions_ =
        duckdb::ArrowTypeExtensionData::GetExtensionTypes(*connection_->context, result_->types);
    scan_ = std::make_unique<ChunkScan>(result_.get());
    return Status::OK();
  }

  Status Fetch(std::shared_ptr<arrow::RecordBatch>* batch) {
    ArrowArray array;
    array.release = nullptr;
    duckdb::idx_t rows = 0;
    duckdb::ErrorData error;
    const bool fetched = duckdb::ArrowUtil::TryFetchChunk(*scan_, result_->client_properties,
                                                          static_cast<duckdb::idx_t>(batch_rows_),
                                                          &array, rows, error, extensions_);
    if (!fetched) return Fail(error);
    if (rows == 0) {
      End();
      return Status::OK();
    }
    return arrow::ImportRecordBatch(&array, schema_).Value(batch);
  }

  // Whoever stopped the query knows best why it failed.
  Status Fail(const duckdb::ErrorData& error) {
    failure_ = watchdog_ != nullptr ? watchdog_->verdict() : Status::OK();
    if (failure_.ok()) failure_ = ErrorOf(*query_, error);
    End();
    return failure_;
  }

  // Stops what still runs, and lets the scans' costs reach their accounts.
  void End() {
    if (result_ != nullptr) query_->RequestStop();
    scan_.reset();
    result_.reset();
    watchdog_.reset();
  }

  duckdb::Connection* connection_;
  std::shared_ptr<QueryState> query_;
  int64_t batch_rows_;
  std::unique_ptr<Watchdog> watchdog_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  std::shared_ptr<arrow::Schema> schema_;
  duckdb::unordered_map<duckdb::idx_t, const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>
      extensions_;
  std::unique_ptr<ChunkScan> scan_;
  bool has_rows_ = false;
  Status failure_;
};

}  // namespace

arrow::Result<std::unique_ptr<QueryStream>> StartQuery(
    duckdb::Connection* connection, std::shared_ptr<QueryState> query,
    duckdb::unique_ptr<duckdb::SQLStatement> statement, const QueryOptions& options,
    int64_t memory_bytes) {
  auto stream = std::make_unique<DuckDbStream>(connection, std::move(query), options, memory_bytes);
  ARROW_RETURN_NOT_OK(stream->Start(std::move(statement)));
  return stream;
}

Status ErrorOf(const QueryState& query, const duckdb::ErrorData& error) {
  const Status scan_error = query.error();
  return scan_error.ok() ? ToStatus(error) : scan_error;
}

}  // namespace skyhook::sql
