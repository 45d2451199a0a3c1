// Types that other producers have beyond the standard's own, as types that are read here.
#pragma once

#include <substrait/algebra.pb.h>
#include <substrait/extensions/extensions.pb.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace skyhook::substrait {

/// Rewrites types and literals, once extensions are URNs (foreign_uri.h):
///
/// | was | becomes |
/// |-----|---------|
/// | DataFusion's integers of variation 1; pyarrow's types u8 to u64 | u8 to u64 of the standard |
/// | DataFusion's variations of string and binary; pyarrow's large ones | string and binary |
class ForeignTypes {
 public:
  using Urns = google::protobuf::RepeatedPtrField<::substrait::extensions::SimpleExtensionURN>;
  using Declarations =
      google::protobuf::RepeatedPtrField<::substrait::extensions::SimpleExtensionDeclaration>;

  /// `urns` and `declarations` are of one plan and outlive this; what is needed is declared there.
  ForeignTypes(const std::string& producer, Urns* urns, Declarations* declarations);

  void Rewrite(::substrait::Type* type);
  void Rewrite(::substrait::Expression_Literal* literal);

 private:
  /// The number of the type of 8 << `width` bits.
  uint32_t Anchor(size_t width);
  uint32_t UrnAnchor();
  void RewriteVariation(::substrait::Type* type);
  void RewriteVariation(::substrait::Expression_Literal* literal);
  void SetUnsigned(size_t width, const std::string& text, ::substrait::Expression_Literal* literal);

  const bool has_variations_;
  Urns* urns_;
  Declarations* declarations_;
  std::map<uint32_t, std::string> arrow_types_;  ///< names of pyarrow's types by their numbers
  std::array<uint32_t, 4> anchors_{};
};

}  // namespace skyhook::substrait
