#include "skyhook/substrait/foreign/types.h"

#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "skyhook/substrait/extensions.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;

// DataFusion's variation of integers, and its last of text and bytes: in memory these have small
// offsets, large ones, or are views.
constexpr uint32_t kUnsigned = 1;
constexpr uint32_t kLastLayout = 2;

constexpr std::string_view kArrowTypes =
    "https://github.com/apache/arrow/blob/main/format/substrait/extension_types.yaml";
constexpr std::array<std::string_view, 4> kUnsignedNames = {"u8", "u16", "u32", "u64"};

template <typename Integer>
bool IsUnsigned(const Integer& type) {
  return type.type_variation_reference() == kUnsigned;
}

// The place of a type among the unsigned ones, or their number.
size_t WidthOf(std::string_view name) {
  return static_cast<size_t>(std::find(kUnsignedNames.begin(), kUnsignedNames.end(), name) -
                             kUnsignedNames.begin());
}

// The number in pyarrow's literal of an unsigned type.
bool UnpackUnsigned(const google::protobuf::Any& value, uint64_t* number) {
  google::protobuf::UInt64Value wide;
  google::protobuf::UInt32Value narrow;
  if (value.UnpackTo(&wide)) {
    *number = wide.value();
  } else if (value.UnpackTo(&narrow)) {
    *number = narrow.value();
  } else {
    return false;
  }
  return true;
}

}  // namespace

ForeignTypes::ForeignTypes(const std::string& producer, Urns* urns, Declarations* declarations)
    : has_variations_(producer == "datafusion"), urns_(urns), declarations_(declarations) {
  for (const auto& urn : *urns) {
    if (urn.urn() != kArrowTypes) continue;
    for (const auto& declaration : *declarations) {
      const auto& type = declaration.extension_type();
      if (declaration.has_extension_type() &&
          type.extension_urn_reference() == urn.extension_urn_anchor()) {
        arrow_types_[type.type_anchor()] = type.name();
      }
    }
  }
}

uint32_t ForeignTypes::UrnAnchor() {
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

uint32_t ForeignTypes::Anchor(size_t width) {
  if (anchors_[width] != 0) return anchors_[width];
  uint32_t next = 1;
  for (const auto& declaration : *declarations_) {
    next = std::max(next, declaration.extension_type().type_anchor() + 1);
  }
  auto* type = declarations_->Add()->mutable_extension_type();
  type->set_extension_urn_reference(UrnAnchor());
  type->set_type_anchor(next);
  type->set_name(std::string(kUnsignedNames[width]));
  return anchors_[width] = next;
}

void ForeignTypes::Rewrite(pb::Type* type) {
  if (has_variations_) return RewriteVariation(type);
  if (!type->has_user_defined()) return;
  const auto found = arrow_types_.find(type->user_defined().type_reference());
  if (found == arrow_types_.end()) return;
  const auto nullability = type->user_defined().nullability();
  const size_t width = WidthOf(found->second);
  if (width < kUnsignedNames.size()) {
    type->mutable_user_defined()->set_type_reference(Anchor(width));
  } else if (found->second == "large_string") {
    type->mutable_string()->set_nullability(nullability);
  } else if (found->second == "large_binary") {
    type->mutable_binary()->set_nullability(nullability);
  }
}

void ForeignTypes::RewriteVariation(pb::Type* type) {
  const auto rewrite = [&](size_t width, pb::Type::Nullability nullability) {
    const uint32_t anchor = Anchor(width);
    type->mutable_user_defined()->set_type_reference(anchor);
    type->mutable_user_defined()->set_nullability(nullability);
  };
  if (type->has_i8() && IsUnsigned(type->i8())) rewrite(0, type->i8().nullability());
  if (type->has_i16() && IsUnsigned(type->i16())) rewrite(1, type->i16().nullability());
  if (type->has_i32() && IsUnsigned(type->i32())) rewrite(2, type->i32().nullability());
  if (type->has_i64() && IsUnsigned(type->i64())) rewrite(3, type->i64().nullability());
  if (type->has_string() && type->string().type_variation_reference() <= kLastLayout) {
    type->mutable_string()->clear_type_variation_reference();
  }
  if (type->has_binary() && type->binary().type_variation_reference() <= kLastLayout) {
    type->mutable_binary()->clear_type_variation_reference();
  }
}

// pyarrow packs the value of an extension type into one of protobuf's wrappers.
void ForeignTypes::Rewrite(pb::Expression_Literal* literal) {
  if (has_variations_) return RewriteVariation(literal);
  if (!literal->has_user_defined() || !literal->user_defined().has_value()) return;
  const auto found = arrow_types_.find(literal->user_defined().type_reference());
  if (found == arrow_types_.end()) return;
  const google::protobuf::Any value = literal->user_defined().value();
  const size_t width = WidthOf(found->second);
  google::protobuf::StringValue text;
  google::protobuf::BytesValue bytes;
  uint64_t number = 0;
  if (width < kUnsignedNames.size() && UnpackUnsigned(value, &number)) {
    SetUnsigned(width, std::to_string(number), literal);
  } else if (found->second == "large_string" && value.UnpackTo(&text)) {
    literal->set_string(text.value());
  } else if (found->second == "large_binary" && value.UnpackTo(&bytes)) {
    literal->set_binary(bytes.value());
  }
}

void ForeignTypes::SetUnsigned(size_t width, const std::string& text,
                               pb::Expression_Literal* literal) {
  const uint32_t anchor = Anchor(width);
  literal->clear_type_variation_reference();
  literal->clear_user_defined();
  auto* value = literal->mutable_user_defined();
  value->set_type_reference(anchor);
  value->mutable_struct_()->add_fields()->set_string(text);
}

// The bits are those of the signed integer.
void ForeignTypes::RewriteVariation(pb::Expression_Literal* literal) {
  using Kind = pb::Expression_Literal;
  if ((literal->has_string() || literal->has_binary()) &&
      literal->type_variation_reference() <= kLastLayout) {
    literal->clear_type_variation_reference();
  }
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
  SetUnsigned(width, text, literal);
}

}  // namespace skyhook::substrait
