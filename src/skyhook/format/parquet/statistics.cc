#include "skyhook/format/parquet/statistics.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/utf8.h>
#include <parquet/statistics.h>

#include <cmath>
#include <cstring>
#include <string>

#include "skyhook/format/parquet/plain_values.h"
#include "skyhook/plan/types.h"

namespace skyhook::format {
namespace {

using ScalarPtr = std::shared_ptr<arrow::Scalar>;

enum class Side : uint8_t { kMin, kMax };

/// Whether the writer compared values as SQL does.
bool OrderIsKnown(const parquet::ColumnDescriptor& column) {
  if (!column.can_use_min_max()) return false;
  if (column.column_order().get_order() == parquet::ColumnOrder::TYPE_DEFINED_ORDER) return true;
  // Bounds of before there were column orders: only numbers, compared as signed, are safe.
  switch (column.physical_type()) {
    case parquet::Type::INT32:
    case parquet::Type::INT64:
    case parquet::Type::FLOAT:
    case parquet::Type::DOUBLE:
      return true;
    default:
      return false;
  }
}

/// An INT32 that the engine's 8 or 16 bits would cut off.
bool Overflows(const FlatColumn& column, std::string_view encoded) {
  if (column.conversion != Conversion::kNarrow) return false;
  int32_t value;
  std::memcpy(&value, encoded.data(), sizeof(value));
  switch (column.type->id()) {
    case arrow::Type::INT8:
      return value != static_cast<int8_t>(value);
    case arrow::Type::UINT8:
      return value != static_cast<uint8_t>(value);
    case arrow::Type::INT16:
      return value != static_cast<int16_t>(value);
    default:
      return value != static_cast<uint16_t>(value);
  }
}

bool HasValueSize(const FlatColumn& column, std::string_view encoded) {
  if (column.conversion == Conversion::kBits) return encoded.size() == 1;
  return column.physical_width == 0 || encoded.size() == static_cast<size_t>(column.physical_width);
}

/// As DecodePlain wants it: BYTE_ARRAY with its length in front.
std::string PlainOf(const FlatColumn& column, std::string_view encoded) {
  std::string plain;
  if (column.physical_type() == parquet::Type::BYTE_ARRAY) {
    const auto length = static_cast<uint32_t>(encoded.size());
    plain.assign(reinterpret_cast<const char*>(&length), sizeof(length));
  }
  return plain.append(encoded);
}

ScalarPtr ValueOf(const FlatColumn& column, std::string_view encoded) {
  if (!HasValueSize(column, encoded) || Overflows(column, encoded)) return nullptr;
  const auto plain = arrow::Buffer::FromString(PlainOf(column, encoded));
  auto value = DecodePlain(column, plain, /*count=*/1, arrow::default_memory_pool());
  if (!value.ok()) return nullptr;
  return arrow::MakeArray(*value)->GetScalar(0).ValueOr(nullptr);
}

/// Writers may give either zero as a bound for both; NaN bounds nothing.
template <typename ScalarType>
ScalarPtr FloatBound(const ScalarPtr& scalar, Side side) {
  using T = typename ScalarType::ValueType;
  const T value = static_cast<const ScalarType&>(*scalar).value;
  if (std::isnan(value)) return nullptr;
  if (value != 0) return scalar;
  return std::make_shared<ScalarType>(side == Side::kMin ? -T{0} : T{0});
}

ScalarPtr BoundOf(const FlatColumn& column, std::string_view encoded, Side side) {
  if (!plan::IsComputable(*column.type)) return nullptr;
  const ScalarPtr value = ValueOf(column, encoded);
  if (value == nullptr) return nullptr;
  switch (column.type->id()) {
    case arrow::Type::FLOAT:
      return FloatBound<arrow::FloatScalar>(value, side);
    case arrow::Type::DOUBLE:
      return FloatBound<arrow::DoubleScalar>(value, side);
    default:
      return value;
  }
}

void SetNullCount(int64_t null_count, plan::ColumnStatistics* statistics) {
  if (null_count < 0 || null_count > statistics->num_rows) return;
  statistics->null_count = null_count;
  if (statistics->all_null()) statistics->may_have_nan = false;
}

bool IsValue(const arrow::Scalar& bound) {
  if (bound.type->id() != arrow::Type::STRING_VIEW) return true;
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(static_cast<const arrow::BaseBinaryScalar&>(bound).view());
}

/// Bounds that contradict each other come from a broken writer.
void SetBounds(ScalarPtr min, ScalarPtr max, plan::ColumnStatistics* statistics) {
  if (min != nullptr && max != nullptr && plan::CompareScalars(*min, *max) > 0) return;
  statistics->min = std::move(min);
  statistics->max = std::move(max);
}

}  // namespace

bool AreValues(const arrow::Scalar& min, std::optional<bool> min_is_exact, const arrow::Scalar& max,
               std::optional<bool> max_is_exact) {
  return min_is_exact.value_or(false) && max_is_exact.value_or(false) &&
         !plan::IsFloat(*min.type) && IsValue(min) && IsValue(max);
}

plan::ColumnStatistics UnknownStatistics(const FlatColumn& column, int64_t num_rows) {
  plan::ColumnStatistics statistics;
  statistics.num_rows = num_rows;
  statistics.may_have_nan = plan::IsFloat(*column.type);
  if (!column.nullable()) statistics.null_count = 0;
  return statistics;
}

std::optional<plan::ColumnStatistics> ChunkStatistics(const FlatColumn& column,
                                                      const parquet::ColumnChunkMetaData& chunk,
                                                      const parquet::ApplicationVersion& writer,
                                                      int64_t num_rows) {
  plan::ColumnStatistics out = UnknownStatistics(column, num_rows);
  const std::shared_ptr<parquet::EncodedStatistics> stored = chunk.encoded_statistics();
  const parquet::SortOrder::type order = column.descriptor->sort_order();
  if (stored == nullptr || !writer.HasCorrectStatistics(column.physical_type(), *stored, order)) {
    return column.nullable() ? std::nullopt : std::optional(out);
  }
  if (stored->has_null_count && column.nullable() && !column.may_lack_parent()) {
    SetNullCount(stored->null_count, &out);
  }
  if (OrderIsKnown(*column.descriptor)) {
    SetBounds(stored->has_min ? BoundOf(column, stored->min(), Side::kMin) : nullptr,
              stored->has_max ? BoundOf(column, stored->max(), Side::kMax) : nullptr, &out);
    out.are_values =
        out.min != nullptr && out.max != nullptr &&
        AreValues(*out.min, stored->is_min_value_exact, *out.max, stored->is_max_value_exact);
  }
  return out;
}

plan::ColumnStatistics PageStatisticsOf(const FlatColumn& column, const parquet::ColumnIndex& index,
                                        size_t page, int64_t num_rows) {
  plan::ColumnStatistics out = UnknownStatistics(column, num_rows);
  if (column.nullable()) {
    if (index.null_pages()[page]) {
      SetNullCount(num_rows, &out);
      return out;
    }
    if (index.has_null_counts() && page < index.null_counts().size() && !column.may_lack_parent()) {
      SetNullCount(index.null_counts()[page], &out);
    }
  }
  if (OrderIsKnown(*column.descriptor) && !index.null_pages()[page]) {
    SetBounds(BoundOf(column, index.encoded_min_values()[page], Side::kMin),
              BoundOf(column, index.encoded_max_values()[page], Side::kMax), &out);
  }
  return out;
}

}  // namespace skyhook::format
