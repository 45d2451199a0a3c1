#include "skyhook/plan/foreign_unsigned.h"

#include <algorithm>
#include <string>

#include "skyhook/plan/substrait_extensions.h"

namespace skyhook::plan {
namespace {

namespace pb = ::substrait;

constexpr uint32_t kUnsigned = 1;

template <typename Integer>
bool IsUnsigned(const Integer& type) {
  return type.type_variation_reference() == kUnsigned;
}

}  // namespace

uint32_t UnsignedTypes::UrnAnchor() {
  uint32_t next = 1;
  for (const auto& urn : *urns_) {
    if (urn.urn() == kUnsignedUrn) return urn.extension_urn_anchor();
    next = std::max(next, urn.extension_urn_anchor() + 1);
  }
  auto* urn = urns_->Add();
  urn->set_extension_urn_anchor(next);
  urn->set_urn(std::string(kUnsignedUrn));
  return next;
}

uint32_t UnsignedTypes::Anchor(size_t width) {
  if (anchors_[width] != 0) return anchors_[width];
  uint32_t next = 1;
  for (const auto& declaration : *declarations_) {
    next = std::max(next, declaration.extension_type().type_anchor() + 1);
  }
  auto* type = declarations_->Add()->mutable_extension_type();
  type->set_extension_urn_reference(UrnAnchor());
  type->set_type_anchor(next);
  type->set_name("u" + std::to_string(8 << width));
  return anchors_[width] = next;
}

void UnsignedTypes::Rewrite(pb::Type* type) {
  const auto rewrite = [&](size_t width, pb::Type::Nullability nullability) {
    const uint32_t anchor = Anchor(width);
    type->mutable_user_defined()->set_type_reference(anchor);
    type->mutable_user_defined()->set_nullability(nullability);
  };
  if (type->has_i8() && IsUnsigned(type->i8())) rewrite(0, type->i8().nullability());
  if (type->has_i16() && IsUnsigned(type->i16())) rewrite(1, type->i16().nullability());
  if (type->has_i32() && IsUnsigned(type->i32())) rewrite(2, type->i32().nullability());
  if (type->has_i64() && IsUnsigned(type->i64())) rewrite(3, type->i64().nullability());
}

// The bits are those of the signed integer.
void UnsignedTypes::Rewrite(pb::Expression_Literal* literal) {
  using Kind = pb::Expression_Literal;
  if (!IsUnsigned(*literal)) return;
  size_t width = 0;
  std::string text;
  switch (literal->literal_type_case()) {
    case Kind::kI8:
      text = std::to_string(static_cast<uint8_t>(literal->i8()));
      break;
    case Kind::kI16:
      width = 1;
      text = std::to_string(static_cast<uint16_t>(literal->i16()));
      break;
    case Kind::kI32:
      width = 2;
      text = std::to_string(static_cast<uint32_t>(literal->i32()));
      break;
    case Kind::kI64:
      width = 3;
      text = std::to_string(static_cast<uint64_t>(literal->i64()));
      break;
    default:
      return;
  }
  const uint32_t anchor = Anchor(width);
  literal->clear_type_variation_reference();
  auto* value = literal->mutable_user_defined();
  value->set_type_reference(anchor);
  value->mutable_struct_()->add_fields()->set_string(text);
}

}  // namespace skyhook::plan
