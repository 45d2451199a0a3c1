#include "skyhook/sql/result_chunks.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "duckdb/main/stream_query_result.hpp"

namespace skyhook::sql {
namespace {

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

// Works on the query until there is a chunk, an error or the end. False: somebody closed the
// stream.
bool WaitForChunk(duckdb::StreamQueryResult* stream) {
  using Outcome = duckdb::StreamExecutionResult;
  if (!stream->IsOpen()) return false;
  Outcome outcome = Outcome::CHUNK_NOT_READY;
  WorkUntil([&outcome, stream] {
    outcome = stream->ExecuteTask();
    if (outcome == Outcome::BLOCKED) stream->WaitForTask();
    return outcome != Outcome::BLOCKED && outcome != Outcome::CHUNK_NOT_READY &&
           outcome != Outcome::NO_TASKS_AVAILABLE;
  });
  return outcome != Outcome::EXECUTION_CANCELLED;
}

}  // namespace

duckdb::unique_ptr<duckdb::QueryResult> WaitForResult(duckdb::PendingQueryResult* pending) {
  using Outcome = duckdb::PendingExecutionResult;
  if (!pending->HasError()) {
    WorkUntil([pending] {
      const Outcome outcome = pending->ExecuteTask();
      if (outcome == Outcome::BLOCKED) pending->WaitForTask();
      return duckdb::PendingQueryResult::IsResultReady(outcome);
    });
  }
  // Execute would answer with a complaint about the pending result in front of the error itself.
  if (pending->HasError()) {
    return duckdb::make_uniq<duckdb::MaterializedQueryResult>(pending->GetErrorObject());
  }
  return pending->Execute();
}

ResultChunks::ResultChunks(duckdb::QueryResult* result) : result_(result) {}

duckdb::unique_ptr<duckdb::DataChunk> ResultChunks::Next(duckdb::ErrorData* error) {
  if (ended_) return nullptr;
  duckdb::unique_ptr<duckdb::DataChunk> chunk;
  const bool waited = result_->type != duckdb::QueryResultType::STREAM_RESULT ||
                      WaitForChunk(&result_->Cast<duckdb::StreamQueryResult>());
  if (result_->HasError()) {
    *error = result_->GetErrorObject();
  } else if (!waited) {
    *error = duckdb::ErrorData(duckdb::InterruptException());
  } else if (!result_->TryFetch(chunk, *error) && result_->HasError()) {
    *error = result_->GetErrorObject();
  }
  ended_ = error->HasError() || chunk == nullptr || chunk->size() == 0;
  if (ended_) chunk.reset();
  return chunk;
}

}  // namespace skyhook::sql
