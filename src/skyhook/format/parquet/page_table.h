// The data pages of one column chunk: which rows they hold and where they lie.
#pragma once

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/format/parquet/column_chunk.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::format {

/// A data page, known from the offset index or from its header.
struct PageLocation {
  plan::RowRange rows;    ///< relative to the row group; not empty
  base::ByteRange bytes;  ///< header included
};

/// Knows all pages at once when the file has an offset index. Else it learns them by walking from
/// header to header through pieces of the chunk that the caller fetches.
class PageTable {
 public:
  struct Walked {
    size_t page;  ///< index into pages()
    std::shared_ptr<arrow::Buffer> bytes;
  };

  /// `locations` cover the rows of the chunk in order.
  static PageTable FromIndex(const ColumnChunk& chunk, std::vector<PageLocation> locations);
  static PageTable ForWalk(const ColumnChunk& chunk);

  const std::vector<PageLocation>& pages() const { return pages_; }
  /// Rows of the pages known so far.
  int64_t known_rows() const { return pages_.empty() ? 0 : pages_.back().rows.end; }
  bool complete() const { return known_rows() == chunk_.num_rows; }
  /// Index of the known page that holds `row`.
  size_t Find(int64_t row) const;

  /// The dictionary page, when its place is known; length 0 when there is none.
  const base::ByteRange& dictionary() const { return dictionary_; }

  /// The bytes to fetch and give to Walk, so that rows up to `row` become known; nullopt when they
  /// are.
  std::optional<base::ByteRange> NextPiece(int64_t row, int64_t max_bytes) const;
  /// Takes the piece that NextPiece asked for; returns the pages that lie whole in it.
  arrow::Result<std::vector<Walked>> Walk(const base::ByteRange& range,
                                          const std::shared_ptr<arrow::Buffer>& piece);

 private:
  explicit PageTable(const ColumnChunk& chunk) : chunk_(chunk), walked_to_(chunk.bytes.offset) {}

  ColumnChunk chunk_;
  std::vector<PageLocation> pages_;
  base::ByteRange dictionary_;
  int64_t walked_to_ = 0;    ///< file offset of the first header not yet seen
  int64_t least_piece_ = 0;  ///< bytes that the next piece must have to get on
};

}  // namespace skyhook::format
