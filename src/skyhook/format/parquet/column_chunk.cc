#include "skyhook/format/parquet/column_chunk.h"

#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/page_header.h"

namespace skyhook::format {
namespace {

using parquet::ApplicationVersion;

/// Early parquet-mr left the dictionary page's header out of a chunk's size (PARQUET-816).
constexpr int64_t kMissingHeaderBytes = 100;

int64_t StartOf(const parquet::ColumnChunkMetaData& chunk) {
  const int64_t data = chunk.data_page_offset();
  // 0: a dictionary without a data page.
  const bool dictionary_leads = chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0 &&
                                (chunk.dictionary_page_offset() < data || data == 0);
  return dictionary_leads ? chunk.dictionary_page_offset() : data;
}

arrow::Status LocateBytes(const parquet::FileMetaData& metadata,
                          const parquet::ColumnChunkMetaData& stored, int64_t file_size,
                          ColumnChunk* chunk) {
  base::ByteRange& bytes = chunk->bytes;
  bytes = {StartOf(stored), stored.total_compressed_size()};
  if (bytes.offset < 0 || bytes.length < 0 || bytes.offset > file_size ||
      bytes.length > file_size - bytes.offset) {
    return base::CorruptData("column chunk at {}+{} in a file of {} bytes", bytes.offset,
                             bytes.length, file_size);
  }
  if (metadata.writer_version().VersionLt(ApplicationVersion::PARQUET_816_FIXED_VERSION())) {
    chunk->doubtful_bytes = std::min(kMissingHeaderBytes, file_size - bytes.end());
    bytes.length += chunk->doubtful_bytes;
  }
  return arrow::Status::OK();
}

bool IsDataPage(const parquet::PageEncodingStats& stats) {
  return stats.page_type == parquet::PageType::DATA_PAGE ||
         stats.page_type == parquet::PageType::DATA_PAGE_V2;
}

void CountPages(const parquet::ColumnChunkMetaData& metadata, ColumnChunk* chunk) {
  int64_t pages = 0;
  bool all_dictionary = true;
  for (const parquet::PageEncodingStats& stats : metadata.encoding_stats()) {
    if (!IsDataPage(stats) || stats.count <= 0) continue;
    pages += stats.count;
    all_dictionary = all_dictionary && IsDictionaryEncoding(stats.encoding);
  }
  if (pages == 0) return;
  chunk->num_data_pages = pages;
  chunk->all_dictionary = all_dictionary;
}

arrow::Status CheckSchema(const parquet::FileMetaData& metadata, int leaf,
                          const parquet::ColumnChunkMetaData& chunk) {
  const parquet::ColumnDescriptor& column = *metadata.schema()->Column(leaf);
  if (chunk.type() != column.physical_type()) {
    return base::CorruptData("column chunk of type {} where the schema says {}",
                             parquet::TypeToString(chunk.type()),
                             parquet::TypeToString(column.physical_type()));
  }
  if (!chunk.file_path().empty()) {
    return arrow::Status::NotImplemented("column chunk in another file, ", chunk.file_path());
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<ColumnChunk> LocateColumnChunk(const parquet::FileMetaData& metadata, int row_group,
                                             int leaf, int64_t file_size) {
  return CatchParquet([&]() -> arrow::Result<ColumnChunk> {
    const auto group = metadata.RowGroup(row_group);
    const auto stored = group->ColumnChunk(leaf);
    ARROW_RETURN_NOT_OK(CheckSchema(metadata, leaf, *stored));
    ColumnChunk chunk;
    ARROW_RETURN_NOT_OK(LocateBytes(metadata, *stored, file_size, &chunk));
    chunk.first_data_page = stored->data_page_offset();
    chunk.num_rows = group->num_rows();
    chunk.compression = stored->compression();
    const ApplicationVersion& writer = metadata.writer_version();
    chunk.v2_always_compressed =
        writer.VersionLt(ApplicationVersion::PARQUET_CPP_10353_FIXED_VERSION());
    CountPages(*stored, &chunk);
    return chunk;
  });
}

}  // namespace skyhook::format
