#include "skyhook/format/parquet/rewrite/moved_row_group.h"

#include <limits>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/rewrite/fields.h"
#include "skyhook/format/parquet/rewrite/thrift_struct.h"

namespace skyhook::format {
namespace {

namespace field = parquet_field;

/// Writers put 0 where there is no such page.
void MovePage(int32_t id, const MovedChunk& moved, ThriftStruct* metadata) {
  const std::optional<int64_t> offset = metadata->Int64(id);
  if (!offset.has_value() || *offset <= 0) return;
  metadata->SetInt64(id, moved.old_pages.length == 0 ? 0 : *offset + moved.shift);
}

arrow::Result<std::string> MoveMetadata(std::string_view bytes, const MovedChunk& moved) {
  ARROW_ASSIGN_OR_RAISE(ThriftStruct metadata, ThriftStruct::Parse(bytes));
  MovePage(field::kDataPageOffset, moved, &metadata);
  MovePage(field::kIndexPageOffset, moved, &metadata);
  MovePage(field::kDictionaryPageOffset, moved, &metadata);
  if (moved.bloom_filter.has_value()) {
    metadata.SetInt64(field::kBloomFilterOffset, *moved.bloom_filter);
  } else {
    metadata.Remove(field::kBloomFilterOffset);
    metadata.Remove(field::kBloomFilterLength);
  }
  return metadata.Serialise();
}

/// Some writers mean the first page, others a copy of the metadata behind the pages. Offsets within
/// such a copy stay as they were, so that nobody may find it: 0 is the format's word for none.
int64_t MovedChunkOffset(int64_t offset, const MovedChunk& moved) {
  const bool is_page = offset >= moved.old_pages.offset && offset < moved.old_pages.end();
  return is_page ? offset + moved.shift : 0;
}

void PlaceIndexes(const MovedChunk& moved, ThriftStruct* chunk) {
  if (moved.offset_index.has_value()) {
    chunk->SetInt64(field::kOffsetIndexOffset, moved.offset_index->offset);
    chunk->SetInt32(field::kOffsetIndexLength, static_cast<int32_t>(moved.offset_index->length));
  } else {
    chunk->Remove(field::kOffsetIndexOffset);
    chunk->Remove(field::kOffsetIndexLength);
  }
  if (moved.offset_index.has_value() && moved.column_index.has_value()) {
    chunk->SetInt64(field::kColumnIndexOffset, *moved.column_index);
  } else {
    chunk->Remove(field::kColumnIndexOffset);
    chunk->Remove(field::kColumnIndexLength);
  }
}

arrow::Result<std::string> MoveChunk(std::string_view bytes, const MovedChunk& moved) {
  ARROW_ASSIGN_OR_RAISE(ThriftStruct chunk, ThriftStruct::Parse(bytes));
  const std::optional<std::string_view> metadata = chunk.Struct(field::kMetadata);
  if (!metadata.has_value()) return base::CorruptData("column chunk without metadata");
  ARROW_ASSIGN_OR_RAISE(std::string moved_metadata, MoveMetadata(*metadata, moved));
  chunk.SetStruct(field::kMetadata, std::move(moved_metadata));
  if (const auto offset = chunk.Int64(field::kChunkOffset); offset.has_value()) {
    chunk.SetInt64(field::kChunkOffset, MovedChunkOffset(*offset, moved));
  }
  PlaceIndexes(moved, &chunk);
  return chunk.Serialise();
}

void SetOrdinal(int64_t ordinal, ThriftStruct* group) {
  if (!group->Has(field::kOrdinal, ThriftType::kInt16)) return;
  const bool fits = ordinal <= std::numeric_limits<int16_t>::max();
  fits ? group->SetInt16(field::kOrdinal, static_cast<int16_t>(ordinal))
       : group->Remove(field::kOrdinal);
}

}  // namespace

arrow::Result<std::string> MoveRowGroup(std::string_view entry, const MovedRowGroup& moved) {
  ARROW_ASSIGN_OR_RAISE(ThriftStruct group, ThriftStruct::Parse(entry));
  const std::vector<std::string_view> chunks = group.Structs(field::kColumns);
  if (chunks.size() != moved.chunks.size()) {
    return base::CorruptData("{} column chunks where the schema has {} columns", chunks.size(),
                             moved.chunks.size());
  }
  std::vector<std::string> moved_chunks;
  for (size_t leaf = 0; leaf < chunks.size(); ++leaf) {
    ARROW_ASSIGN_OR_RAISE(std::string chunk, MoveChunk(chunks[leaf], moved.chunks[leaf]));
    moved_chunks.push_back(std::move(chunk));
  }
  group.SetStructs(field::kColumns, moved_chunks);
  if (group.Int64(field::kGroupOffset).value_or(0) > 0) {
    group.SetInt64(field::kGroupOffset, moved.offset);
  }
  SetOrdinal(moved.ordinal, &group);
  return group.Serialise();
}

arrow::Result<std::string> MoveOffsetIndex(std::string_view index, const base::ByteRange& old_pages,
                                           int64_t shift) {
  ARROW_ASSIGN_OR_RAISE(ThriftStruct fields, ThriftStruct::Parse(index));
  std::vector<std::string> pages;
  for (const std::string_view location : fields.Structs(field::kPageLocations)) {
    ARROW_ASSIGN_OR_RAISE(ThriftStruct page, ThriftStruct::Parse(location));
    const int64_t offset = page.Int64(field::kPageOffset).value_or(-1);
    if (offset < old_pages.offset || offset > old_pages.end()) {
      return base::CorruptData("offset index with a page at {}, outside of the chunk at {}+{}",
                               offset, old_pages.offset, old_pages.length);
    }
    page.SetInt64(field::kPageOffset, offset + shift);
    pages.push_back(page.Serialise());
  }
  fields.SetStructs(field::kPageLocations, pages);
  return fields.Serialise();
}

}  // namespace skyhook::format
