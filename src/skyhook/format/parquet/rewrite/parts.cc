#include "skyhook/format/parquet/rewrite/parts.h"

#include <string_view>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/bloom_filters.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/footer.h"
#include "skyhook/format/parquet/page_index.h"
#include "skyhook/format/parquet/rewrite/fields.h"
#include "skyhook/format/parquet/rewrite/row_group_extents.h"

namespace skyhook::format {
namespace {

constexpr int64_t kMagicBytes = 4;
/// Two magics and the footer's length.
constexpr int64_t kLeastBytes = 12;

/// The bytes between the magic and the footer.
base::ByteRange DataOf(int64_t file_size, int64_t footer_bytes) {
  const int64_t end = file_size - (kLeastBytes - kMagicBytes) - footer_bytes;
  return {kMagicBytes, end - kMagicBytes};
}

arrow::Result<std::optional<base::ByteRange>> FilterOf(const parquet::ColumnChunkMetaData& chunk,
                                                       int64_t max_bytes,
                                                       const ByteReader& reader) {
  auto filter = LocateBloomFilter(chunk, max_bytes, reader);
  if (base::Is(filter.status(), base::Code::kCorruptData)) return std::nullopt;
  return filter;
}

}  // namespace

arrow::Result<std::shared_ptr<const ParquetParts>> ParquetParts::Read(
    std::shared_ptr<base::ByteSource> source, const ReadOptions& options,
    const ReadContext& context) {
  std::shared_ptr<ParquetParts> parts(new ParquetParts(std::move(source)));
  const arrow::Status status = CatchParquet([&] { return parts->ReadFooter(options, context); });
  if (!status.ok()) return base::AddContext(status, parts->source_->name());
  return parts;
}

arrow::Status ParquetParts::ReadFooter(const ReadOptions& options, const ReadContext& context) {
  if (source_->size() < kLeastBytes) {
    return base::CorruptData("{} bytes are no Parquet file", source_->size());
  }
  const ByteReader reader(source_, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(auto tail, reader.ReadTail());
  const std::string_view end(*tail);
  if (!end.ends_with("PAR1") && !end.ends_with("PARE")) {
    return base::CorruptData("not a Parquet file, or cut short");
  }
  auto footer = ReadParquetFooterBytes(reader, tail, options.max_page_bytes);
  const arrow::Status status = footer.ok() ? TakeApart(**footer) : footer.status();
  if (!status.IsNotImplemented()) return status;
  obstacle_ = status.message();
  return arrow::Status::OK();
}

arrow::Status ParquetParts::TakeApart(const arrow::Buffer& footer) {
  ARROW_ASSIGN_OR_RAISE(metadata_, ParseParquetFooter(footer));
  ARROW_ASSIGN_OR_RAISE(footer_, ThriftStruct::Parse(std::string_view(footer)));
  for (const std::string_view entry : footer_.Structs(parquet_field::kRowGroups)) {
    row_groups_.emplace_back(entry);
  }
  footer_.Remove(parquet_field::kRowGroups);
  footer_.Remove(parquet_field::kFileRows);
  if (num_row_groups() != metadata_->num_row_groups()) {
    return base::CorruptData("footer with {} row groups, or {}", num_row_groups(),
                             metadata_->num_row_groups());
  }
  data_ = DataOf(source_->size(), footer.size());
  auto extents = RowGroupExtents(*metadata_, data_);
  if (extents.ok()) {
    row_group_bytes_ = *std::move(extents);
  } else {
    obstacle_ = extents.status().message();
  }
  return arrow::Status::OK();
}

int64_t ParquetParts::row_group_rows(int row_group) const {
  return metadata_->RowGroup(row_group)->num_rows();
}

base::ByteRange ParquetParts::row_group_bytes(int row_group) const {
  return row_group_bytes_[static_cast<size_t>(row_group)];
}

std::string_view ParquetParts::row_group_entry(int row_group) const {
  return row_groups_[static_cast<size_t>(row_group)];
}

bool ParquetParts::CanJoin(const ParquetParts& other) const {
  return obstacle_.empty() && other.obstacle_.empty() && footer_ == other.footer_;
}

arrow::Result<std::vector<ChunkParts>> ParquetParts::LocateChunks(int row_group,
                                                                  int64_t max_filter_bytes,
                                                                  const ByteReader& reader) const {
  const int64_t size = source_->size();
  std::vector<ChunkParts> chunks;
  for (int leaf = 0; leaf < metadata_->num_columns(); ++leaf) {
    const auto stored = metadata_->RowGroup(row_group)->ColumnChunk(leaf);
    ChunkParts chunk;
    ARROW_ASSIGN_OR_RAISE(chunk.pages, LocateChunkPages(*metadata_, row_group, leaf, data_));
    chunk.column_index = LocateIndex(stored->GetColumnIndexLocation(), size);
    chunk.offset_index = LocateIndex(stored->GetOffsetIndexLocation(), size);
    ARROW_ASSIGN_OR_RAISE(chunk.bloom_filter, FilterOf(*stored, max_filter_bytes, reader));
    chunks.push_back(chunk);
  }
  return chunks;
}

}  // namespace skyhook::format
