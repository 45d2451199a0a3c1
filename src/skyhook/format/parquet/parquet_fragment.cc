#include "skyhook/format/parquet/parquet_fragment.h"

#include <arrow/array.h>
#include <fmt/format.h>
#include <parquet/properties.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/arrow_column_reader.h"
#include "skyhook/format/parquet/bloom_filters.h"
#include "skyhook/format/parquet/column_chunk.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/flat_column_reader.h"
#include "skyhook/format/parquet/footer.h"
#include "skyhook/format/parquet/page_index.h"
#include "skyhook/format/parquet/row_group_reader.h"
#include "skyhook/format/parquet/statistics.h"

namespace skyhook::format {
namespace {

using MetadataPtr = std::shared_ptr<parquet::FileMetaData>;

/// What a footer takes in memory, for each of its bytes in the file.
constexpr int64_t kParsedFooterRatio = 8;

parquet::ArrowReaderProperties ArrowProperties() {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  properties.set_arrow_extensions_enabled(true);
  return properties;
}

class ParquetFragment : public Fragment, public std::enable_shared_from_this<ParquetFragment> {
 public:
  ParquetFragment(std::shared_ptr<base::ByteSource> source, MetadataPtr metadata,
                  ParquetSchema schema, const ReadOptions& options)
      : source_(std::move(source)),
        metadata_(std::move(metadata)),
        schema_(std::move(schema)),
        all_columns_(plan::AllColumns(*schema_.engine, schema_.nested)),
        options_(options),
        page_index_(metadata_, options.budget),
        bloom_filters_(metadata_, options.max_page_bytes, options.budget) {
    row_starts_.push_back(0);
    for (int i = 0; i < metadata_->num_row_groups(); ++i) {
      row_starts_.push_back(row_starts_.back() + metadata_->RowGroup(i)->num_rows());
    }
  }

  const std::string& name() const override { return source_->name(); }
  const std::string& version() const override { return source_->version(); }
  Shortcuts shortcuts() const override { return options_.shortcuts; }
  const std::shared_ptr<arrow::Schema>& declared_schema() const override {
    return schema_.declared;
  }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_.engine; }
  std::vector<int> field_ids() const override { return schema_.field_ids; }
  const std::vector<plan::NestedField>& nested_fields() const override { return schema_.nested; }
  int64_t footer_bytes() const override { return int64_t{metadata_->size()} * kParsedFooterRatio; }
  int64_t num_rows() const override { return row_starts_.back(); }
  int num_row_groups() const override { return metadata_->num_row_groups(); }
  plan::RowRange row_group_rows(int row_group) const override {
    const auto index = static_cast<size_t>(row_group);
    return {row_starts_[index], row_starts_[index + 1]};
  }

  int64_t row_group_bytes(int row_group, const std::vector<int>& columns) const override;
  int64_t row_group_decoded_bytes(int row_group, const std::vector<int>& columns) const override;
  arrow::Result<std::optional<plan::ColumnStatistics>> Statistics(int row_group,
                                                                  int column) override;
  arrow::Result<std::vector<PageStatistics>> Pages(int row_group, int column,
                                                   const ReadContext& context) override;
  bool HasBloomFilter(int row_group, int column) const override;
  arrow::Result<bool> MayContainAny(int row_group, int column, plan::ScalarSpan values,
                                    const ReadContext& context) override;
  arrow::Result<std::unique_ptr<RowGroupReader>> Open(int row_group,
                                                      const ReadContext& context) override;

 private:
  const ParquetColumn& Column(int column) const {
    return schema_.columns[static_cast<size_t>(column)];
  }
  ByteReader Reader(const ReadContext& context) const {
    return {source_, options_.coalesce, context};
  }
  std::string Where(int row_group) const {
    return fmt::format("{}: row group {}", name(), row_group);
  }
  std::string Where(int row_group, int column) const {
    return fmt::format("{}: column '{}'", Where(row_group), all_columns_->field(column)->name());
  }

