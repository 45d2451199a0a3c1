#include "skyhook/format/parquet/footer.h"

#include <parquet/arrow/schema.h>
#include <parquet/exception.h>

#include <cstring>
#include <string_view>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/plan/types.h"

namespace skyhook::format {
namespace {

/// The length of the metadata (little-endian) and the magic.
constexpr int64_t kTrailerBytes = 8;

arrow::Status CheckRowGroups(const parquet::FileMetaData& metadata) {
  int64_t rows = 0;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto group = metadata.RowGroup(i);
    if (group->num_columns() != metadata.num_columns()) {
      return base::CorruptData("row group {} has {} columns where the schema has {}", i,
                               group->num_columns(), metadata.num_columns());
    }
    if (group->num_rows() < 0 || __builtin_add_overflow(rows, group->num_rows(), &rows)) {
      return base::CorruptData("row group {} has {} rows", i, group->num_rows());
    }
  }
  return arrow::Status::OK();
}

bool IsEncrypted(const parquet::RowGroupMetaData& group, int leaf) {
  try {
    return group.ColumnChunk(leaf)->crypto_metadata() != nullptr;
  } catch (const parquet::ParquetException&) {
    return true;  // its metadata, too
  }
}

arrow::Status RefuseEncrypted(const parquet::FileMetaData& metadata) {
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto group = metadata.RowGroup(i);
    for (int leaf = 0; leaf < group->num_columns(); ++leaf) {
      if (!IsEncrypted(*group, leaf)) continue;
      return arrow::Status::NotImplemented("row group ", i, ": column '",
                                           metadata.schema()->Column(leaf)->path()->ToDotString(),
                                           "': encrypted Parquet column");
    }
  }
  return arrow::Status::NotImplemented("Parquet file with a signed footer");
}

void CollectLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) CollectLeaves(child, leaves);
}

// Arrow before 6.0 numbered the fields of each file anew: what follows from that is the order of
// the columns, and nothing else.
std::vector<int> FieldIds(const parquet::FileMetaData& metadata) {
  const parquet::ApplicationVersion& writer = metadata.writer_version();
  if (writer.application_ == "parquet-cpp-arrow" && writer.version.major < 6) return {};
  std::vector<int> ids;
  const parquet::schema::GroupNode& root = *metadata.schema()->group_node();
  for (int i = 0; i < root.field_count(); ++i) ids.push_back(root.field(i)->field_id());
  return ids;
}

ParquetColumn MakeColumn(const parquet::SchemaDescriptor& schema,
                         const parquet::arrow::SchemaField& field,
                         const std::shared_ptr<arrow::DataType>& engine_type) {
  ParquetColumn column;
  CollectLeaves(field, &column.leaves);
  if (field.is_leaf()) {
    column.flat =
        MakeFlatColumn(schema.Column(field.column_index), field.column_index, engine_type);
  }
  return column;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadParquetFooterBytes(
    const ByteReader& reader, const std::shared_ptr<arrow::Buffer>& tail, int64_t max_bytes) {
  if (std::string_view(*tail).ends_with("PARE")) {
    return arrow::Status::NotImplemented("encrypted Parquet file");
  }
  uint32_t length = 0;
  std::memcpy(&length, tail->data() + tail->size() - kTrailerBytes, sizeof(length));
  const int64_t file_size = reader.source().size();
  if (length > file_size - kTrailerBytes || length > max_bytes) {
    return base::CorruptData("footer of {} bytes in a file of {}", length, file_size);
  }
  if (length + kTrailerBytes <= tail->size()) {
    return arrow::SliceBuffer(tail, tail->size() - kTrailerBytes - length, length);
  }
  return reader.ReadOne({file_size - kTrailerBytes - length, length});
}

arrow::Result<std::shared_ptr<parquet::FileMetaData>> ParseParquetFooter(
    const arrow::Buffer& footer) {
  return CatchParquet([&]() -> arrow::Result<std::shared_ptr<parquet::FileMetaData>> {
    auto metadata = parquet::FileMetaData::Make(footer.data(), footer.size());
    ARROW_RETURN_NOT_OK(CheckRowGroups(*metadata));
    if (metadata->is_encryption_algorithm_set()) return RefuseEncrypted(*metadata);
    return metadata;
  });
}

arrow::Result<std::shared_ptr<parquet::FileMetaData>> ReadParquetFooter(
    const ByteReader& reader, const std::shared_ptr<arrow::Buffer>& tail, int64_t max_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto footer, ReadParquetFooterBytes(reader, tail, max_bytes));
  return ParseParquetFooter(*footer);
}

namespace {

arrow::Status CheckTypes(const parquet::SchemaDescriptor& schema) {
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const parquet::ColumnDescriptor& column = *schema.Column(leaf);
    const int type = column.physical_type();
    if (type < 0 || type >= parquet::Type::UNDEFINED) {
      return base::CorruptData("column '{}': unknown physical type {}",
                               column.path()->ToDotString(), type);
    }
  }
  return arrow::Status::OK();
}

/// What Arrow's schema conversion failed with: nothing was read, so that the footer is at fault.
arrow::Status SchemaFailure(const arrow::Status& status) {
  const bool speaks_for_itself = status.ok() || status.IsNotImplemented() || status.IsOutOfMemory();
  return speaks_for_itself ? status : base::CorruptData("{}", status.message());
}

}  // namespace

arrow::Result<ParquetSchema> ReadParquetSchema(const parquet::FileMetaData& metadata,
                                               const parquet::ArrowReaderProperties& properties) {
  return CatchParquet([&]() -> arrow::Result<ParquetSchema> {
    ParquetSchema out;
    parquet::arrow::SchemaManifest manifest;
    ARROW_RETURN_NOT_OK(CheckTypes(*metadata.schema()));
    ARROW_RETURN_NOT_OK(SchemaFailure(parquet::arrow::SchemaManifest::Make(
        metadata.schema(), metadata.key_value_metadata(), properties, &manifest)));
    ARROW_RETURN_NOT_OK(SchemaFailure(parquet::arrow::FromParquetSchema(
        metadata.schema(), properties, metadata.key_value_metadata(), &out.declared)));
    out.engine = plan::EngineSchema(*out.declared);
    for (size_t i = 0; i < manifest.schema_fields.size(); ++i) {
      out.columns.push_back(MakeColumn(*metadata.schema(), manifest.schema_fields[i],
                                       out.engine->field(static_cast<int>(i))->type()));
    }
    out.field_ids = FieldIds(metadata);
    out.nested = plan::NestedFieldsOf(*out.engine);
    for (const plan::NestedField& nested : out.nested) {
      const auto* field = &manifest.schema_fields[static_cast<size_t>(nested.column)];
      for (const int index : nested.path) {
        if (static_cast<size_t>(index) >= field->children.size()) {
          return base::CorruptData("'{}' is not among the file's columns", nested.name);
        }
        field = &field->children[static_cast<size_t>(index)];
      }
      out.columns.push_back(MakeColumn(*metadata.schema(), *field, nested.type));
    }
    return out;
  });
}

}  // namespace skyhook::format
