#include "skyhook/sql/types.h"

#include <arrow/c/bridge.h>

#include "duckdb/common/arrow/arrow_wrapper.hpp"
#include "duckdb/common/types/decimal.hpp"
#include "duckdb/common/types/uuid.hpp"
#include "duckdb/function/table/arrow/arrow_duck_schema.hpp"
#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::sql {
namespace {

using arrow::Type;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using TypePtr = std::shared_ptr<arrow::DataType>;

// Zoned timestamps carry the instant; their zone only matters for display.
constexpr char kZone[] = "UTC";

LogicalType SqlTimestamp(const arrow::TimestampType& type) {
  if (!type.timezone().empty()) return LogicalType::TIMESTAMP_TZ;
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      return LogicalType::TIMESTAMP_S;
    case arrow::TimeUnit::MILLI:
      return LogicalType::TIMESTAMP_MS;
    case arrow::TimeUnit::MICRO:
      return LogicalType::TIMESTAMP;
    case arrow::TimeUnit::NANO:
      return LogicalType::TIMESTAMP_NS;
  }
  return LogicalType::TIMESTAMP;
}

// The types that have vectors.cc's own conversion; INVALID for all others.
LogicalType SqlFlatType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
      return LogicalType::INTEGER;
    case Type::BOOL:
      return LogicalType::BOOLEAN;
    case Type::INT8:
      return LogicalType::TINYINT;
    case Type::INT16:
      return LogicalType::SMALLINT;
    case Type::INT32:
      return LogicalType::INTEGER;
    case Type::INT64:
      return LogicalType::BIGINT;
    case Type::UINT8:
      return LogicalType::UTINYINT;
    case Type::UINT16:
      return LogicalType::USMALLINT;
    case Type::UINT32:
      return LogicalType::UINTEGER;
    case Type::UINT64:
      return LogicalType::UBIGINT;
    case Type::FLOAT:
      return LogicalType::FLOAT;
    case Type::DOUBLE:
      return LogicalType::DOUBLE;
    case Type::DECIMAL64:
    case Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.scale() < 0 || decimal.scale() > decimal.precision()) return LogicalType::INVALID;
      return LogicalType::DECIMAL(static_cast<uint8_t>(decimal.precision()),
                                  static_cast<uint8_t>(decimal.scale()));
    }
    case Type::STRING_VIEW:
      return LogicalType::VARCHAR;
    case Type::BINARY_VIEW:
      return LogicalType::BLOB;
    case Type::DATE32:
      return LogicalType::DATE;
    case Type::TIME32:
      return LogicalType::TIME;
    case Type::TIME64:
      return static_cast<const arrow::Time64Type&>(type).unit() == arrow::TimeUnit::NANO
                 ? LogicalType::TIME_NS
                 : LogicalType::TIME;
    case Type::TIMESTAMP:
      return SqlTimestamp(static_cast<const arrow::TimestampType&>(type));
    default:
      return LogicalType::INVALID;
  }
}

arrow::Status UnsupportedType(const LogicalType& type) {
  return base::UnsupportedPlan("type {}", type.ToString());
}

arrow::Result<std::shared_ptr<arrow::Scalar>> DecimalScalar(const duckdb::Value& value,
                                                            const TypePtr& type) {
  arrow::Decimal128 wide;
  switch (value.type().InternalType()) {
    case duckdb::PhysicalType::INT16:
      wide = arrow::Decimal128(value.GetValueUnsafe<int16_t>());
      break;
    case duckdb::PhysicalType::INT32:
      wide = arrow::Decimal128(value.GetValueUnsafe<int32_t>());
      break;
    case duckdb::PhysicalType::INT64:
      wide = arrow::Decimal128(value.GetValueUnsafe<int64_t>());
      break;
    default: {
      const auto huge = value.GetValueUnsafe<duckdb::hugeint_t>();
      wide = arrow::Decimal128(huge.upper, huge.lower);
    }
  }
  if (type->id() == Type::DECIMAL128) {
    return std::make_shared<arrow::Decimal128Scalar>(wide, type);
  }
  return std::make_shared<arrow::Decimal64Scalar>(
      arrow::Decimal64(static_cast<int64_t>(wide.low_bits())), type);
}

arrow::Result<std::shared_ptr<arrow::Scalar>> IntervalScalar(const duckdb::Value& value) {
  const auto interval = duckdb::IntervalValue::Get(value);
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max() / 1000;
  if (interval.micros > kLargest || interval.micros < -kLargest) {
    return base::UnsupportedPlan("interval {}", value.ToString());
  }
  return std::make_shared<arrow::MonthDayNanoIntervalScalar>(
      arrow::MonthDayNanoIntervalType::MonthDayNanos{interval.months, interval.days,
                                                     interval.micros * 1000});
}

std::shared_ptr<arrow::Scalar> UuidScalar(const duckdb::Value& value) {
  std::string bytes(16, '\0');
  duckdb::BaseUUID::ToBlob(value.GetValueUnsafe<duckdb::hugeint_t>(),
                           reinterpret_cast<duckdb::data_ptr_t>(bytes.data()));
  return std::make_shared<arrow::BinaryViewScalar>(arrow::Buffer::FromString(std::move(bytes)));
}