  arrow::Result<std::vector<PageStatistics>> ReadPages(int row_group, const FlatColumn& column,
                                                       const ReadContext& context);
  arrow::Result<std::unique_ptr<ColumnReader>> OpenColumn(
      int row_group, int column, const std::shared_ptr<ZstdDecompressor>& zstd,
      const ByteReader* reader);
  arrow::Result<std::unique_ptr<ColumnReader>> OpenByArrow(int row_group, int column,
                                                           const ByteReader* reader);

  std::shared_ptr<base::ByteSource> source_;
  MetadataPtr metadata_;
  ParquetSchema schema_;
  std::shared_ptr<arrow::Schema> all_columns_;
  ReadOptions options_;
  PageIndex page_index_;
  BloomFilters bloom_filters_;
  std::vector<int64_t> row_starts_;
};

int64_t ParquetFragment::row_group_bytes(int row_group, const std::vector<int>& columns) const {
  int64_t bytes = 0;
  for (int column : columns) {
    for (int leaf : Column(column).leaves) {
      const auto chunk = LocateColumnChunk(*metadata_, row_group, leaf, source_->size());
      if (chunk.ok()) bytes += chunk->bytes.length;
    }
  }
  return bytes;
}

int64_t ParquetFragment::row_group_decoded_bytes(int row_group,
                                                 const std::vector<int>& columns) const {
  constexpr int64_t kMostChunkBytes = int64_t{1} << 50;  // whatever a footer says
  const auto sum = [&]() -> arrow::Result<int64_t> {
    int64_t bytes = 0;
    const auto group = metadata_->RowGroup(row_group);
    for (int column : columns) {
      for (int leaf : Column(column).leaves) {
        bytes += std::clamp<int64_t>(group->ColumnChunk(leaf)->total_uncompressed_size(), 0,
                                     kMostChunkBytes);
      }
    }
    return bytes;
  };
  return CatchParquet(sum).ValueOr(0);
}

arrow::Result<std::optional<plan::ColumnStatistics>> ParquetFragment::Statistics(int row_group,
                                                                                 int column) {
  using Found = std::optional<plan::ColumnStatistics>;
  if (!Column(column).flat.has_value()) return Found();
  const FlatColumn& flat = *Column(column).flat;
  auto found = CatchParquet([&]() -> arrow::Result<Found> {
    const auto chunk = metadata_->RowGroup(row_group)->ColumnChunk(flat.leaf);
    return ChunkStatistics(flat, *chunk, metadata_->writer_version(),
                           row_group_rows(row_group).size());
  });
  if (!found.ok()) return base::AddContext(found.status(), Where(row_group, column));
  return found;
}

arrow::Result<std::vector<PageStatistics>> ParquetFragment::ReadPages(int row_group,
                                                                      const FlatColumn& column,
                                                                      const ReadContext& context) {
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk chunk,
                        LocateColumnChunk(*metadata_, row_group, column.leaf, source_->size()));
  ARROW_ASSIGN_OR_RAISE(const PageIndex::ColumnPages pages,
                        page_index_.ColumnIndex(row_group, column.leaf, chunk, Reader(context)));
  std::vector<PageStatistics> out;
  if (pages.index == nullptr) return out;
  const int64_t first = row_group_rows(row_group).begin;
  for (size_t page = 0; page < pages.rows.size(); ++page) {
    const plan::RowRange& rows = pages.rows[page];
    if (rows.size() == 0) continue;
    out.push_back({{first + rows.begin, first + rows.end},
                   PageStatisticsOf(column, *pages.index, page, rows.size())});
  }
  return out;
}

arrow::Result<std::vector<PageStatistics>> ParquetFragment::Pages(int row_group, int column,
                                                                  const ReadContext& context) {
  if (!Column(column).flat.has_value()) return std::vector<PageStatistics>();
  auto pages = CatchParquet([&] { return ReadPages(row_group, *Column(column).flat, context); });
  if (!pages.ok()) return base::AddContext(pages.status(), Where(row_group, column));
  return pages;
}

bool ParquetFragment::HasBloomFilter(int row_group, int column) const {
  const auto& flat = Column(column).flat;
  if (!flat.has_value()) return false;
  return CatchParquet([&]() -> arrow::Result<bool> { return bloom_filters_.Has(row_group, *flat); })
      .ValueOr(false);
}

