// A data page becomes one Arrow array: levels to validity, values to engine type.
#pragma once

#include <arrow/array/data.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <parquet/column_reader.h>
#include <parquet/encoding.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/format/parquet/page.h"

namespace skyhook::format {

/// Decodes the pages of one column chunk. Not thread-safe.
class PageDecoder {
 public:
  /// Pages that decode to more than `max_page_bytes` are refused: a few bytes can stand for any
  /// number of rows.
  PageDecoder(const FlatColumn& column, int64_t max_page_bytes, arrow::MemoryPool* pool)
      : column_(column), max_page_bytes_(max_page_bytes), pool_(pool) {}

  /// The values of a dictionary page, none null.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeDictionary(const Page& page);

  /// All values of a data page: an array of the engine type, or of dictionary(int32, engine type)
  /// with `dictionary` as it is given. `dictionary` may be null when the chunk has none.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Decode(
      const Page& page, const std::shared_ptr<arrow::ArrayData>& dictionary);

 private:
  struct Validity {
    std::shared_ptr<arrow::Buffer> bits;  ///< null when no value is null
    int64_t valid_count = 0;
    std::shared_ptr<arrow::Buffer> values;  ///< the page's bytes behind the levels
  };

  arrow::Result<Validity> DecodeLevels(const Page& page);
  arrow::Result<int64_t> StartLevels(const Page& page);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadLevels(int count, int64_t* valid_count);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeValues(
      const Page& page, const Validity& validity,
      const std::shared_ptr<arrow::ArrayData>& dictionary);
  /// PLAIN values whose text is UTF-8.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeChecked(
      const std::shared_ptr<arrow::Buffer>& plain, int64_t count);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeIndices(
      const Validity& validity, const std::shared_ptr<arrow::ArrayData>& dictionary);

  /// The definition level of a value that is there.
  int16_t MaxLevel() const { return column_.descriptor->max_definition_level(); }

  FlatColumn column_;
  int64_t max_page_bytes_;
  arrow::MemoryPool* pool_;
  parquet::LevelDecoder level_decoder_;
  std::vector<int16_t> levels_;
  /// Indices look the same whatever they point to.
  std::unique_ptr<parquet::DictDecoder<parquet::Int32Type>> index_decoder_;
  std::shared_ptr<arrow::DataType> dictionary_type_;
};

}  // namespace skyhook::format
