// Unsigned integers of DataFusion, which writes them as signed ones of another variation.
#pragma once

#include <substrait/algebra.pb.h>
#include <substrait/extensions/extensions.pb.h>

#include <array>
#include <cstdint>

namespace skyhook::plan {

/// Rewrites types and literals as those of the standard's extension types u8 to u64, which it
/// declares in a plan when they are first needed.
class UnsignedTypes {
 public:
  using Urns = google::protobuf::RepeatedPtrField<::substrait::extensions::SimpleExtensionURN>;
  using Declarations =
      google::protobuf::RepeatedPtrField<::substrait::extensions::SimpleExtensionDeclaration>;

  /// Both of one plan, and outlive this.
  UnsignedTypes(Urns* urns, Declarations* declarations)
      : urns_(urns), declarations_(declarations) {}

  void Rewrite(::substrait::Type* type);
  void Rewrite(::substrait::Expression_Literal* literal);

 private:
  /// The number of the type of 8 << `width` bits.
  uint32_t Anchor(size_t width);
  uint32_t UrnAnchor();

  Urns* urns_;
  Declarations* declarations_;
  std::array<uint32_t, 4> anchors_{};
};

}  // namespace skyhook::plan