arrow::Result<bool> ParquetFragment::MayContainAny(int row_group, int column,
                                                   plan::ScalarSpan values,
                                                   const ReadContext& context) {
  const auto& flat = Column(column).flat;
  if (!flat.has_value()) return true;
  auto answer = CatchParquet([&]() -> arrow::Result<bool> {
    return bloom_filters_.MayContainAny(row_group, *flat, values, Reader(context));
  });
  if (!answer.ok()) return base::AddContext(answer.status(), Where(row_group, column));
  return answer;
}

arrow::Result<std::unique_ptr<ColumnReader>> ParquetFragment::OpenByArrow(
    int row_group, int column, const ByteReader* reader) {
  ArrowColumnReader::Cursor wanted;
  wanted.metadata = metadata_;
  wanted.properties = ArrowProperties();
  wanted.row_group = row_group;
  wanted.leaves = Column(column).leaves;
  wanted.engine_type = all_columns_->field(column)->type();
  const int nested = column - schema_.engine->num_fields();
  if (nested >= 0) {
    wanted.depth = static_cast<int>(schema_.nested[static_cast<size_t>(nested)].path.size());
  }
  wanted.num_rows = row_group_rows(row_group).size();
  for (int leaf : wanted.leaves) {
    ARROW_ASSIGN_OR_RAISE(const ColumnChunk chunk,
                          LocateColumnChunk(*metadata_, row_group, leaf, source_->size()));
    wanted.num_pages += chunk.num_data_pages.value_or(0);
  }
  return std::make_unique<ArrowColumnReader>(std::move(wanted), reader, options_);
}

arrow::Result<std::unique_ptr<ColumnReader>> ParquetFragment::OpenColumn(
    int row_group, int column, const std::shared_ptr<ZstdDecompressor>& zstd,
    const ByteReader* reader) {
  const auto& flat = Column(column).flat;
  if (!flat.has_value()) return OpenByArrow(row_group, column, reader);
  ARROW_ASSIGN_OR_RAISE(const ColumnChunk chunk,
                        LocateColumnChunk(*metadata_, row_group, flat->leaf, source_->size()));
  ARROW_ASSIGN_OR_RAISE(auto pages, page_index_.Pages(row_group, flat->leaf, chunk, *reader));
  const auto& ahead = reader->context().ahead;
  auto dictionary = ahead == nullptr ? nullptr : ahead->Take(row_group, column);
  return FlatColumnReader::Make(*flat, chunk, pages, options_, zstd, std::move(dictionary), reader);
}

arrow::Result<std::unique_ptr<RowGroupReader>> ParquetFragment::Open(int row_group,
                                                                     const ReadContext& context) {
  if (row_group < 0 || row_group >= num_row_groups()) {
    return base::Invalid("{}: row group {} of {}", name(), row_group, num_row_groups());
  }
  auto make_column = [self = shared_from_this(), zstd = std::make_shared<ZstdDecompressor>()](
                         int of, int column, const ByteReader* reader) {
    return CatchParquet([&] { return self->OpenColumn(of, column, zstd, reader); });
  };
  ByteReader reader(source_, options_.coalesce, context);
  return std::make_unique<ParquetRowGroupReader>(Where(row_group), all_columns_, row_group,
                                                 row_group_rows(row_group), std::move(reader),
                                                 std::move(make_column));
}

}  // namespace

arrow::Result<std::shared_ptr<Fragment>> OpenParquet(std::shared_ptr<base::ByteSource> source,
                                                     const std::shared_ptr<arrow::Buffer>& tail,
                                                     const ReadOptions& options,
                                                     const ReadContext& context) {
  const ByteReader reader(source, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(MetadataPtr metadata,
                        ReadParquetFooter(reader, tail, options.max_page_bytes));
  ARROW_ASSIGN_OR_RAISE(ParquetSchema schema, ReadParquetSchema(*metadata, ArrowProperties()));
  return std::make_shared<ParquetFragment>(std::move(source), std::move(metadata),
                                           std::move(schema), options);
}

}  // namespace skyhook::format
