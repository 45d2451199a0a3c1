#include "skyhook/format/parquet/page_index.h"

#include <parquet/properties.h>

#include <algorithm>
#include <exception>

namespace skyhook::format {
namespace {

/// The index of all row groups is read at once up to this size, else that of one row group.
constexpr int64_t kReadAtOnceBytes = 1024 * 1024;

/// What an index takes in memory, for each of its bytes in the file and besides.
constexpr int64_t kParsedRatio = 4;
constexpr int64_t kEntryBytes = 128;

int64_t ParsedBytes(const std::shared_ptr<arrow::Buffer>& encoded) {
  return kEntryBytes + (encoded == nullptr ? 0 : kParsedRatio * encoded->size());
}

bool Covers(const base::ByteRange& outer, const base::ByteRange& inner) {
  return outer.offset <= inner.offset && inner.end() <= outer.end();
}

/// The rows of each page; empty when the first rows do not ascend from 0 to the chunk's end.
std::vector<plan::RowRange> RowsOf(const std::vector<parquet::PageLocation>& pages,
                                   int64_t num_rows) {
  std::vector<plan::RowRange> rows;
  for (size_t i = 0; i < pages.size(); ++i) {
    const int64_t begin = pages[i].first_row_index;
    const int64_t end = i + 1 < pages.size() ? pages[i + 1].first_row_index : num_rows;
    if ((i == 0 && begin != 0) || begin < 0 || begin > end || end > num_rows) return {};
    rows.push_back({begin, end});
  }
  return rows;
}

/// Null when the pages do not lie inside the chunk, one behind the other.
std::shared_ptr<const std::vector<PageLocation>> Locate(
    const std::vector<parquet::PageLocation>& pages, const ColumnChunk& chunk) {
  const std::vector<plan::RowRange> rows = RowsOf(pages, chunk.num_rows);
  if (rows.empty()) return nullptr;
  auto out = std::make_shared<std::vector<PageLocation>>();
  int64_t end = chunk.bytes.offset;
  for (size_t i = 0; i < pages.size(); ++i) {
    const base::ByteRange bytes{pages[i].offset, pages[i].compressed_page_size};
    if (bytes.offset < end || bytes.length <= 0 || bytes.offset > chunk.bytes.end() ||
        bytes.length > chunk.bytes.end() - bytes.offset) {
      return nullptr;
    }
    end = bytes.end();
    if (rows[i].size() > 0) out->push_back({rows[i], bytes});
  }
  return out;
}

}  // namespace

std::optional<base::ByteRange> LocateIndex(const std::optional<parquet::IndexLocation>& location,
                                           int64_t file_size) {
  if (!location.has_value()) return std::nullopt;
  const base::ByteRange range{location->offset, location->length};
  const bool inside = range.offset >= 0 && range.length > 0 && range.offset <= file_size &&
                      range.length <= file_size - range.offset;
  return inside ? std::optional(range) : std::nullopt;
}

std::optional<base::ByteRange> PageIndex::Location(Kind kind, int row_group, int leaf,
                                                   int64_t file_size) const {
  const auto chunk = metadata_->RowGroup(row_group)->ColumnChunk(leaf);
  return LocateIndex(
      kind == kOffsets ? chunk->GetOffsetIndexLocation() : chunk->GetColumnIndexLocation(),
      file_size);
}

base::ByteRange PageIndex::Extent(Kind kind, int first_row_group, int last_row_group,
                                  int64_t file_size) const {
  base::ByteRange extent;
  for (int group = first_row_group; group <= last_row_group; ++group) {
    for (int leaf = 0; leaf < metadata_->num_columns(); ++leaf) {
      const auto location = Location(kind, group, leaf, file_size);
      if (!location.has_value()) continue;
      if (extent.length == 0) extent = *location;
      const int64_t end = std::max(extent.end(), location->end());
      extent.offset = std::min(extent.offset, location->offset);
      extent.length = end - extent.offset;
    }
  }
  return extent;
}

base::ByteRange PageIndex::ChooseRegion(Kind kind, int row_group, const base::ByteRange& wanted,
                                        int64_t file_size) {
  if (!file_extents_[kind].has_value()) {
    file_extents_[kind] = Extent(kind, 0, metadata_->num_row_groups() - 1, file_size);
  }
  const auto fits = [&](const base::ByteRange& range) {
    return range.length <= kReadAtOnceBytes && Covers(range, wanted);
  };
  if (fits(*file_extents_[kind])) return *file_extents_[kind];
  const base::ByteRange of_row_group = Extent(kind, row_group, row_group, file_size);
  return fits(of_row_group) ? of_row_group : wanted;
}

bool PageIndex::MakeRoom(int64_t bytes) {
  if (kept_.Add(bytes)) return true;
  regions_ = {};
  offsets_.clear();
  columns_.clear();
  pages_.clear();
  kept_.Reset();
  return kept_.Add(bytes);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PageIndex::Load(Kind kind, int row_group, int leaf,
                                                              const ByteReader& reader) {
  const int64_t file_size = reader.source().size();
  const std::optional<base::ByteRange> wanted = Location(kind, row_group, leaf, file_size);
  if (!wanted.has_value()) return nullptr;
  Region region = regions_[kind];
  if (region.bytes == nullptr || !Covers(region.range, *wanted)) {
    if (region.bytes != nullptr) kept_.Give(region.bytes->size());
    regions_[kind] = {};
    region.range = ChooseRegion(kind, row_group, *wanted, file_size);
    ARROW_ASSIGN_OR_RAISE(region.bytes, reader.ReadOne(region.range));
    if (MakeRoom(region.bytes->size())) regions_[kind] = region;
  }
  return arrow::SliceBuffer(region.bytes, wanted->offset - region.range.offset, wanted->length);
}

arrow::Result<PageIndex::OffsetIndexPtr> PageIndex::Offsets(int row_group, int leaf,
                                                            const ByteReader& reader) {
  const Key key{row_group, leaf};
  if (auto known = offsets_.find(key); known != offsets_.end()) return known->second;
  ARROW_ASSIGN_OR_RAISE(auto bytes, Load(kOffsets, row_group, leaf, reader));
  OffsetIndexPtr index;
  try {
    if (bytes != nullptr) {
      index = parquet::OffsetIndex::Make(bytes->data(), bytes->size(),
                                         parquet::default_reader_properties());
    }
  } catch (const std::exception&) {
    index = nullptr;
  }
  if (MakeRoom(ParsedBytes(bytes))) offsets_[key] = index;
  return index;
}

arrow::Result<PageIndex::ColumnIndexPtr> PageIndex::Columns(int row_group, int leaf,
                                                            const ByteReader& reader) {
  const Key key{row_group, leaf};
  if (auto known = columns_.find(key); known != columns_.end()) return known->second;
  ARROW_ASSIGN_OR_RAISE(auto bytes, Load(kColumns, row_group, leaf, reader));
  ColumnIndexPtr index;
  try {
    if (bytes != nullptr) {
      index = parquet::ColumnIndex::Make(*metadata_->schema()->Column(leaf), bytes->data(),
                                         bytes->size(), parquet::default_reader_properties());
    }
  } catch (const std::exception&) {
    index = nullptr;
  }
  if (MakeRoom(ParsedBytes(bytes))) columns_[key] = index;
  return index;
}

arrow::Result<std::shared_ptr<const std::vector<PageLocation>>> PageIndex::Pages(
    int row_group, int leaf, const ColumnChunk& chunk, const ByteReader& reader) {
  ARROW_ASSIGN_OR_RAISE(const auto lock, Lock(&mutex_, reader.context()));
  const Key key{row_group, leaf};
  if (auto known = pages_.find(key); known != pages_.end()) return known->second;
  ARROW_ASSIGN_OR_RAISE(OffsetIndexPtr offsets, Offsets(row_group, leaf, reader));
  auto pages = offsets == nullptr ? nullptr : Locate(offsets->page_locations(), chunk);
  const size_t bytes = pages == nullptr ? 0 : pages->size() * sizeof(PageLocation);
  if (MakeRoom(kEntryBytes + static_cast<int64_t>(bytes))) pages_[key] = pages;
  return pages;
}

arrow::Result<PageIndex::ColumnPages> PageIndex::ColumnIndex(int row_group, int leaf,
                                                             const ColumnChunk& chunk,
                                                             const ByteReader& reader) {
  ARROW_ASSIGN_OR_RAISE(const auto lock, Lock(&mutex_, reader.context()));
  ARROW_ASSIGN_OR_RAISE(OffsetIndexPtr offsets, Offsets(row_group, leaf, reader));
  if (offsets == nullptr) return ColumnPages{};
  ARROW_ASSIGN_OR_RAISE(ColumnIndexPtr columns, Columns(row_group, leaf, reader));
  ColumnPages out{columns, RowsOf(offsets->page_locations(), chunk.num_rows)};
  const bool usable = columns != nullptr && !out.rows.empty() &&
                      columns->null_pages().size() == out.rows.size() &&
                      columns->encoded_min_values().size() == out.rows.size() &&
                      columns->encoded_max_values().size() == out.rows.size();
  return usable ? out : ColumnPages{};
}

}  // namespace skyhook::format
