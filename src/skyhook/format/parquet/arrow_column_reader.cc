#include "skyhook/format/parquet/arrow_column_reader.h"

#include <arrow/array/concatenate.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

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

ArrowColumnReader::~ArrowColumnReader() {
  if (array_ != nullptr) return;
  reader_->cost()->pages_skipped += column_.num_pages;
  if (late_) reader_->cost()->pages_skipped_late += column_.num_pages;
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrowColumnReader::Read(int64_t begin, int64_t length,
                                                                     const Selection& selection) {
  ARROW_RETURN_NOT_OK(reader_->stop().Poll());
  if (array_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(array_, Decode());
    bytes_held_ = arrow::util::TotalBufferSize(*array_);
    reader_->cost()->pages_read += column_.num_pages;
  }
  return SelectRows(array_, begin, length, selection, options_.pool);
}

arrow::Result<arrow::RecordBatchVector> ArrowColumnReader::ReadBatches() {
  const auto failure = std::make_shared<arrow::Status>();
  const auto read = [&]() -> arrow::Result<arrow::RecordBatchVector> {
    const auto pool = base::GuardedPool(options_.pool, options_.max_page_bytes);
    parquet::ReaderProperties properties(pool.get());
    properties.set_page_checksum_verification(true);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(
        builder.Open(MakeRandomAccessFile(*reader_, failure), properties, column_.metadata));
    parquet::ArrowReaderProperties arrow_properties = column_.properties;
    arrow_properties.set_batch_size(kBatchRows);
    builder.memory_pool(options_.pool)->properties(arrow_properties);
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<parquet::arrow::FileReader> file, builder.Build());
    ARROW_ASSIGN_OR_RAISE(const auto batches,
                          file->GetRecordBatchReader({column_.row_group}, column_.leaves));
    return Collect(batches.get());
  };
  auto batches = CatchParquet(read);
  if (!batches.ok()) return ReaderFailure(batches.status(), *failure);
  return batches;
}

arrow::Result<arrow::RecordBatchVector> ArrowColumnReader::Collect(
    arrow::RecordBatchReader* reader) const {
  const int64_t allowed = reader_->context().memory_bytes;
  arrow::RecordBatchVector batches;
  int64_t bytes = 0;
  while (true) {
    ARROW_RETURN_NOT_OK(reader_->context().Poll());
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (batch == nullptr) return batches;
    bytes += arrow::util::TotalBufferSize(*batch);
    if (bytes > allowed) {
      return base::LimitExceeded(
          "{} bytes of a row group are held at once, where memory for {} is left", bytes, allowed);
    }
    batches.push_back(std::move(batch));
  }
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrowColumnReader::Decode() {
  ARROW_ASSIGN_OR_RAISE(const arrow::RecordBatchVector batches, ReadBatches());
  arrow::ArrayVector chunks;
  int64_t rows = 0;
  for (const auto& batch : batches) {
    if (batch->num_columns() != 1) return base::CorruptData("Arrow's reader finds no such column");
    rows += batch->num_rows();
    chunks.push_back(batch->column(0));
  }
  if (rows != column_.num_rows) {
    return base::CorruptData("Arrow's reader finds {} rows where the row group has {}", rows,
                             column_.num_rows);
  }
  std::shared_ptr<arrow::Array> whole;
  if (chunks.empty()) return arrow::MakeEmptyArray(column_.engine_type, options_.pool);
  if (chunks.size() == 1) {
    whole = chunks.front();
  } else {
    ARROW_ASSIGN_OR_RAISE(whole, arrow::Concatenate(chunks, options_.pool));
  }
  // Of each struct on the way Arrow's reader gives the one field that is asked for.
  const std::vector<int> path(static_cast<size_t>(column_.depth), 0);
  ARROW_ASSIGN_OR_RAISE(whole, FieldOf(std::move(whole), path, options_.pool));
  return ToEngineType(whole, column_.engine_type, options_.pool);
}

}  // namespace skyhook::format
