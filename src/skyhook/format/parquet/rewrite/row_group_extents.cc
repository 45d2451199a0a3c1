#include "skyhook/format/parquet/rewrite/row_group_extents.h"

#include <algorithm>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"

namespace skyhook::format {
namespace {

/// A row group's bytes, of which the last ones may be another's: early writers did not count all of
/// a chunk.
struct Extent {
  int row_group = 0;
  base::ByteRange bytes;  ///< that are known to be its own
  int64_t most_end = 0;   ///< where it ends at the latest
};

arrow::Status CheckPage(std::optional<int64_t> page, const base::ByteRange& chunk) {
  if (page.value_or(0) <= 0) return arrow::Status::OK();
  if (*page >= chunk.offset && *page <= chunk.end()) return arrow::Status::OK();
  return base::CorruptData("page at {}, outside of the column chunk at {}+{}", *page, chunk.offset,
                           chunk.length);
}

arrow::Status CheckPages(const parquet::ColumnChunkMetaData& stored, const base::ByteRange& chunk) {
  ARROW_RETURN_NOT_OK(CheckPage(stored.data_page_offset(), chunk));
  if (stored.has_dictionary_page()) {
    ARROW_RETURN_NOT_OK(CheckPage(stored.dictionary_page_offset(), chunk));
  }
  if (stored.has_index_page()) {
    ARROW_RETURN_NOT_OK(CheckPage(stored.index_page_offset(), chunk));
  }
  return arrow::Status::OK();
}

base::ByteRange PagesOf(const ColumnChunk& chunk) {
  return {chunk.bytes.offset, chunk.bytes.length - chunk.doubtful_bytes};
}

arrow::Result<ColumnChunk> Locate(const parquet::FileMetaData& metadata, int row_group, int leaf,
                                  const base::ByteRange& data) {
  const auto stored = metadata.RowGroup(row_group)->ColumnChunk(leaf);
  if (stored->crypto_metadata() != nullptr) {
    return arrow::Status::NotImplemented("encrypted Parquet column");
  }
  ARROW_ASSIGN_OR_RAISE(ColumnChunk chunk,
                        LocateColumnChunk(metadata, row_group, leaf, data.end()));
  const base::ByteRange pages = PagesOf(chunk);
  if (pages.length == 0) return chunk;
  if (pages.offset < data.offset) {
    return base::CorruptData("column chunk at {}+{}, over the magic", pages.offset, pages.length);
  }
  ARROW_RETURN_NOT_OK(CheckPages(*stored, pages));
  return chunk;
}

arrow::Result<ColumnChunk> LocateNamed(const parquet::FileMetaData& metadata, int row_group,
                                       int leaf, const base::ByteRange& data) {
  auto chunk = CatchParquet([&] { return Locate(metadata, row_group, leaf, data); });
  if (chunk.ok()) return chunk;
  const std::string column = metadata.schema()->Column(leaf)->path()->ToDotString();
  return base::AddContext(chunk.status(),
                          fmt::format("row group {}: column '{}'", row_group, column));
}

arrow::Result<Extent> ExtentOf(const parquet::FileMetaData& metadata, int row_group,
                               const base::ByteRange& data) {
  Extent extent{row_group, {}, 0};
  for (int leaf = 0; leaf < metadata.num_columns(); ++leaf) {
    ARROW_ASSIGN_OR_RAISE(const ColumnChunk chunk, LocateNamed(metadata, row_group, leaf, data));
    const base::ByteRange pages = PagesOf(chunk);
    if (pages.length == 0) continue;
    if (extent.bytes.length == 0) extent.bytes = pages;
    const int64_t end = std::max(extent.bytes.end(), pages.end());
    extent.bytes.offset = std::min(extent.bytes.offset, pages.offset);
    extent.bytes.length = end - extent.bytes.offset;
    extent.most_end = std::max(extent.most_end, chunk.bytes.end());
  }
  return extent;
}

/// The extents that have bytes, as they follow one another in the file.
std::vector<Extent> InFileOrder(std::vector<Extent> extents) {
  std::erase_if(extents, [](const Extent& extent) { return extent.bytes.length == 0; });
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.bytes.offset < b.bytes.offset; });
  return extents;
}

arrow::Status Interleaved(const Extent& a, const Extent& b) {
  return arrow::Status::NotImplemented(
      fmt::format("row groups {} and {} interleave, at {}+{} and {}+{}", a.row_group, b.row_group,
                  a.bytes.offset, a.bytes.length, b.bytes.offset, b.bytes.length));
}

}  // namespace

arrow::Result<base::ByteRange> LocateChunkPages(const parquet::FileMetaData& metadata,
                                                int row_group, int leaf,
                                                const base::ByteRange& data) {
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk chunk, LocateNamed(metadata, row_group, leaf, data));
  return PagesOf(chunk);
}

arrow::Result<std::vector<base::ByteRange>> RowGroupExtents(const parquet::FileMetaData& metadata,
                                                            const base::ByteRange& data) {
  std::vector<Extent> extents;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    ARROW_ASSIGN_OR_RAISE(Extent extent, ExtentOf(metadata, i, data));
    extents.push_back(extent);
  }
  std::vector<base::ByteRange> out(extents.size());
  extents = InFileOrder(std::move(extents));
  for (size_t i = 0; i < extents.size(); ++i) {
    const bool is_last = i + 1 == extents.size();
    const int64_t next = is_last ? data.end() : extents[i + 1].bytes.offset;
    if (extents[i].bytes.end() > next) return Interleaved(extents[i], extents[i + 1]);
    const int64_t begin = extents[i].bytes.offset;
    out[static_cast<size_t>(extents[i].row_group)] = {begin,
                                                      std::min(extents[i].most_end, next) - begin};
  }
  return out;
}

}  // namespace skyhook::format
