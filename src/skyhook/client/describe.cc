#include "skyhook/client/describe.h"

#include <fmt/format.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

#include <set>
#include <string_view>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/footer.h"

namespace skyhook::client {
namespace {

// Four bytes of length and the magic number close a Parquet file.
constexpr int64_t kTailBytes = 8;

bool IsDataPage(parquet::PageType::type type) {
  return type == parquet::PageType::DATA_PAGE || type == parquet::PageType::DATA_PAGE_V2;
}

std::string TypeText(const parquet::ColumnDescriptor& column) {
  const std::string physical = parquet::TypeToString(column.physical_type(), column.type_length());
  if (column.logical_type() == nullptr || column.logical_type()->is_none()) return physical;
  return fmt::format("{} ({})", physical, column.logical_type()->ToString());
}

// What the row groups seen so far say of one column.
struct Collected {
  std::set<std::string> encodings;
  std::set<std::string> compressions;
  int64_t pages = 0;
  bool pages_known = true;
  int64_t nulls = 0;
  bool nulls_known = true;
};

void AddEncodings(const parquet::ColumnChunkMetaData& chunk, Collected* collected) {
  if (chunk.encoding_stats().empty()) {
    collected->pages_known = false;
    for (auto encoding : chunk.encodings()) {
      collected->encodings.insert(parquet::EncodingToString(encoding));
    }
    return;
  }
  for (const auto& stats : chunk.encoding_stats()) {
    if (!IsDataPage(stats.page_type)) continue;
    collected->encodings.insert(parquet::EncodingToString(stats.encoding));
    collected->pages += stats.count;
  }
}

void AddNulls(const parquet::ColumnChunkMetaData& chunk, Collected* collected) {
  const auto statistics = chunk.is_stats_set() ? chunk.statistics() : nullptr;
  if (statistics == nullptr || !statistics->HasNullCount()) {
    collected->nulls_known = false;
  } else {
    collected->nulls += statistics->null_count();
  }
}

ColumnStorage DescribeColumn(const parquet::FileMetaData& metadata, int column) {
  ColumnStorage storage;
  storage.name = metadata.schema()->Column(column)->path()->ToDotString();
  storage.type = TypeText(*metadata.schema()->Column(column));
  storage.compressed_bytes = 0;
  storage.uncompressed_bytes = 0;
  storage.page_index = metadata.num_row_groups() > 0;
  storage.bloom_filter = metadata.num_row_groups() > 0;
  Collected collected;
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto chunk = metadata.RowGroup(group)->ColumnChunk(column);
    storage.values += chunk->num_values();
    storage.compressed_bytes += chunk->total_compressed_size();
    storage.uncompressed_bytes += chunk->total_uncompressed_size();
    storage.page_index &= chunk->GetColumnIndexLocation().has_value();
    storage.bloom_filter &= chunk->bloom_filter_offset().has_value();
    collected.compressions.insert(arrow::util::Codec::GetCodecAsString(chunk->compression()));
    AddEncodings(*chunk, &collected);
    AddNulls(*chunk, &collected);
  }
  storage.encodings = fmt::format("{}", fmt::join(collected.encodings, ", "));
  storage.compression = fmt::format("{}", fmt::join(collected.compressions, ", "));
  if (collected.pages_known) storage.data_pages = collected.pages;
  if (collected.nulls_known) storage.nulls = collected.nulls;
  return storage;
}

arrow::Status DescribeParquet(const std::shared_ptr<base::ByteSource>& source,
                              const std::shared_ptr<arrow::Buffer>& tail,
                              FragmentStorage* storage) {
  const format::ReadOptions options;
  const format::ByteReader reader(source, options.coalesce, {});
  ARROW_ASSIGN_OR_RAISE(const auto metadata,
                        format::ReadParquetFooter(reader, tail, options.max_page_bytes));
  return format::CatchParquet([&] {
    storage->created_by = metadata->created_by();
    for (int column = 0; column < metadata->num_columns(); ++column) {
      storage->columns.push_back(DescribeColumn(*metadata, column));
    }
    return arrow::Status::OK();
  });
}

// Arrow IPC files say how long they are and nothing of how their columns are stored.
void DescribeIpc(const site::FragmentDescription& description, FragmentStorage* storage) {
  for (const auto& field : description.declared_schema->fields()) {
    ColumnStorage column;
    column.name = field->name();
    column.type = field->type()->ToString();
    column.values = description.num_rows;
    storage->columns.push_back(std::move(column));
  }
}

}  // namespace

arrow::Result<FragmentStorage> DescribeStorage(const TableFragment& fragment) {
  const site::FragmentDescription& description = fragment.description;
  ARROW_ASSIGN_OR_RAISE(const auto source, fragment.site->OpenBytes(description.id));
  FragmentStorage storage;
  storage.name = description.id.name;
  storage.bytes = description.bytes;
  storage.rows = description.num_rows;
  storage.row_groups = static_cast<int64_t>(description.row_groups.size());
  if (source->size() < kTailBytes) {
    return base::CorruptData("{}: {} bytes are no file", storage.name, source->size());
  }
  ARROW_ASSIGN_OR_RAISE(const auto tail,
                        source->ReadOne({source->size() - kTailBytes, kTailBytes}));
  const std::string_view end(*tail);
  if (end.ends_with("PAR1") || end.ends_with("PARE")) {
    storage.format = "Parquet";
    ARROW_RETURN_NOT_OK(base::AddContext(DescribeParquet(source, tail, &storage), storage.name));
  } else {
    storage.format = "Arrow IPC";
    DescribeIpc(description, &storage);
  }
  return storage;
}

}  // namespace skyhook::client
