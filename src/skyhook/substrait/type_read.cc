#include <substrait/type.pb.h>

#include <string>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;
using arrow::Type;

// Guards what a hostile plan could make us allocate for one constant.
constexpr int32_t kMaxFixedBytes = 1 << 20;

Result<TypePtr> WideDecimalFromSubstrait(int64_t precision, int64_t scale) {
  if (precision <= 38 || precision > 76 || scale < 0 || scale > precision) {
    return base::UnsupportedPlan("type decimal256({}, {}) is not understood", precision, scale);
  }
  return plan::DecimalType(static_cast<int>(precision), static_cast<int>(scale));
}

Result<TypePtr> UserDefinedFromSubstrait(const pb::Type::UserDefined& type,
                                         const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(type, {"type_reference", "nullability", "type_parameters"}));
  ARROW_ASSIGN_OR_RAISE(const auto extension, extensions.Type(type.type_reference()));
  const int parameters = type.type_parameters_size();
  const auto unit = [&] { return UnitOf(type.type_parameters(0).integer()); };
  if (extension.urn == kUnsignedUrn && parameters == 0) {
    for (const auto& candidate :
         {arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64()}) {
      if (ShortName(*candidate) == "u!" + extension.name) return candidate;
    }
  }
  if (extension.urn == kSkyhookUrn) {
    if (extension.name == kHalfFloat && parameters == 0) return arrow::float16();
    if (extension.name == kNullType && parameters == 0) return arrow::null();
    if (extension.name == kWideDecimal && parameters == 2) {
      return WideDecimalFromSubstrait(type.type_parameters(0).integer(),
                                      type.type_parameters(1).integer());
    }
    if (extension.name == kDuration && parameters == 1) {
      ARROW_ASSIGN_OR_RAISE(const auto of, unit());
      return arrow::duration(of);
    }
    if (extension.name == kZonedTimestamp && parameters == 2) {
      ARROW_ASSIGN_OR_RAISE(const auto of, unit());
      return arrow::timestamp(of, type.type_parameters(1).string());
    }
  }
  return base::UnsupportedPlan("type '{}'{} is not understood", extension.name,
                               extension.urn.empty() ? "" : " of " + extension.urn);
}

Result<TypePtr> DecimalFromSubstrait(const pb::Type::Decimal& type) {
  if (type.precision() < 1 || type.precision() > 38 || type.scale() < 0 ||
      type.scale() > type.precision()) {
    return base::UnsupportedPlan("type decimal({}, {}) is not understood", type.precision(),
                                 type.scale());
  }
  return plan::DecimalType(type.precision(), type.scale());
}

Result<TypePtr> TimeFromSubstrait(const pb::Type::PrecisionTime& type) {
  ARROW_ASSIGN_OR_RAISE(const auto unit, UnitOf(type.precision()));
  const bool narrow = unit == arrow::TimeUnit::SECOND || unit == arrow::TimeUnit::MILLI;
  return narrow ? arrow::time32(unit) : arrow::time64(unit);
}

template <typename Timestamp>
Result<TypePtr> TimestampFromSubstrait(const Timestamp& type, const std::string& zone) {
  ARROW_ASSIGN_OR_RAISE(const auto unit, UnitOf(type.precision()));
  return arrow::timestamp(unit, zone);
}

// The field of the oneof that says which type it is; null when none is set.
const google::protobuf::FieldDescriptor* KindOf(const pb::Type& type) {
  const auto* kind = type.GetDescriptor()->FindOneofByName("kind");
  return type.GetReflection()->GetOneofFieldDescriptor(type, kind);
}

Status CheckKind(const pb::Type& type) {
  const auto* kind = KindOf(type);
  if (kind == nullptr) {
    ARROW_RETURN_NOT_OK(CheckFields(type, {}));
    return base::UnsupportedPlan("a type that does not say which");
  }
  if (kind->message_type() == nullptr) return CheckFields(type, {});
  return CheckFields(type.GetReflection()->GetMessage(type, kind),
                     {"nullability", "precision", "scale", "length", "types", "type", "key",
                      "value", "type_reference", "type_parameters"});
}

bool IsNullable(const pb::Type& type) {
  const auto* field = KindOf(type);
  if (field == nullptr || field->message_type() == nullptr) return true;
  const auto& kind = type.GetReflection()->GetMessage(type, field);
  const auto* nullability = field->message_type()->FindFieldByName("nullability");
  return kind.GetReflection()->GetEnumValue(kind, nullability) != pb::Type::NULLABILITY_REQUIRED;
}

// The names of a schema, handed out depth first; none for a type that stands alone.
class Names {
 public:
  explicit Names(const pb::NamedStruct* schema) : schema_(schema) {}

