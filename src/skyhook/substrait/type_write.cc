#include <substrait/type.pb.h>

#include <string>

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

pb::Type::Nullability Nullability(bool nullable) {
  return nullable ? pb::Type::NULLABILITY_NULLABLE : pb::Type::NULLABILITY_REQUIRED;
}

template <typename Message>
Message* WithNullability(Message* message, bool nullable) {
  message->set_nullability(Nullability(nullable));
  return message;
}

void SimpleToSubstrait(const SimpleType& simple, bool nullable, pb::Type* out) {
  const auto* field = out->GetDescriptor()->FindFieldByName(simple.field);
  auto* kind = out->GetReflection()->MutableMessage(out, field);
  kind->GetReflection()->SetEnumValue(kind, kind->GetDescriptor()->FindFieldByName("nullability"),
                                      Nullability(nullable));
}

pb::Type::UserDefined* UserDefined(std::string_view urn, std::string_view name, bool nullable,
                                   ExtensionWriter* extensions, pb::Type* out) {
  auto* type = WithNullability(out->mutable_user_defined(), nullable);
  type->set_type_reference(extensions->Type(urn, name));
  return type;
}

Status TimestampToSubstrait(const arrow::TimestampType& type, bool nullable,
                            ExtensionWriter* extensions, pb::Type* out) {
  const int precision = PrecisionOf(type.unit());
  if (type.timezone().empty()) {
    WithNullability(out->mutable_precision_timestamp(), nullable)->set_precision(precision);
  } else if (type.timezone() == "UTC") {
    WithNullability(out->mutable_precision_timestamp_tz(), nullable)->set_precision(precision);
  } else {
    ARROW_RETURN_NOT_OK(CheckText(type.timezone(), "the name of a time zone"));
    auto* zoned = UserDefined(kSkyhookUrn, kZonedTimestamp, nullable, extensions, out);
    zoned->add_type_parameters()->set_integer(precision);
    zoned->add_type_parameters()->set_string(type.timezone());
  }
  return Status::OK();
}

Status NestedToSubstrait(const arrow::DataType& type, bool nullable, ExtensionWriter* extensions,
                         pb::Type* out) {
  if (type.id() == Type::STRUCT) {
    auto* message = WithNullability(out->mutable_struct_(), nullable);
    for (const auto& field : type.fields()) {
      ARROW_RETURN_NOT_OK(
          TypeToSubstrait(*field->type(), field->nullable(), extensions, message->add_types()));
    }
    return Status::OK();
  }
  if (type.id() == Type::LIST) {
    auto* message = WithNullability(out->mutable_list(), nullable);
    const auto& values = *type.field(0);
    return TypeToSubstrait(*values.type(), values.nullable(), extensions, message->mutable_type());
  }
  const auto& map = static_cast<const arrow::MapType&>(type);
  auto* message = WithNullability(out->mutable_map(), nullable);
  ARROW_RETURN_NOT_OK(TypeToSubstrait(*map.key_type(), false, extensions, message->mutable_key()));
  return TypeToSubstrait(*map.item_type(), map.item_field()->nullable(), extensions,
                         message->mutable_value());
}

Status AddNames(const arrow::DataType& type, pb::NamedStruct* out) {
  if (type.id() == Type::MAP) {
    const auto& map = static_cast<const arrow::MapType&>(type);
    ARROW_RETURN_NOT_OK(AddNames(*map.key_type(), out));
    return AddNames(*map.item_type(), out);
  }
  for (const auto& field : type.fields()) {
    if (type.id() == Type::STRUCT) {
      ARROW_RETURN_NOT_OK(CheckText(field->name(), "the name of a struct field"));
      out->add_names(field->name());
    }
    ARROW_RETURN_NOT_OK(AddNames(*field->type(), out));
  }
  return Status::OK();
}

}  // namespace

Status TypeToSubstrait(const arrow::DataType& type, bool nullable, ExtensionWriter* extensions,
                       pb::Type* out) {
  if (const SimpleType* simple = FindSimple(type)) {
    SimpleToSubstrait(*simple, nullable, out);
    return Status::OK();
  }
  switch (type.id()) {
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
      UserDefined(kUnsignedUrn, ShortName(type).substr(2), nullable, extensions, out);
      return Status::OK();
    case Type::NA:
      UserDefined(kSkyhookUrn, kNullType, nullable, extensions, out);
      return Status::OK();
    case Type::HALF_FLOAT:
      UserDefined(kSkyhookUrn, kHalfFloat, nullable, extensions, out);
      return Status::OK();
    case Type::FIXED_SIZE_BINARY:
      WithNullability(out->mutable_fixed_binary(), nullable)
          ->set_length(static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
      return Status::OK();
    case Type::TIME32:
    case Type::TIME64:
      WithNullability(out->mutable_precision_time(), nullable)
          ->set_precision(PrecisionOf(static_cast<const arrow::TimeType&>(type).unit()));
      return Status::OK();
    case Type::TIMESTAMP:
      return TimestampToSubstrait(static_cast<const arrow::TimestampType&>(type), nullable,
                                  extensions, out);
    case Type::DURATION:
      UserDefined(kSkyhookUrn, kDuration, nullable, extensions, out)
          ->add_type_parameters()
          ->set_integer(PrecisionOf(static_cast<const arrow::DurationType&>(type).unit()));
      return Status::OK();
    case Type::INTERVAL_MONTH_DAY_NANO:
      WithNullability(out->mutable_interval_compound(), nullable)->set_precision(9);
      return Status::OK();
    case Type::DECIMAL64:
    case Type::DECIMAL128: {
      auto* decimal = WithNullability(out->mutable_decimal(), nullable);
      decimal->set_precision(plan::ShapeOf(type).precision);
      decimal->set_scale(plan::ShapeOf(type).scale);
      return Status::OK();
    }
    case Type::DECIMAL256: {
      if (!plan::IsWideDecimal(type) || plan::ShapeOf(type).precision <= 38) break;
      auto* decimal = UserDefined(kSkyhookUrn, kWideDecimal, nullable, extensions, out);
      decimal->add_type_parameters()->set_integer(plan::ShapeOf(type).precision);
      decimal->add_type_parameters()->set_integer(plan::ShapeOf(type).scale);
      return Status::OK();
    }
    case Type::STRUCT:
    case Type::LIST:
    case Type::MAP:
      return NestedToSubstrait(type, nullable, extensions, out);
    default:
      break;
  }
  return base::UnsupportedPlan("type {} has no Substrait form", type.ToString());
}

Status SchemaToSubstrait(const arrow::Schema& schema, ExtensionWriter* extensions,
                         pb::NamedStruct* out) {
  out->mutable_struct_()->set_nullability(pb::Type::NULLABILITY_REQUIRED);
  for (const auto& field : schema.fields()) {
    ARROW_RETURN_NOT_OK(CheckText(field->name(), "the name of a column"));
    out->add_names(field->name());
    ARROW_RETURN_NOT_OK(base::AddContext(AddNames(*field->type(), out), field->name()));
    ARROW_RETURN_NOT_OK(
        base::AddContext(TypeToSubstrait(*field->type(), field->nullable(), extensions,
                                         out->mutable_struct_()->add_types()),
                         "column '" + field->name() + "'"));
  }
  return Status::OK();
}

}  // namespace skyhook::substrait
