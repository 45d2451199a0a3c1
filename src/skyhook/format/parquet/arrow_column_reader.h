// Reads the Parquet columns that Skyhook has no code of its own for, by Arrow's reader.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "skyhook/format/byte_reader.h"
#include "skyhook/format/column_reader.h"
#include "skyhook/format/fragment.h"

namespace skyhook::format {

/// Decodes some thousand rows at a time, up to those that are read, and keeps what is read last.
/// Rows that take more than the context's memory fail with kLimitExceeded.
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
  ArrowColumnReader(Cursor column, const ByteReader* reader, const ReadOptions& options);
  /// Adds the pages that were skipped to the cost.
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
  struct Decoder;

  /// Consecutive rows of the row group, as the engine has them.
  struct Piece {
    plan::RowRange rows;
    std::shared_ptr<arrow::Array> values;
    int64_t bytes = 0;
  };

  arrow::Status Start();
  /// Decodes up to row `end`, and keeps what is not before `begin`.
  arrow::Status DecodeUntil(int64_t begin, int64_t end);
  arrow::Status DecodeNext(int64_t begin);
  arrow::Result<std::shared_ptr<arrow::Array>> ValuesOf(const arrow::RecordBatch& batch) const;
  /// Lets go what is before row `begin`, to which reading moves forward.
  arrow::Status MoveTo(int64_t begin);
  /// Counts pages as read by the rows that were decoded: Arrow's reader does not say.
  void CountPages();

  Cursor column_;
  const ByteReader* reader_;
  ReadOptions options_;
  bool late_ = false;
  std::unique_ptr<Decoder> decoder_;  ///< null before the first row and behind the last
  int64_t decoded_rows_ = 0;
  int64_t released_rows_ = 0;
  std::deque<Piece> pieces_;
  int64_t bytes_held_ = 0;
  int64_t pages_read_ = 0;
};

}  // namespace skyhook::format
