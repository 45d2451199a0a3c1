// Encodes rows as Parquet files that are good to skip in: small pages, page index, statistics, and
// dictionaries only where they hold few values.
#pragma once

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"

namespace skyhook::format {

struct ParquetWriteOptions {
  int64_t row_group_rows = 128 * 1024;
  /// Bytes of a data page before compression: what is decoded for one row that is wanted.
  int64_t page_bytes = 128 * 1024;
  /// none, snappy, gzip, brotli, lz4, zstd. LZ4 is decompressed two to three times as fast as ZSTD
  /// and as Arrow's Snappy, and takes about as much room as Snappy.
  std::string codec = "lz4";
  /// Columns that get a bloom filter, by name.
  std::vector<std::string> bloom_filters;

  bool operator==(const ParquetWriteOptions&) const = default;
};

/// Fails with Invalid, naming it, for a codec that there is not.
arrow::Status Validate(const ParquetWriteOptions& options);

/// One file, in memory. Not thread-safe.
class ParquetWriter {
 public:
  virtual ~ParquetWriter() = default;
  /// Fails with Invalid for a bloom filter of a column that the schema has not.
  static arrow::Result<std::unique_ptr<ParquetWriter>> Make(std::shared_ptr<arrow::Schema> schema,
                                                            const ParquetWriteOptions& options);
  virtual arrow::Status Write(const arrow::RecordBatch& batch) = 0;
  /// Ends the row group, if one was begun.
  virtual arrow::Status EndRowGroup() = 0;
  /// Bytes of the row groups that were ended.
  virtual int64_t bytes() const = 0;
  /// The whole file; nothing is written after it.
  virtual arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() = 0;
};

/// The rows of a row group of a Parquet file, as Arrow's reader gives them.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ReadRowGroup(
    std::shared_ptr<base::ByteSource> source, int row_group);

/// The codec that `source`, a Parquet file, uses for most of its bytes, as ParquetWriteOptions name
/// it.
arrow::Result<std::string> CodecOf(std::shared_ptr<base::ByteSource> source);

}  // namespace skyhook::format
