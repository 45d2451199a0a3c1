// Arrow types as Substrait types, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/substrait/extensions.h"

namespace substrait {
class NamedStruct;
class Type;
}  // namespace substrait

namespace skyhook::substrait {

using TypePtr = std::shared_ptr<arrow::DataType>;

/// A type without parameters, here and there.
struct SimpleType {
  TypePtr type;
  std::string field;  ///< of Substrait's Type
  std::string short_name;
};
const std::vector<SimpleType>& SimpleTypes();
/// Null when `type` is none of them.
const SimpleType* FindSimple(const arrow::DataType& type);

/// Types of our own extension.
inline constexpr std::string_view kHalfFloat = "fp16";
inline constexpr std::string_view kDuration = "duration";
inline constexpr std::string_view kNullType = "null_type";
inline constexpr std::string_view kWideDecimal = "decimal256";
inline constexpr std::string_view kZonedTimestamp = "zoned_timestamp";

/// Engine types only. Unsigned integers are the standard extension types u8 to u64; half floats,
/// durations, nulls, decimals of more than 38 digits and timestamps of a zone other than UTC are
/// types of the Skyhook extension. Other types without a Substrait form are kUnsupportedPlan.
arrow::Status TypeToSubstrait(const arrow::DataType& type, bool nullable,
                              ExtensionWriter* extensions, ::substrait::Type* out);

/// A type that stands alone. Struct types stand only within a schema, which has their names.
arrow::Result<TypePtr> TypeFromSubstrait(const ::substrait::Type& type,
                                         const ExtensionReader& extensions);

/// A schema: the names of nested struct fields follow that of their column, depth first.
arrow::Status SchemaToSubstrait(const arrow::Schema& schema, ExtensionWriter* extensions,
                                ::substrait::NamedStruct* out);
arrow::Result<std::shared_ptr<arrow::Schema>> SchemaFromSubstrait(
    const ::substrait::NamedStruct& schema, const ExtensionReader& extensions);

/// Digits after the second: 0, 3, 6 or 9.
int PrecisionOf(arrow::TimeUnit::type unit);
arrow::Result<arrow::TimeUnit::type> UnitOf(int64_t precision);

/// The type's abbreviation in function signatures: "i64", "dec", "u!u8".
std::string ShortName(const arrow::DataType& type);

}  // namespace skyhook::substrait
