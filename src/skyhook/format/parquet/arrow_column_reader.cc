#include "skyhook/format/parquet/arrow_column_reader.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "skyhook/base/guarded_pool.h"
#include "skyhook/base/status.h"
#include "skyhook/format/engine_array.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/random_access_file.h"

namespace skyhook::format {
namespace {

// Rows that are decoded before their bytes are looked at.
constexpr int64_t kBatchRows = 4096;

}  // namespace

/// Arrow's reader, at the row behind the last that was decoded.
struct ArrowColumnReader::Decoder {
  std::shared_ptr<arrow::MemoryPool> pool;
  std::shared_ptr<arrow::Status> failure = std::make_shared<arrow::Status>();  ///< of a read
  std::unique_ptr<parquet::arrow::FileReader> file;
  std::unique_ptr<arrow::RecordBatchReader> batches;
};

ArrowColumnReader::ArrowColumnReader(Cursor column, const ByteReader* reader,
                                     const ReadOptions& options)
    : column_(std::move(column)), reader_(reader), options_(options) {}

ArrowColumnReader::~ArrowColumnReader() {
  const int64_t skipped = column_.num_pages - pages_read_;
  reader_->cost()->pages_skipped += skipped;
  if (late_) reader_->cost()->pages_skipped_late += skipped;
}

void ArrowColumnReader::CountPages() {
  const double share = static_cast<double>(decoded_rows_) / static_cast<double>(column_.num_rows);
  const auto read = static_cast<int64_t>(std::ceil(share * static_cast<double>(column_.num_pages)));
  reader_->cost()->pages_read += read - std::exchange(pages_read_, read);
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrowColumnReader::Read(int64_t begin, int64_t length,
                                                                     const Selection& selection) {
  ARROW_RETURN_NOT_OK(MoveTo(begin));
  if (length > 0) ARROW_RETURN_NOT_OK(DecodeUntil(begin, begin + length));
  arrow::ArrayVector parts;
  std::vector<int32_t> within;  // a piece
  for (const Piece& piece : pieces_) {
    const plan::RowRange rows{std::max(begin, piece.rows.begin),
                              std::min(begin + length, piece.rows.end)};
    if (rows.size() <= 0) continue;
    Selection selected;
    if (selection.has_value()) {
      within.clear();
      const int64_t shift = rows.begin - begin;
      for (const int32_t row : Clip(*selection, shift, rows.end - begin)) {
        within.push_back(static_cast<int32_t>(row - shift));
      }
      if (within.empty()) continue;
      selected = within;
    }
    ARROW_ASSIGN_OR_RAISE(auto part, SelectRows(piece.values, rows.begin - piece.rows.begin,
                                                rows.size(), selected, options_.pool));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return arrow::MakeEmptyArray(column_.engine_type, options_.pool);
  return parts.size() == 1 ? parts.front() : arrow::Concatenate(parts, options_.pool);
}

arrow::Status ArrowColumnReader::MoveTo(int64_t begin) {
  if (begin < released_rows_) {
    return base::Invalid("row {} is read after the rows behind it", begin);
  }
  while (!pieces_.empty() && pieces_.front().rows.end <= begin) {
    bytes_held_ -= pieces_.front().bytes;
    released_rows_ = pieces_.front().rows.end;
    pieces_.pop_front();
  }
  return arrow::Status::OK();
}

arrow::Status ArrowColumnReader::Start() {
  auto decoder = std::make_unique<Decoder>();
  decoder->pool = base::GuardedPool(options_.pool, options_.max_page_bytes);
  const auto open = [&]() -> arrow::Status {
    parquet::ReaderProperties properties(decoder->pool.get());
    properties.set_page_checksum_verification(true);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(MakeRandomAccessFile(*reader_, decoder->failure), properties,
                                     column_.metadata));
    parquet::ArrowReaderProperties arrow_properties = column_.properties;
    arrow_properties.set_batch_size(kBatchRows);
    builder.memory_pool(options_.pool)->properties(arrow_properties);
    ARROW_ASSIGN_OR_RAISE(decoder->file, builder.Build());
    return decoder->file->GetRecordBatchReader({column_.row_group}, column_.leaves)
        .Value(&decoder->batches);
  };
  const arrow::Status opened = CatchParquet(open);
  if (!opened.ok()) return ReaderFailure(opened, *decoder->failure);
  decoder_ = std::move(decoder);
  return arrow::Status::OK();
}

arrow::Status ArrowColumnReader::DecodeUntil(int64_t begin, int64_t end) {
  while (decoded_rows_ < end) {
    ARROW_RETURN_NOT_OK(reader_->context().Poll());
    if (decoder_ == nullptr) ARROW_RETURN_NOT_OK(Start());
    ARROW_RETURN_NOT_OK(DecodeNext(begin));
  }
  if (decoded_rows_ == column_.num_rows) decoder_.reset();
  return arrow::Status::OK();
}

arrow::Status ArrowColumnReader::DecodeNext(int64_t begin) {
  const auto next = CatchParquet([&] { return decoder_->batches->Next(); });
  if (!next.ok()) return ReaderFailure(next.status(), *decoder_->failure);
  const int64_t rows = *next == nullptr ? 0 : (*next)->num_rows();
  if (rows == 0 || rows > column_.num_rows - decoded_rows_) {
    return base::CorruptData("Arrow's reader finds {} rows where the row group has {}",
                             decoded_rows_ + rows, column_.num_rows);
  }
  const plan::RowRange range{decoded_rows_, decoded_rows_ + rows};
  decoded_rows_ = range.end;
  CountPages();
  if (range.end <= begin) {
    released_rows_ = range.end;
    return arrow::Status::OK();
  }
  Piece piece{range, nullptr, arrow::util::TotalBufferSize(**next)};
  bytes_held_ += piece.bytes;
  const int64_t allowed = reader_->context().memory_bytes;
  if (bytes_held_ > allowed) {
    return base::LimitExceeded(
        "{} bytes of a row group are held at once, where memory for {} is left", bytes_held_,
        allowed);
  }
  ARROW_ASSIGN_OR_RAISE(piece.values, ValuesOf(**next));
  pieces_.push_back(std::move(piece));
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrowColumnReader::ValuesOf(
    const arrow::RecordBatch& batch) const {
  if (batch.num_columns() != 1) return base::CorruptData("Arrow's reader finds no such column");
  // Of each struct on the way Arrow's reader gives the one field that is asked for.
  const std::vector<int> path(static_cast<size_t>(column_.depth), 0);
  ARROW_ASSIGN_OR_RAISE(auto field, FieldOf(batch.column(0), path, options_.pool));
  return ToEngineType(field, column_.engine_type, options_.pool);
}

}  // namespace skyhook::format
