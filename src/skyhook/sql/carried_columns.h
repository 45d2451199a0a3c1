// Results that are columns of one scan: they go from the scan's batches to the stream's past
// DuckDB's vectors, in which they would be written value by value, and read again.
//
// DuckDB still runs the plan, in its threads and its order. Where nothing stands between a scan and
// the result but names and the order of columns, a chunk of one row goes through it, whose vectors
// hold a batch of the scan.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/main/prepared_statement_data.hpp"

namespace skyhook::sql {

/// Sets ScanPlan::may_carry where all columns of the result are columns of one scan, of types that
/// can be shown, and nobody counts the rows on their way.
void LetScanCarry(duckdb::ClientContext& context, duckdb::PreparedStatementData& statement);

/// Makes `chunk` stand for the columns `columns` of a batch, of which it has as many.
void Carry(const arrow::RecordBatch& batch, const std::vector<int>& columns,
           duckdb::DataChunk* chunk);
/// The columns that a chunk stands for; null: it is an ordinary one.
arrow::ArrayVector CarriedBy(duckdb::DataChunk& chunk);

/// What columns take once they are shown, in bytes: numbers, and text with its offsets.
int64_t ShownBytes(const arrow::ArrayVector& columns);

/// Columns of the types of `schema` out of pieces that were carried, of which there is at least
/// one.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Show(
    const std::vector<arrow::ArrayVector>& pieces, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace skyhook::sql
