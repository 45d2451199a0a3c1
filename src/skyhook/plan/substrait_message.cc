#include "skyhook/plan/substrait_message.h"

#include <arrow/util/utf8.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <string>
#include <vector>

#include "skyhook/base/status.h"

namespace skyhook::plan {

arrow::Status CheckFields(const google::protobuf::Message& message,
                          std::initializer_list<std::string_view> understood) {
  const auto& name = message.GetDescriptor()->full_name();
  const auto* reflection = message.GetReflection();
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) {
    return base::UnsupportedPlan("{}: field number {} is not understood", name,
                                 unknown.field(0).number());
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (std::find(understood.begin(), understood.end(), field->name()) == understood.end()) {
      return base::UnsupportedPlan("{}: field '{}' is not understood", name, field->name());
    }
  }
  return arrow::Status::OK();
}

arrow::Status CheckText(std::string_view text, std::string_view what) {
  static const bool initialized = (arrow::util::InitializeUTF8(), true);
  if (initialized && arrow::util::ValidateUTF8(text)) return arrow::Status::OK();
  return base::Invalid("{} is not valid UTF-8", what);
}

}  // namespace skyhook::plan
