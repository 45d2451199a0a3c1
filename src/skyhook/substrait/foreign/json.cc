#include "skyhook/substrait/foreign/json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <substrait/extended_expression.pb.h>
#include <substrait/plan.pb.h>

#include <memory>
#include <set>

#include "skyhook/base/status.h"

namespace skyhook::substrait {
namespace {

namespace proto = google::protobuf;
constexpr char kPrefix[] = "type.example";

proto::FieldDescriptorProto* AddField(proto::DescriptorProto* message, const char* name, int number,
                                      proto::FieldDescriptorProto::Type type) {
  message->clear_reserved_range();
  message->clear_reserved_name();
  auto* field = message->add_field();
  field->set_name(name);
  field->set_number(number);
  field->set_type(type);
  field->set_label(proto::FieldDescriptorProto::LABEL_OPTIONAL);
  return field;
}

// Puts back what releases before 0.85 called extension URIs, under their numbers.
void AddUris(proto::FileDescriptorProto* file) {
  using Field = proto::FieldDescriptorProto;
  for (auto& message : *file->mutable_message_type()) {
    if (message.name() == "SimpleExtensionDeclaration") {
      for (auto& declared : *message.mutable_nested_type()) {
        AddField(&declared, "extension_uri_reference", 1, Field::TYPE_UINT32);
      }
    }
    if (message.name() == "Plan" || message.name() == "ExtendedExpression") {
      auto* uris = AddField(&message, "extension_uris", 1, Field::TYPE_MESSAGE);
      uris->set_label(Field::LABEL_REPEATED);
      uris->set_type_name(".substrait.extensions.SimpleExtensionURI");
    }
  }
  if (file->name() == "substrait/extensions/extensions.proto") {
    auto* uri = file->add_message_type();
    uri->set_name("SimpleExtensionURI");
    AddField(uri, "extension_uri_anchor", 1, Field::TYPE_UINT32);
    AddField(uri, "uri", 2, Field::TYPE_STRING);
  }
}

// Substrait's messages with the old fields beside today's.
class OldMessages {
 public:
  OldMessages() {
    Add(*::substrait::Plan::descriptor()->file());
    Add(*::substrait::ExtendedExpression::descriptor()->file());
    resolver_.reset(proto::util::NewTypeResolverForDescriptorPool(kPrefix, &pool_));
  }

  proto::util::TypeResolver* resolver() const { return resolver_.get(); }

 private:
  void Add(const proto::FileDescriptor& file) {
    if (!added_.insert(file.name()).second) return;
    for (int i = 0; i < file.dependency_count(); ++i) Add(*file.dependency(i));
    proto::FileDescriptorProto copy;
    file.CopyTo(&copy);
    AddUris(&copy);
    pool_.BuildFile(copy);
  }

  proto::DescriptorPool pool_;
  std::set<std::string> added_;
  std::unique_ptr<proto::util::TypeResolver> resolver_;
};

}  // namespace

arrow::Result<std::string> JsonToBinary(std::string_view json, const std::string& name) {
  static const OldMessages messages;
  std::string binary;
  const auto status =
      proto::util::JsonToBinaryString(messages.resolver(), std::string(kPrefix) + "/" + name,
                                      proto::StringPiece(json.data(), json.size()), &binary);
  if (status.ok()) return binary;
  const std::string message(status.message().data(), status.message().size());
  if (message.find("Cannot find field") != std::string::npos) {
    return base::UnsupportedPlan("the plan as JSON: {}", message);
  }
  return base::CorruptData("the plan as JSON: {}", message);
}

}  // namespace skyhook::substrait
