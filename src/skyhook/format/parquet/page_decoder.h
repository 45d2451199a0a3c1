// A data page becomes one Arrow array: levels to validity, values to engine type. Or only a bit for
// each row: what a page of dictionary codes says of a set of them.
#pragma once

#include <arrow/array/data.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <parquet/column_reader.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/format/parquet/packed_codes.h"
#include "skyhook/format/parquet/page.h"
#include "skyhook/vector/substring.h"
#include "skyhook/vector/views.h"

namespace skyhook::format {

/// A data page whose levels are decoded and whose values are not.
struct EncodedPage {
  parquet::Encoding::type encoding = parquet::Encoding::UNKNOWN;
  int64_t num_values = 0;                   ///< nulls included
  std::shared_ptr<arrow::Buffer> validity;  ///< a bitmap; null when no value is null
  int64_t valid_count = 0;
  std::shared_ptr<arrow::Buffer> values;  ///< the page's bytes behind the levels

  bool is_dictionary() const { return IsDictionaryEncoding(encoding); }
};

/// How far the values of one page have been picked.
struct PickState {
  std::optional<bool> picks;  ///< whether values can be had one by one, once that is known
  vector::PlainCursor cursor;
};

/// Decodes the pages of one column chunk. Not thread-safe.
class PageDecoder {
 public:
  /// Pages that decode to more than `max_page_bytes` are refused: a few bytes can stand for any
  /// number of rows.
  PageDecoder(const FlatColumn& column, int64_t max_page_bytes, arrow::MemoryPool* pool)
      : column_(column),
        max_page_bytes_(max_page_bytes),
        pool_(pool),
        dictionary_type_(arrow::dictionary(arrow::int32(), column.type)) {}

  /// The values of a dictionary page, none null.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeDictionary(const Page& page);

  arrow::Result<EncodedPage> DecodeLevels(const Page& page);

  /// What is needed of a page to Pick among its first `rows` rows: of text that is stored plain
  /// less than all, of other pages all.
  BodyNeed NeedOf(int64_t rows) const;

  /// All values of a data page: an array of the engine type, or of dictionary(int32, engine type)
  /// with `dictionary` as it is given. `dictionary` may be null when the chunk has none.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Decode(
      const EncodedPage& page, const std::shared_ptr<arrow::ArrayData>& dictionary);

  /// The values at `positions[i] - shift` alone (ascending), as Decode gives them; soonest where
  /// calls ascend, too. Null: all have to be decoded, because of the encoding, or of text
  /// that is not ASCII.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Pick(
      const EncodedPage& page, const std::shared_ptr<arrow::ArrayData>& dictionary,
      std::span<const int32_t> positions, int64_t shift, PickState* state);

  /// A bitmap of the page's rows, of a page with is_dictionary(): set where `set` contains the
  /// code, and, if `null_passes`, where the value is null.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Test(const EncodedPage& page, const CodeSet& set,
                                                     bool null_passes);

  /// A bitmap of the page's rows: set where `text` stands in the value. Null: the values have to be
  /// decoded to know that.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Find(const EncodedPage& page,
                                                     const vector::Substring& text);

 private:
  arrow::Result<EncodedPage> ReadLevels(const Page& page);
  arrow::Result<bool> ReadBits(const Page& page, EncodedPage* out);
  arrow::Result<int64_t> StartLevels(const Page& page);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadValidity(int count, int64_t* valid_count);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeValues(
      const EncodedPage& page, const std::shared_ptr<arrow::ArrayData>& dictionary);
  /// As Pick, of the values that are not null.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> PickValues(
      const EncodedPage& page, const std::shared_ptr<arrow::ArrayData>& dictionary,
      std::span<const int32_t> positions, int64_t shift, PickState* state);
  /// PLAIN values whose text is UTF-8.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeChecked(
      const std::shared_ptr<arrow::Buffer>& plain, int64_t count);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodeIndices(
      const EncodedPage& page, const std::shared_ptr<arrow::ArrayData>& dictionary);
  std::shared_ptr<arrow::ArrayData> DictionaryData(
      int64_t count, std::shared_ptr<arrow::Buffer> codes,
      const std::shared_ptr<arrow::ArrayData>& dictionary) const;
  /// Pages of more than max_page_bytes_ are refused.
  arrow::Status CheckDecodedSize(int64_t num_values) const;

  /// The definition level of a value that is there.
  int16_t MaxLevel() const { return column_.descriptor->max_definition_level(); }

  FlatColumn column_;
  int64_t max_page_bytes_;
  arrow::MemoryPool* pool_;
  parquet::LevelDecoder level_decoder_;
  std::vector<int16_t> levels_;
  std::shared_ptr<arrow::DataType> dictionary_type_;  ///< of what dictionary pages become
};

}  // namespace skyhook::format
