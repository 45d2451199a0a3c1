#include "skyhook/plan/types.h"

#include <arrow/extension_type.h>
#include <arrow/type_traits.h>

#include <algorithm>

namespace skyhook::plan {
namespace {

std::shared_ptr<arrow::DataType> EngineDecimal(const arrow::DataType& declared) {
  const auto& decimal = static_cast<const arrow::DecimalType&>(declared);
  return DecimalType(decimal.precision(), decimal.scale());
}

std::shared_ptr<arrow::DataType> SignedOf(int bits) {
  switch (bits) {
    case 8:
      return arrow::int8();
    case 16:
      return arrow::int16();
    case 32:
      return arrow::int32();
    case 64:
      return arrow::int64();
    default:
      return nullptr;
  }
}

std::shared_ptr<arrow::DataType> UnsignedOf(int bits) {
  switch (bits) {
    case 8:
      return arrow::uint8();
    case 16:
      return arrow::uint16();
    case 32:
      return arrow::uint32();
    default:
      return arrow::uint64();
  }
}

}  // namespace

std::shared_ptr<arrow::DataType> EngineType(const std::shared_ptr<arrow::DataType>& declared) {
  switch (declared->id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return arrow::utf8_view();
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return arrow::binary_view();
    case arrow::Type::HALF_FLOAT:
      return arrow::float32();
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return EngineDecimal(*declared);
    case arrow::Type::DATE64:
      return arrow::date32();
    case arrow::Type::DICTIONARY:
      return EngineType(static_cast<const arrow::DictionaryType&>(*declared).value_type());
    case arrow::Type::EXTENSION:
      return EngineType(static_cast<const arrow::ExtensionType&>(*declared).storage_type());
    default:
      return declared;
  }
}

std::shared_ptr<arrow::Schema> EngineSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(arrow::field(field->name(), EngineType(field->type()), field->nullable()));
  }
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::DataType> CommonNumber(const arrow::DataType& a, const arrow::DataType& b) {
  if (IsFloat(a) && IsFloat(b)) {
    const bool both_float = a.id() == arrow::Type::FLOAT && b.id() == arrow::Type::FLOAT;
    return both_float ? arrow::float32() : arrow::float64();
  }
  if (!IsInteger(a) || !IsInteger(b)) return nullptr;
  const bool a_signed = arrow::is_signed_integer(a.id());
  const bool b_signed = arrow::is_signed_integer(b.id());
  const int bits = std::max(arrow::bit_width(a.id()), arrow::bit_width(b.id()));
  if (!a_signed && !b_signed) return UnsignedOf(bits);
  if (a_signed && b_signed) return SignedOf(bits);
  // An unsigned number needs one bit more of a signed type.
  const int unsigned_bits = arrow::bit_width(a_signed ? b.id() : a.id());
  return SignedOf(std::max(bits, 2 * unsigned_bits));
}

bool IsUuid(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.uuid";
}

bool IsInteger(const arrow::DataType& type) { return arrow::is_integer(type.id()); }

bool IsFloat(const arrow::DataType& type) {
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

bool IsDecimal(const arrow::DataType& type) {
  if (!arrow::is_decimal(type.id()) || type.id() == arrow::Type::DECIMAL32) return false;
  const auto& decimal = static_cast<const arrow::DecimalType&>(type);
  return decimal.scale() >= 0 && decimal.scale() <= decimal.precision();
}

bool IsWideDecimal(const arrow::DataType& type) {
  return type.id() == arrow::Type::DECIMAL256 && IsDecimal(type);
}

bool IsNarrowDecimal(const arrow::DataType& type) {
  return type.id() != arrow::Type::DECIMAL256 && IsDecimal(type);
}

bool IsNumeric(const arrow::DataType& type) {
  return IsInteger(type) || IsFloat(type) || IsDecimal(type);
}

bool IsTextOrBytes(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING_VIEW || type.id() == arrow::Type::BINARY_VIEW;
}

bool IsComputable(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return true;
    default:
      return IsNumeric(type) || IsTextOrBytes(type);
  }
}

bool IsOrdered(const arrow::DataType& type) {
  return IsComputable(type) && type.id() != arrow::Type::INTERVAL_MONTH_DAY_NANO;
}

DecimalShape ShapeOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return {3, 0};
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return {5, 0};
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
      return {10, 0};
    case arrow::Type::INT64:
      return {19, 0};
    case arrow::Type::UINT64:
      return {20, 0};
    default: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return {decimal.precision(), decimal.scale()};
    }
  }
}

std::shared_ptr<arrow::DataType> DecimalType(int precision, int scale) {
  if (precision <= 18) return arrow::decimal64(precision, scale);
  return precision <= 38 ? arrow::decimal128(precision, scale)
                         : arrow::decimal256(precision, scale);
}

}  // namespace skyhook::plan
