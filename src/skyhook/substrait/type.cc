#include "skyhook/substrait/type.h"

#include <algorithm>

#include "skyhook/base/status.h"

namespace skyhook::substrait {

using arrow::Result;
using arrow::Type;

const std::vector<SimpleType>& SimpleTypes() {
  static const std::vector<SimpleType> types = {
      {arrow::boolean(), "bool", "bool"},       {arrow::int8(), "i8", "i8"},
      {arrow::int16(), "i16", "i16"},           {arrow::int32(), "i32", "i32"},
      {arrow::int64(), "i64", "i64"},           {arrow::float32(), "fp32", "fp32"},
      {arrow::float64(), "fp64", "fp64"},       {arrow::utf8_view(), "string", "str"},
      {arrow::binary_view(), "binary", "vbin"}, {arrow::date32(), "date", "date"},
  };
  return types;
}

const SimpleType* FindSimple(const arrow::DataType& type) {
  const auto& types = SimpleTypes();
  const auto found = std::find_if(types.begin(), types.end(), [&](const SimpleType& simple) {
    return simple.type->id() == type.id();
  });
  return found == types.end() ? nullptr : &*found;
}

int PrecisionOf(arrow::TimeUnit::type unit) { return 3 * static_cast<int>(unit); }

Result<arrow::TimeUnit::type> UnitOf(int64_t precision) {
  if (precision < 0 || precision > 9 || precision % 3 != 0) {
    return base::UnsupportedPlan("time with {} digits after the second", precision);
  }
  return static_cast<arrow::TimeUnit::type>(precision / 3);
}

std::string ShortName(const arrow::DataType& type) {
  if (const SimpleType* simple = FindSimple(type)) return simple->short_name;
  switch (type.id()) {
    case Type::UINT8:
      return "u!u8";
    case Type::UINT16:
      return "u!u16";
    case Type::UINT32:
      return "u!u32";
    case Type::UINT64:
      return "u!u64";
    case Type::DECIMAL64:
    case Type::DECIMAL128:
      return "dec";
    case Type::TIME32:
    case Type::TIME64:
      return "pt";
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "pts" : "ptstz";
    default:
      return "any";
  }
}

}  // namespace skyhook::substrait
