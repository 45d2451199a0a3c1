// Runs a statement in DuckDB and gives the chunks of its result as they come, without taking a
// processor from DuckDB's own threads.
#pragma once

#include <memory>
#include <optional>

#include "duckdb.hpp"
#include "duckdb/main/pending_query_result.hpp"
#include "skyhook/sql/result_queue.h"

namespace skyhook::sql {

/// One statement from its begin to its end or its first error. Not thread-safe; `connection` has to
/// outlive it. A statement that is not read to its end is stopped by the destructor.
class ResultChunks {
 public:
  /// Plans and begins `statement`. At most about `buffer_bytes` of rows wait to be read.
  ResultChunks(duckdb::Connection* connection, duckdb::unique_ptr<duckdb::SQLStatement> statement,
               int64_t buffer_bytes);
  ~ResultChunks();
  ResultChunks(const ResultChunks&) = delete;
  ResultChunks& operator=(const ResultChunks&) = delete;

  /// The names and types of the columns, unless there is an error.
  const duckdb::BaseQueryResult& shape() const { return *pending_; }

  /// Runs a statement whose result is small to its end before any of it is read: what the statement
  /// changes is changed then.
  void Complete();
  /// The next chunk; nothing at the end and after an error.
  std::optional<ResultChunk> Next();
  /// The error that ended the statement; HasError() is false if none did.
  const duckdb::ErrorData& error() const { return error_; }

  /// The statement does not run any more, and another one of the connection may: nothing of this
  /// one is to be stopped.
  void Abandon();

 private:
  void Work();
  void Commit();
  void End(duckdb::ErrorData error);

  duckdb::Connection* connection_;
  std::shared_ptr<ResultQueue> queue_;
  duckdb::unique_ptr<duckdb::PendingQueryResult> pending_;
  bool running_ = false;
  std::chrono::microseconds wait_;
  duckdb::ErrorData error_;
};

}  // namespace skyhook::sql
