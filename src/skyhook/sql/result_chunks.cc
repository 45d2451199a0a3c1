#include "skyhook/sql/result_chunks.h"

#include <algorithm>
#include <utility>

#include "skyhook/sql/result_collector.h"

namespace skyhook::sql {
namespace {

// How long to wait where all work is with DuckDB's own threads: longer each time.
constexpr std::chrono::microseconds kLeastWait{20};
constexpr std::chrono::microseconds kMostWait{250};

}  // namespace

ResultChunks::ResultChunks(duckdb::Connection* connection,
                           duckdb::unique_ptr<duckdb::SQLStatement> statement, int64_t buffer_bytes)
    : connection_(connection),
      queue_(std::make_shared<ResultQueue>(buffer_bytes)),
      wait_(kLeastWait) {
  // Only for this statement: what else runs on the connection wants its rows from DuckDB.
  auto& collector = connection->context->config.get_result_collector;
  collector = CollectInto(queue_);
  pending_ = connection->PendingQuery(std::move(statement));
  collector = nullptr;
  running_ = !pending_->HasError();
  if (!running_) error_ = pending_->GetErrorObject();
}

// To prepare a statement ends the one that runs, and there is no other way to end one without
// touching the transaction that the user may have begun. The empty text is no statement.
ResultChunks::~ResultChunks() {
  queue_->Close();
  if (!running_) return;
  connection_->Interrupt();
  connection_->context->Prepare("");
}

void ResultChunks::Complete() {
  while (running_) Work();
}

std::optional<ResultChunk> ResultChunks::Next() {
  while (!error_.HasError()) {
    if (auto chunk = queue_->Take()) return chunk;
    if (!running_) break;
    queue_->Unblock();
    Work();
  }
  return std::nullopt;
}

// One task of the query. DuckDB's own loops ask for work again and again while other threads have
// it all, on a processor that these could use.
void ResultChunks::Work() {
  switch (pending_->ExecuteTask()) {
    case duckdb::PendingExecutionResult::RESULT_NOT_READY:
      wait_ = kLeastWait;
      return;
    case duckdb::PendingExecutionResult::EXECUTION_FINISHED:
      return Commit();
    case duckdb::PendingExecutionResult::EXECUTION_ERROR:
      return End(pending_->GetErrorObject());
    case duckdb::PendingExecutionResult::NO_TASKS_AVAILABLE:
    case duckdb::PendingExecutionResult::BLOCKED:
    case duckdb::PendingExecutionResult::RESULT_READY:
      queue_->WaitForChunk(wait_);
      wait_ = std::min(2 * wait_, kMostWait);
  }
}

void ResultChunks::Commit() {
  const auto result = pending_->Execute();
  End(result->HasError() ? result->GetErrorObject() : duckdb::ErrorData());
}

void ResultChunks::End(duckdb::ErrorData error) {
  running_ = false;
  error_ = std::move(error);
}

void ResultChunks::Abandon() { running_ = false; }

}  // namespace skyhook::sql
