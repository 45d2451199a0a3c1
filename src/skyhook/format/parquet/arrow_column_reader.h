// Reads the Parquet columns that Skyhook has no code of its own for, by Arrow's reader.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/format/byte_reader.h"
#include "skyhook/format/column_reader.h"
#include "skyhook/format/fragment.h"

namespace skyhook::format {

/// Decodes the whole column of the row group at the first Read, and selects from it. A column that
/// takes more than the context's memory fails with kLimitExceeded, some thousand rows later.
class ArrowColumnReader : public ColumnReader {
 public:
  struct Cursor {
    std::shared_ptr<parquet::FileMetaData> metadata;
    parquet::ArrowReaderProperties properties;
    int row_group = 0;
    std::vector<int> leaves;
    int depth = 0;  ///< structs around it
    std::shared_ptr<arrow::DataType> engine_type;
    int64_t num_rows = 0;   ///< of the row group
    int64_t num_pages = 0;  ///< data pages, as far as they were counted
  };

  /// `reader` must outlive this and carry a cost.
  ArrowColumnReader(Cursor column, const ByteReader* reader, const ReadOptions& options)
      : column_(std::move(column)), reader_(reader), options_(options) {}
  ~ArrowColumnReader() override;

  void Want(const plan::RowRanges& rows, bool late) override { late_ = late; }
  /// Arrow's reader fetches for itself.
  std::vector<base::ByteRange> Missing() override { return {}; }
  arrow::Status Accept(std::span<const std::shared_ptr<arrow::Buffer>>) override {
    return arrow::Status::OK();
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t length,
                                                    const Selection& selection) override;
  int64_t bytes_held() const override { return bytes_held_; }

 private:
  arrow::Result<arrow::RecordBatchVector> ReadBatches();
  arrow::Result<arrow::RecordBatchVector> Collect(arrow::RecordBatchReader* reader) const;
  arrow::Result<std::shared_ptr<arrow::Array>> Decode();

  Cursor column_;
  const ByteReader* reader_;
  ReadOptions options_;
  bool late_ = false;
  std::shared_ptr<arrow::Array> array_;
  int64_t bytes_held_ = 0;
};

}  // namespace skyhook::format
