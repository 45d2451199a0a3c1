// Reads a flat Parquet column page by page: only pages with wanted rows are decompressed.
#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/format/byte_reader.h"
#include "skyhook/format/column_reader.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/column_chunk.h"
#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/format/parquet/page.h"
#include "skyhook/format/parquet/page_decoder.h"
#include "skyhook/format/parquet/page_table.h"

namespace skyhook::format {

/// Opens the pages of `chunk`.
arrow::Result<PageOpener> OpenerOf(const ColumnChunk& chunk, const ReadOptions& options,
                                   const ReadContext& context);

class FlatColumnReader : public ColumnReader {
 public:
  /// `pages` is null when there is no offset index. `reader` must outlive this and carry a cost.
  static arrow::Result<std::unique_ptr<FlatColumnReader>> Make(
      const FlatColumn& column, const ColumnChunk& chunk,
      const std::shared_ptr<const std::vector<PageLocation>>& pages, const ReadOptions& options,
      const ByteReader* reader);
  /// Adds the pages that were skipped to the cost.
  ~FlatColumnReader() override;

  void Want(const plan::RowRanges& rows, bool late) override;
  std::vector<base::ByteRange> Missing() override;
  arrow::Status Accept(std::span<const std::shared_ptr<arrow::Buffer>> buffers) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t length,
                                                    const Selection& selection) override;
  int64_t bytes_held() const override { return bytes_held_; }

 private:
  /// A page's bytes: fetched, or decoded, or neither.
  struct PageState {
    std::shared_ptr<arrow::Buffer> fetched;
    std::shared_ptr<arrow::ArrayData> decoded;
  };

  FlatColumnReader(const FlatColumn& column, const ColumnChunk& chunk, PageTable table,
                   PageOpener opener, const ReadOptions& options, const ByteReader* reader);

  arrow::Status Fetch(const plan::RowRanges& rows);
  void Keep(size_t page, std::shared_ptr<arrow::Buffer> bytes);
  void ReleaseBefore(int64_t row);
  void Release(PageState* state);
  arrow::Status LoadDictionary();
  arrow::Status DecodePage(size_t page);
  arrow::Result<std::vector<std::shared_ptr<arrow::ArrayData>>> ReadParts(
      plan::RowRange rows, const Selection& selection);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadPart(size_t page, plan::RowRange rows,
                                                            int64_t begin,
                                                            const Selection& selection);

  FlatColumn column_;
  ColumnChunk chunk_;
  PageTable table_;
  PageOpener opener_;
  PageDecoder decoder_;
  arrow::MemoryPool* pool_;
  const ByteReader* reader_;

  plan::RowRanges wanted_;
  bool late_ = false;
  std::vector<PageState> states_;  ///< one for each page the table knows
  size_t first_live_ = 0;          ///< pages before are released
  std::shared_ptr<arrow::Buffer> dictionary_page_;
  std::shared_ptr<arrow::ArrayData> dictionary_;

  /// What Missing asked for: a piece to walk, or the dictionary page and pages.
  std::optional<base::ByteRange> piece_;
  bool dictionary_asked_ = false;
  std::vector<size_t> pages_asked_;

  int64_t pages_read_ = 0;
  int64_t bytes_held_ = 0;
};

}  // namespace skyhook::format
