// Which columns Skyhook decodes itself, and how their stored values become engine values.
#pragma once

#include <arrow/type.h>
#include <parquet/schema.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace skyhook::format {

/// How a physical value becomes an engine value.
enum class Conversion : uint8_t {
  kBits,       ///< BOOLEAN, a bit each on both sides
  kCopy,       ///< equal bytes on both sides
  kNarrow,     ///< INT32 to 8 or 16 bits
  kWiden,      ///< INT32 to 64 bits
  kBigEndian,  ///< decimals in FIXED_LEN_BYTE_ARRAY or BYTE_ARRAY
  kView,       ///< BYTE_ARRAY to views
  kFixedView,  ///< FIXED_LEN_BYTE_ARRAY to views
  kHalf,       ///< FIXED_LEN_BYTE_ARRAY of two bytes to float
};

/// A column of primitive values without repetition, which may lie within structs. `descriptor`
/// belongs to the file's metadata, which must outlive this.
struct FlatColumn {
  const parquet::ColumnDescriptor* descriptor = nullptr;
  int leaf = -1;                          ///< index of the column chunk in a row group
  std::shared_ptr<arrow::DataType> type;  ///< engine type
  Conversion conversion = Conversion::kCopy;
  int physical_width = 0;  ///< bytes of a PLAIN value; 0 for BOOLEAN and BYTE_ARRAY
  int engine_width = 0;    ///< bytes of a value in Arrow's values buffer; 0 for bits

  bool nullable() const { return descriptor->max_definition_level() > 0; }
  /// Whether it lies within structs that may be NULL.
  bool may_lack_parent() const { return descriptor->max_definition_level() > 1; }
  parquet::Type::type physical_type() const { return descriptor->physical_type(); }
};

/// The column, or nullopt when Arrow's reader has to read it: repeated columns, INT96,
/// and types or layouts that are not worth own code.
std::optional<FlatColumn> MakeFlatColumn(const parquet::ColumnDescriptor* descriptor, int leaf,
                                         const std::shared_ptr<arrow::DataType>& engine_type);

}  // namespace skyhook::format
