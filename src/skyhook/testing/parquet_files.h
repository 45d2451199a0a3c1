// Small tables from text, and files of them with the row groups, pages and indexes a test wants.
#pragma once

#include <arrow/buffer.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skyhook::testing {

/// A table from lines of comma-separated values, without a header: "1,a,1994-01-01\n2,NULL,NULL".
/// NULL is null in every column; text may be quoted. Flat types only.
std::shared_ptr<arrow::Table> TableOf(const std::shared_ptr<arrow::Schema>& schema,
                                      const std::string& lines);

/// How a Parquet file is laid out.
struct ParquetLayout {
  int64_t row_group_rows = 1024 * 1024;
  /// Rows of one data page at most, checked by the writer every `page_rows` values.
  int64_t page_rows = 20'000;
  bool dictionary = true;
  bool statistics = true;
  bool page_index = true;
  std::vector<std::string> bloom_filters = {};  ///< columns that get one
  arrow::Compression::type compression = arrow::Compression::SNAPPY;
};

/// These fail the running test (by exception) when they cannot do their work.
std::shared_ptr<arrow::Buffer> ParquetBytes(const arrow::Table& table,
                                            const ParquetLayout& layout = {});
void WriteParquet(const std::string& path, const arrow::Table& table,
                  const ParquetLayout& layout = {});
/// An Arrow IPC file with record batches of at most `batch_rows` rows.
void WriteIpc(const std::string& path, const arrow::Table& table, int64_t batch_rows = 1024 * 1024);
void WriteBytes(const std::string& path, const std::string& bytes);

/// The rows as text, "1, a, 1994-01-01", for comparison with pinned ones; null is NULL.
std::vector<std::string> RowsOf(const arrow::Table& table);
std::vector<std::string> RowsOf(const arrow::RecordBatch& batch);
/// The rows of batches that share a schema, one after the other.
std::vector<std::string> RowsOf(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);

}  // namespace skyhook::testing
