// The page index of a Parquet file (offset and column indexes), kept once it was read.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/memory_budget.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/parquet/column_chunk.h"
#include "skyhook/format/parquet/page_table.h"

namespace skyhook::format {

/// Where an index lies; nullopt when the footer names none, or one that leaves the file.
std::optional<base::ByteRange> LocateIndex(const std::optional<parquet::IndexLocation>& location,
                                           int64_t file_size);

/// Thread-safe. An index that does not parse, or that contradicts the chunk, counts as absent:
/// files are readable without.
class PageIndex {
 public:
  /// What is read is kept as far as `budget` allows; beyond that it is read again.
  PageIndex(std::shared_ptr<parquet::FileMetaData> metadata,
            std::shared_ptr<base::MemoryBudget> budget)
      : metadata_(std::move(metadata)), kept_(std::move(budget)) {}

  /// The pages of a column without repetition, those without rows left out; null when there is no
  /// usable offset index.
  arrow::Result<std::shared_ptr<const std::vector<PageLocation>>> Pages(int row_group, int leaf,
                                                                        const ColumnChunk& chunk,
                                                                        const ByteReader& reader);

  struct ColumnPages {
    std::shared_ptr<parquet::ColumnIndex> index;
    std::vector<plan::RowRange> rows;  ///< of each page of `index`; may be empty ranges
  };
  /// The column index with its pages' rows (relative to the row group); index is null when there
  /// is no usable one.
  arrow::Result<ColumnPages> ColumnIndex(int row_group, int leaf, const ColumnChunk& chunk,
                                         const ByteReader& reader);

 private:
  enum Kind : size_t { kOffsets = 0, kColumns = 1 };
  using Key = std::pair<int, int>;
  using OffsetIndexPtr = std::shared_ptr<parquet::OffsetIndex>;
  using ColumnIndexPtr = std::shared_ptr<parquet::ColumnIndex>;

  struct Region {
    base::ByteRange range;
    std::shared_ptr<arrow::Buffer> bytes;
  };

  arrow::Result<OffsetIndexPtr> Offsets(int row_group, int leaf, const ByteReader& reader);
  arrow::Result<ColumnIndexPtr> Columns(int row_group, int leaf, const ByteReader& reader);
  std::optional<base::ByteRange> Location(Kind kind, int row_group, int leaf,
                                          int64_t file_size) const;
  base::ByteRange Extent(Kind kind, int first_row_group, int last_row_group,
                         int64_t file_size) const;
  base::ByteRange ChooseRegion(Kind kind, int row_group, const base::ByteRange& wanted,
                               int64_t file_size);
  /// Makes room for `bytes` more, where the budget is short by dropping all that is kept. False:
  /// there is no room.
  bool MakeRoom(int64_t bytes);
  arrow::Result<std::shared_ptr<arrow::Buffer>> Load(Kind kind, int row_group, int leaf,
                                                     const ByteReader& reader);

  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::timed_mutex mutex_;
  std::array<Region, 2> regions_;
  std::array<std::optional<base::ByteRange>, 2> file_extents_;
  std::map<Key, OffsetIndexPtr> offsets_;
  std::map<Key, ColumnIndexPtr> columns_;
  std::map<Key, std::shared_ptr<const std::vector<PageLocation>>> pages_;
  base::Reservation kept_;
};

}  // namespace skyhook::format
