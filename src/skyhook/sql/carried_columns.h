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
#include <set>
#include <utility>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/main/prepared_statement_data.hpp"

namespace skyhook::sql {

/// Sets ScanPlan::may_carry where all columns of the result are columns of one scan, of types that
/// can be shown, and nobody counts the rows on their way.
void LetScanCarry(duckdb::ClientContext& context, duckdb::PreparedStatementData& statement);

/// Rows of a column of a batch.
struct CarriedColumn {
  std::shared_ptr<arrow::Array> array;
  int64_t text_bytes = 0;  ///< that its views show
};
using CarriedColumns = std::vector<CarriedColumn>;

/// The columns `columns` of a batch, from row `offset` on.
CarriedColumns ColumnsOf(const arrow::RecordBatch& batch, const std::vector<int>& columns,
                         int64_t offset);
/// What columns take once they are shown, in bytes: numbers, and text with its offsets.
int64_t ShownBytes(const CarriedColumns& columns);
/// Buffers by their first byte and their size.
using HeldBuffers = std::set<std::pair<const uint8_t*, int64_t>>;
/// What columns keep alive until then, in bytes, pages and dictionaries included, besides what
/// those before do: `held`, which becomes the buffers of these.
int64_t HeldBytes(const CarriedColumns& columns, HeldBuffers* held);

/// Makes `chunk` stand for the columns, of which it has as many.
void Carry(CarriedColumns columns, duckdb::DataChunk* chunk);
/// The columns that a chunk stands for; none: it is an ordinary one.
CarriedColumns CarriedBy(duckdb::DataChunk& chunk);

/// Columns of the types of `schema` out of pieces that were carried, of which there is at least
/// one.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Show(
    const std::vector<CarriedColumns>& pieces, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace skyhook::sql
