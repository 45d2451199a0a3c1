#include "skyhook/format/arrow_column_reader.h"

#include <arrow/array/concatenate.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include "skyhook/base/guarded_pool.h"
#include "skyhook/base/status.h"
#include "skyhook/format/engine_array.h"
#include "skyhook/format/parquet_exceptions.h"
#include "skyhook/format/random_access_file.h"

namespace skyhook::format {

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

arrow::Result<std::shared_ptr<arrow::Table>> ArrowColumnReader::ReadTable() {
  const auto failure = std::make_shared<arrow::Status>();
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
    parquet::ReaderProperties properties(base::GuardedPool(options_.pool, options_.max_page_bytes));
    properties.set_page_checksum_verification(true);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(
        builder.Open(MakeRandomAccessFile(*reader_, failure), properties, column_.metadata));
    builder.memory_pool(options_.pool)->properties(column_.properties);
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<parquet::arrow::FileReader> file, builder.Build());
    return file->ReadRowGroup(column_.row_group, column_.leaves);
  };
  auto table = CatchParquet(read);
  if (!table.ok()) return ReaderFailure(table.status(), *failure);
  return table;
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrowColumnReader::Decode() {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Table> table, ReadTable());
  if (table->num_columns() != 1 || table->num_rows() != column_.num_rows) {
    return base::CorruptData("Arrow's reader finds {} rows where the row group has {}",
                             table->num_rows(), column_.num_rows);
  }
  const arrow::ChunkedArray& chunks = *table->column(0);
  std::shared_ptr<arrow::Array> whole;
  if (chunks.num_chunks() == 1) {
    whole = chunks.chunk(0);
  } else if (chunks.num_chunks() == 0) {
    ARROW_ASSIGN_OR_RAISE(whole, arrow::MakeEmptyArray(chunks.type(), options_.pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(whole, arrow::Concatenate(chunks.chunks(), options_.pool));
  }
  // Of each struct on the way Arrow's reader gives the one field that is asked for.
  const std::vector<int> path(static_cast<size_t>(column_.depth), 0);
  ARROW_ASSIGN_OR_RAISE(whole, FieldOf(std::move(whole), path, options_.pool));
  return ToEngineType(whole, column_.engine_type, options_.pool);
}

}  // namespace skyhook::format
