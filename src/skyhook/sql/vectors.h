// Arrow arrays of engine types as DuckDB vectors, without copying where the layouts agree.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <memory>
#include <vector>

#include "duckdb.hpp"

namespace skyhook::sql {

/// Converts one column. Not thread-safe: one per thread.
class ColumnReader {
 public:
  virtual ~ColumnReader() = default;

  /// Rows [offset, offset + count) of `array` into `out`, a flat vector of at least `count` rows.
  /// `out` may point into the array's buffers and keeps `owner` alive for as long.
  virtual void Read(const arrow::Array& array, int64_t offset, duckdb::idx_t count,
                    const duckdb::buffer_ptr<duckdb::VectorBuffer>& owner, duckdb::Vector* out) = 0;
};

/// A reader from the engine type of `field` to `type` (what SqlType gave, or what an aggregate has
/// to return). Throws a DuckDB exception that names the column when there is no such conversion.
std::unique_ptr<ColumnReader> MakeColumnReader(duckdb::ClientContext& context,
                                               const arrow::Field& field,
                                               const duckdb::LogicalType& type);

/// A vector buffer that keeps a batch alive.
duckdb::buffer_ptr<duckdb::VectorBuffer> MakeOwner(std::shared_ptr<arrow::RecordBatch> batch);

}  // namespace skyhook::sql