  Result<std::string> Next() {
    if (schema_ == nullptr) return base::UnsupportedPlan("a struct type outside of a schema");
    if (next_ == schema_->names_size()) {
      return base::CorruptData("the schema has {} names for more fields", schema_->names_size());
    }
    return schema_->names(next_++);
  }
  bool done() const { return next_ == schema_->names_size(); }

 private:
  const pb::NamedStruct* schema_;
  int next_ = 0;
};

Result<TypePtr> Read(const pb::Type& type, const ExtensionReader& extensions, Names* names);

Result<arrow::FieldVector> ReadFields(const pb::Type::Struct& type,
                                      const ExtensionReader& extensions, Names* names) {
  arrow::FieldVector fields;
  for (const auto& child : type.types()) {
    ARROW_ASSIGN_OR_RAISE(auto name, names->Next());
    ARROW_ASSIGN_OR_RAISE(auto child_type, Read(child, extensions, names));
    fields.push_back(arrow::field(std::move(name), std::move(child_type), IsNullable(child)));
  }
  return fields;
}

Result<TypePtr> ReadList(const pb::Type::List& type, const ExtensionReader& extensions,
                         Names* names) {
  ARROW_ASSIGN_OR_RAISE(auto values, Read(type.type(), extensions, names));
  return arrow::list(arrow::field("item", std::move(values), IsNullable(type.type())));
}

Result<TypePtr> ReadMap(const pb::Type::Map& type, const ExtensionReader& extensions,
                        Names* names) {
  ARROW_ASSIGN_OR_RAISE(auto keys, Read(type.key(), extensions, names));
  ARROW_ASSIGN_OR_RAISE(auto items, Read(type.value(), extensions, names));
  return arrow::map(std::move(keys),
                    arrow::field("value", std::move(items), IsNullable(type.value())));
}

Result<TypePtr> Read(const pb::Type& type, const ExtensionReader& extensions, Names* names) {
  ARROW_RETURN_NOT_OK(CheckKind(type));
  for (const SimpleType& simple : SimpleTypes()) {
    if (KindOf(type)->name() == simple.field) return simple.type;
  }
  switch (type.kind_case()) {
    case pb::Type::kIntervalCompound:
    case pb::Type::kIntervalYear:
    case pb::Type::kIntervalDay:
      return arrow::month_day_nano_interval();
    case pb::Type::kFixedBinary:
      if (type.fixed_binary().length() < 0 || type.fixed_binary().length() > kMaxFixedBytes) {
        return base::UnsupportedPlan("values of {} bytes each", type.fixed_binary().length());
      }
      return arrow::fixed_size_binary(type.fixed_binary().length());
    case pb::Type::kDecimal:
      return DecimalFromSubstrait(type.decimal());
    case pb::Type::kPrecisionTime:
      return TimeFromSubstrait(type.precision_time());
    case pb::Type::kPrecisionTimestamp:
      return TimestampFromSubstrait(type.precision_timestamp(), "");
    case pb::Type::kPrecisionTimestampTz:
      return TimestampFromSubstrait(type.precision_timestamp_tz(), "UTC");
    case pb::Type::kUserDefined:
      return UserDefinedFromSubstrait(type.user_defined(), extensions);
    case pb::Type::kStruct: {
      ARROW_ASSIGN_OR_RAISE(auto fields, ReadFields(type.struct_(), extensions, names));
      return arrow::struct_(std::move(fields));
    }
    case pb::Type::kList:
      return ReadList(type.list(), extensions, names);
    case pb::Type::kMap:
      return ReadMap(type.map(), extensions, names);
    default:
      return base::UnsupportedPlan("type '{}' is not understood", KindOf(type)->name());
  }
}

}  // namespace

Result<TypePtr> TypeFromSubstrait(const pb::Type& type, const ExtensionReader& extensions) {
  Names none(nullptr);
  return Read(type, extensions, &none);
}

Result<std::shared_ptr<arrow::Schema>> SchemaFromSubstrait(const pb::NamedStruct& schema,
                                                           const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(schema, {"names", "struct"}));
  ARROW_RETURN_NOT_OK(CheckFields(schema.struct_(), {"types", "nullability"}));
  Names names(&schema);
  ARROW_ASSIGN_OR_RAISE(auto fields, ReadFields(schema.struct_(), extensions, &names));
  for (auto& field : fields) field = field->WithType(plan::EngineType(field->type()));
  if (!names.done()) {
    return base::CorruptData("the schema has {} names, more than fields", schema.names_size());
  }
  return arrow::schema(std::move(fields));
}

}  // namespace skyhook::substrait
