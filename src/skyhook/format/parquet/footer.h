// The footer of a Parquet file: its metadata, and the columns its schema describes.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "skyhook/format/byte_reader.h"
#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/plan/nested_fields.h"

namespace skyhook::format {

/// The bytes of the footer, without length and magic, of a file that ends with `tail` and in "PAR1"
/// or "PARE"; reads what `tail` lacks of it. Fails with kCorruptData when it is cut short or larger
/// than `max_bytes`, with NotImplemented when it is encrypted.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadParquetFooterBytes(
    const ByteReader& reader, const std::shared_ptr<arrow::Buffer>& tail, int64_t max_bytes);

/// Fails with kCorruptData when the footer is damaged, with NotImplemented when it says that the
/// file is encrypted.
arrow::Result<std::shared_ptr<parquet::FileMetaData>> ParseParquetFooter(
    const arrow::Buffer& footer);

/// Both in one.
arrow::Result<std::shared_ptr<parquet::FileMetaData>> ReadParquetFooter(
    const ByteReader& reader, const std::shared_ptr<arrow::Buffer>& tail, int64_t max_bytes);

/// A field of the file, or a field within a struct.
struct ParquetColumn {
  std::vector<int> leaves;         ///< its column chunks in a row group
  std::optional<FlatColumn> flat;  ///< nullopt: Arrow's reader has to read it
};

struct ParquetSchema {
  std::shared_ptr<arrow::Schema> declared;
  std::shared_ptr<arrow::Schema> engine;
  std::vector<int> field_ids;  ///< of `declared`, -1 for none; empty when they mean nothing
  std::vector<plan::NestedField> nested;
  std::vector<ParquetColumn> columns;  ///< of `engine`, then of `nested`
};

/// The schema as Arrow reads it, an Arrow schema among the file's metadata honoured. Refers to
/// `metadata`, which must outlive it.
arrow::Result<ParquetSchema> ReadParquetSchema(const parquet::FileMetaData& metadata,
                                               const parquet::ArrowReaderProperties& properties);

}  // namespace skyhook::format
