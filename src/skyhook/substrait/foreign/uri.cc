#include "skyhook/substrait/foreign/uri.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/unknown_field_set.h>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "skyhook/base/status.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

// Fields of releases before 0.85.
constexpr int kUris = 1;          // of a plan
constexpr int kUriAnchor = 1;     // of an extension URI
constexpr int kUriText = 2;       // of an extension URI
constexpr int kUriReference = 1;  // of a declaration
// What DataFusion refers to where there is no extension.
constexpr uint32_t kNoExtension = std::numeric_limits<uint32_t>::max();

// ".../functions_arithmetic.yaml" is "extension:io.substrait:functions_arithmetic".
std::string UrnOf(const std::string& uri) {
  constexpr std::string_view kRepository =
      "https://github.com/substrait-io/substrait/blob/main/extensions/";
  constexpr std::string_view kEnding = ".yaml";
  std::string_view file = uri;
  if (file.starts_with(kRepository)) {
    file.remove_prefix(kRepository.size());
  } else if (file.starts_with("/")) {
    file.remove_prefix(1);
  } else {
    return uri;
  }
  if (!file.ends_with(kEnding) || file.find('/') != std::string_view::npos) return uri;
  file.remove_suffix(kEnding.size());
  return "extension:io.substrait:" + std::string(file);
}

// The URIs by their numbers, taken out of the unknown fields of a plan.
Result<std::map<uint32_t, std::string>> TakeUris(UnknownFieldSet* fields) {
  std::map<uint32_t, std::string> uris;
  for (int i = 0; i < fields->field_count(); ++i) {
    const UnknownField& field = fields->field(i);
    if (field.number() != kUris || field.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    UnknownFieldSet uri;
    if (!uri.ParseFromString(field.length_delimited())) {
      return base::CorruptData("an extension URI of {} bytes", field.length_delimited().size());
    }
    uint32_t anchor = 0;
    std::string text;
    for (int j = 0; j < uri.field_count(); ++j) {
      const UnknownField& part = uri.field(j);
      if (part.number() == kUriAnchor && part.type() == UnknownField::TYPE_VARINT) {
        anchor = static_cast<uint32_t>(part.varint());
      } else if (part.number() == kUriText && part.type() == UnknownField::TYPE_LENGTH_DELIMITED) {
        text = part.length_delimited();
      } else {
        return base::UnsupportedPlan("an extension URI with field number {}", part.number());
      }
    }
    uris[anchor] = UrnOf(text);
  }
  fields->DeleteByNumber(kUris);
  return uris;
}

// The number of the URI that a declaration refers to, taken out of its unknown fields.
std::optional<uint32_t> TakeReference(UnknownFieldSet* fields) {
  std::optional<uint32_t> reference;
  for (int i = 0; i < fields->field_count(); ++i) {
    const UnknownField& field = fields->field(i);
    if (field.number() == kUriReference && field.type() == UnknownField::TYPE_VARINT) {
      reference = static_cast<uint32_t>(field.varint());
    }
  }
  fields->DeleteByNumber(kUriReference);
  return reference;
}

// Gives URNs numbers in a message that may have some.
template <typename Message>
class Urns {
 public:
  explicit Urns(Message* message) : message_(message) {
    for (const auto& urn : message->extension_urns()) {
      declared_[urn.extension_urn_anchor()] = urn.urn();
    }
  }

  bool has(uint32_t anchor) const { return declared_.contains(anchor); }

  uint32_t Number(const std::string& urn) {
    for (const auto& [anchor, known] : declared_) {
      if (known == urn) return anchor;
    }
    uint32_t anchor = 1;
    while (declared_.contains(anchor)) ++anchor;
    auto* added = message_->add_extension_urns();
    added->set_extension_urn_anchor(anchor);
    added->set_urn(urn);
    declared_[anchor] = urn;
    return anchor;
  }

 private:
  Message* message_;
  std::map<uint32_t, std::string> declared_;
};

template <typename Declaration, typename Message>
Status Refer(Declaration* declaration, const std::map<uint32_t, std::string>& uris,
             Urns<Message>* urns) {
  auto* unknown = declaration->GetReflection()->MutableUnknownFields(declaration);
  const std::optional<uint32_t> old = TakeReference(unknown);
  const uint32_t reference = declaration->extension_urn_reference();
  if (reference != 0 && reference != kNoExtension) return Status::OK();
  if (reference == 0 && urns->has(0)) return Status::OK();
  // A reference to URI 0 is not written.
  const auto uri = uris.find(old.value_or(0));
  if (old.has_value() && uri == uris.end()) {
    return base::UnsupportedPlan("'{}' refers to extension URI {}, which the plan does not declare",
                                 declaration->name(), *old);
  }
  const bool none = uri == uris.end() || reference == kNoExtension;
  declaration->set_extension_urn_reference(urns->Number(none ? "" : uri->second));
  return Status::OK();
}

template <typename Message>
Status ModerniseAll(Message* message) {
  auto* unknown = message->GetReflection()->MutableUnknownFields(message);
  ARROW_ASSIGN_OR_RAISE(const auto uris, TakeUris(unknown));
  Urns<Message> urns(message);
  for (auto& extension : *message->mutable_extensions()) {
    if (extension.has_extension_function()) {
      ARROW_RETURN_NOT_OK(Refer(extension.mutable_extension_function(), uris, &urns));
    } else if (extension.has_extension_type()) {
      ARROW_RETURN_NOT_OK(Refer(extension.mutable_extension_type(), uris, &urns));
    }
  }
  return Status::OK();
}

}  // namespace

Status ModerniseExtensions(pb::Plan* plan) { return ModerniseAll(plan); }
Status ModerniseExtensions(pb::ExtendedExpression* expression) { return ModerniseAll(expression); }

}  // namespace skyhook::substrait
