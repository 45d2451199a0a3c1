// Runs one statement in DuckDB and hands its rows on as Arrow batches while they come.
#pragma once

#include <arrow/result.h>

#include <memory>

#include "duckdb.hpp"
#include "skyhook/sql/connection.h"
#include "skyhook/sql/duckdb_database.h"
#include "skyhook/sql/query_state.h"

namespace skyhook::sql {

/// Starts `statement`. `memory_bytes` of the whole database decides how large the batches get.
arrow::Result<std::unique_ptr<QueryStream>> StartQuery(
    std::shared_ptr<OpenedConnection> connection, std::shared_ptr<QueryState> query,
    duckdb::unique_ptr<duckdb::SQLStatement> statement, const QueryOptions& options,
    int64_t memory_bytes);

/// What a failed query is reported as: the scan's own error when a scan failed.
arrow::Status ErrorOf(const QueryState& query, const duckdb::ErrorData& error);

}  // namespace skyhook::sql
