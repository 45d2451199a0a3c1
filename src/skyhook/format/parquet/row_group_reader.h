// Reads the columns of one Parquet row group: one fetch for all of them, then each by itself.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/format/byte_reader.h"
#include "skyhook/format/column_reader.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/flat_column_reader.h"

namespace skyhook::format {

class ParquetRowGroupReader : public RowGroupReader {
 public:
  /// Makes the reader of a column of some row group; the ByteReader outlives it.
  using MakeColumn = std::function<arrow::Result<std::unique_ptr<ColumnReader>>(
      int row_group, int column, const ByteReader*)>;

  /// `where` names file and row group in messages; `schema` the columns.
  ParquetRowGroupReader(std::string where, std::shared_ptr<arrow::Schema> schema, int row_group,
                        plan::RowRange rows, ByteReader reader, MakeColumn make_column);

  arrow::Status Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                         bool late) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Read(
      int column, int64_t begin, int64_t length,
      std::optional<std::span<const int32_t>> selection) override;
  arrow::Status Filter(int column, int64_t begin, int64_t length, ValueFilter* filter,
                       uint8_t* bits) override;
  arrow::Result<bool> Prepare(const std::vector<int>& columns, int64_t begin, int64_t length,
                              std::optional<std::span<const int32_t>> selection) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Dictionary(int column) override;
  int64_t bytes_held() const override;

 private:
  arrow::Result<ColumnReader*> Column(int column);
  /// Fetches what the columns (distinct ones) miss, until they miss nothing.
  arrow::Status Fetch(const std::vector<int>& columns);
  /// Those of the columns whose fetched pages wait for one; such as are decoded together follow
  /// each other.
  void QueueDictionaries(const std::vector<int>& columns);
  /// Decodes one or two of the queue; false: none of it waits any longer.
  bool LoadDictionaries();
  /// Decodes a dictionary that waits together with that of the same column in the row group that is
  /// read next, and leaves that one in ReadContext::ahead; false: there is none to do so with.
  bool LoadWithNext(FlatColumnReader* one);
  /// Opens pages of different columns in pairs: those that have no other one of their column to be
  /// opened with. What is wrong with them is said when they are read.
  arrow::Status OpenAcross(const std::vector<int>& columns, plan::RowRange rows,
                           const Selection& selection);
  std::string Where(int column) const;
  arrow::Status CheckRows(int64_t begin, int64_t length) const;

  std::string where_;
  std::shared_ptr<arrow::Schema> schema_;
  const int row_group_;
  plan::RowRange rows_;
  ByteReader reader_;
  MakeColumn make_column_;
  std::vector<std::unique_ptr<ColumnReader>> columns_;
  std::vector<FlatColumnReader*> flat_columns_;  ///< those of columns_ that are; else null
  std::deque<FlatColumnReader*> dictionaries_;
  size_t prepared_ = 0;  ///< of the columns of Prepare, in steps
};

}  // namespace skyhook::format
