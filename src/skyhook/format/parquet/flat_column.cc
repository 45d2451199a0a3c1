#include "skyhook/format/parquet/flat_column.h"

#include <algorithm>

namespace skyhook::format {
namespace {

using Physical = parquet::Type;

std::optional<Conversion> DecimalConversion(const parquet::ColumnDescriptor& column, int width) {
  switch (column.physical_type()) {
    case Physical::INT32:
      if (width == 8) return Conversion::kWiden;
      return std::nullopt;
    case Physical::INT64:
      if (width == 8) return Conversion::kCopy;
      return std::nullopt;
    case Physical::FIXED_LEN_BYTE_ARRAY:
      if (column.type_length() < 1 || column.type_length() > std::max(width, 16)) {
        return std::nullopt;
      }
      return Conversion::kBigEndian;
    case Physical::BYTE_ARRAY:
      return Conversion::kBigEndian;
    default:
      return std::nullopt;
  }
}

std::optional<Conversion> When(bool fits, Conversion conversion) {
  return fits ? std::optional(conversion) : std::nullopt;
}

std::optional<Conversion> ConversionOf(const parquet::ColumnDescriptor& column,
                                       const arrow::DataType& type) {
  const Physical::type physical = column.physical_type();
  switch (type.id()) {
    case arrow::Type::BOOL:
      return When(physical == Physical::BOOLEAN, Conversion::kBits);
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return When(physical == Physical::INT32, Conversion::kNarrow);
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
      return When(physical == Physical::INT32, Conversion::kCopy);
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
      return When(physical == Physical::INT64, Conversion::kCopy);
    case arrow::Type::FLOAT:
      if (column.logical_type() != nullptr && column.logical_type()->is_float16()) {
        return When(physical == Physical::FIXED_LEN_BYTE_ARRAY && column.type_length() == 2,
                    Conversion::kHalf);
      }
      return When(physical == Physical::FLOAT, Conversion::kCopy);
    case arrow::Type::DOUBLE:
      return When(physical == Physical::DOUBLE, Conversion::kCopy);
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return DecimalConversion(column, type.byte_width());
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      if (physical == Physical::FIXED_LEN_BYTE_ARRAY) {
        return When(column.type_length() > 0, Conversion::kFixedView);
      }
      return When(physical == Physical::BYTE_ARRAY, Conversion::kView);
    default:
      return std::nullopt;
  }
}

int PhysicalWidth(const parquet::ColumnDescriptor& column) {
  switch (column.physical_type()) {
    case Physical::INT32:
    case Physical::FLOAT:
      return 4;
    case Physical::INT64:
    case Physical::DOUBLE:
      return 8;
    case Physical::FIXED_LEN_BYTE_ARRAY:
      return column.type_length();
    default:
      return 0;
  }
}

int EngineWidth(const arrow::DataType& type, Conversion conversion) {
  if (conversion == Conversion::kBits) return 0;
  const bool view = conversion == Conversion::kView || conversion == Conversion::kFixedView;
  return view ? 16 : type.byte_width();
}

}  // namespace

std::optional<FlatColumn> MakeFlatColumn(const parquet::ColumnDescriptor* descriptor, int leaf,
                                         const std::shared_ptr<arrow::DataType>& engine_type) {
  if (descriptor->max_repetition_level() > 0) return std::nullopt;
  const std::optional<Conversion> conversion = ConversionOf(*descriptor, *engine_type);
  if (!conversion.has_value()) return std::nullopt;
  return FlatColumn{descriptor,
                    leaf,
                    engine_type,
                    *conversion,
                    PhysicalWidth(*descriptor),
                    EngineWidth(*engine_type, *conversion)};
}

}  // namespace skyhook::format