std::shared_ptr<arrow::Buffer> TextBuffer(const duckdb::Value& value) {
  return arrow::Buffer::FromString(duckdb::StringValue::Get(value));
}

}  // namespace

arrow::Result<TypePtr> EngineTypeOf(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      return arrow::boolean();
    case LogicalTypeId::TINYINT:
      return arrow::int8();
    case LogicalTypeId::SMALLINT:
      return arrow::int16();
    case LogicalTypeId::INTEGER:
      return arrow::int32();
    case LogicalTypeId::BIGINT:
      return arrow::int64();
    case LogicalTypeId::UTINYINT:
      return arrow::uint8();
    case LogicalTypeId::USMALLINT:
      return arrow::uint16();
    case LogicalTypeId::UINTEGER:
      return arrow::uint32();
    case LogicalTypeId::UBIGINT:
      return arrow::uint64();
    case LogicalTypeId::FLOAT:
      return arrow::float32();
    case LogicalTypeId::DOUBLE:
      return arrow::float64();
    case LogicalTypeId::DECIMAL:
      return plan::DecimalType(duckdb::DecimalType::GetWidth(type),
                               duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::VARCHAR:
      if (!duckdb::StringType::GetCollation(type).empty()) return UnsupportedType(type);
      return arrow::utf8_view();
    case LogicalTypeId::BLOB:
    case LogicalTypeId::UUID:  // whose order is that of the bytes
      return arrow::binary_view();
    case LogicalTypeId::DATE:
      return arrow::date32();
    case LogicalTypeId::TIME:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case LogicalTypeId::TIMESTAMP_SEC:
      return arrow::timestamp(arrow::TimeUnit::SECOND);
    case LogicalTypeId::TIMESTAMP_MS:
      return arrow::timestamp(arrow::TimeUnit::MILLI);
    case LogicalTypeId::TIMESTAMP:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case LogicalTypeId::TIMESTAMP_NS:
      return arrow::timestamp(arrow::TimeUnit::NANO);
    case LogicalTypeId::TIMESTAMP_TZ:
      return arrow::timestamp(arrow::TimeUnit::MICRO, kZone);
    case LogicalTypeId::INTERVAL:
      return arrow::month_day_nano_interval();
    default:
      return UnsupportedType(type);
  }
}

bool IsUuidCast(const LogicalType& from, const LogicalType& to) {
  return (from.id() == LogicalTypeId::UUID) != (to.id() == LogicalTypeId::UUID);
}

bool SameType(const arrow::DataType& engine, const LogicalType& type) {
  const auto expected = EngineTypeOf(type);
  return expected.ok() && (*expected)->Equals(engine);
}

arrow::Result<std::shared_ptr<arrow::Scalar>> ToScalar(const duckdb::Value& value) {
  ARROW_ASSIGN_OR_RAISE(auto type, EngineTypeOf(value.type()));
  if (value.IsNull()) return arrow::MakeNullScalar(type);
  switch (value.type().id()) {
    case LogicalTypeId::BOOLEAN:
      return arrow::MakeScalar(type, duckdb::BooleanValue::Get(value));
    case LogicalTypeId::UBIGINT:
      return arrow::MakeScalar(type, duckdb::UBigIntValue::Get(value));
    case LogicalTypeId::FLOAT:
      return arrow::MakeScalar(type, duckdb::FloatValue::Get(value));
    case LogicalTypeId::DOUBLE:
      return arrow::MakeScalar(type, duckdb::DoubleValue::Get(value));
    case LogicalTypeId::DECIMAL:
      return DecimalScalar(value, type);
    case LogicalTypeId::VARCHAR:
      return std::make_shared<arrow::StringViewScalar>(TextBuffer(value));
    case LogicalTypeId::BLOB:
      return std::make_shared<arrow::BinaryViewScalar>(TextBuffer(value));
    case LogicalTypeId::UUID:
      return UuidScalar(value);
    case LogicalTypeId::DATE:
      return arrow::MakeScalar(type, duckdb::DateValue::Get(value).days);
    case LogicalTypeId::TIME:
      return arrow::MakeScalar(type, duckdb::TimeValue::Get(value).micros);
    case LogicalTypeId::INTERVAL:
      return IntervalScalar(value);
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ:
      return arrow::MakeScalar(type, value.GetValueUnsafe<int64_t>());
    default:
      return arrow::MakeScalar(type, value.GetValue<int64_t>());
  }
}

ColumnType SqlType(duckdb::ClientContext& context, const arrow::Field& field,
                   const arrow::DataType& declared) {
  if (plan::IsUuid(declared)) return {LogicalType::UUID, false};
  const LogicalType flat = SqlFlatType(*field.type());
  if (flat.id() != LogicalTypeId::INVALID) return {flat, false};
  try {
    duckdb::ArrowSchemaWrapper schema;
    if (arrow::ExportField(field, &schema.arrow_schema).ok()) {
      const auto type = duckdb::ArrowType::GetTypeFromSchema(context, schema.arrow_schema);
      const LogicalType nested = type->GetDuckType(true);
      if (nested.id() != LogicalTypeId::INVALID && field.type()->id() != Type::DECIMAL256) {
        return {nested, false};
      }
    }
  } catch (const duckdb::Exception&) {
    // Named when the column is read.
  }
  return {LogicalType::VARCHAR, true};
}

}  // namespace skyhook::sql
