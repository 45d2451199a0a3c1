// The chunks of a DuckDB result as they come: waits for each without taking a processor from
// DuckDB's own threads, and ends at the first error.
#pragma once

#include "duckdb.hpp"
#include "duckdb/main/pending_query_result.hpp"

namespace skyhook::sql {

/// The result of a statement once it has one. A statement that failed gives a result with its
/// error.
duckdb::unique_ptr<duckdb::QueryResult> WaitForResult(duckdb::PendingQueryResult* pending);

/// Reads one result from its begin to its end. Not thread-safe; `result` has to outlive it.
///
/// DuckDB's own QueryResultChunkScanState is not used: over a stream that an error has closed it
/// gives the chunk before the error again and again.
class ResultChunks {
 public:
  explicit ResultChunks(duckdb::QueryResult* result);

  /// The next chunk, which has rows; null at the end and after an error, which `error` then holds.
  duckdb::unique_ptr<duckdb::DataChunk> Next(duckdb::ErrorData* error);

 private:
  duckdb::QueryResult* result_;
  bool ended_ = false;
};

}  // namespace skyhook::sql
