#include "skyhook/substrait/message.h"

#include <arrow/util/utf8.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/substrait/substrait.h"

namespace skyhook::substrait {
namespace {

// A call nests three messages; the relations around it a few dozen.
constexpr int kMaxMessageDepth = 4 * kMaxExpressionDepth;

}  // namespace

arrow::Status ParseMessage(std::string_view bytes, google::protobuf::Message* message) {
  if (bytes.size() > std::numeric_limits<int>::max()) {
    return base::CorruptData("a Substrait plan of {} bytes", bytes.size());
  }
  google::protobuf::LogSilencer quiet;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxMessageDepth);
  if (!message->ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return base::CorruptData("{} bytes are no Substrait plan", bytes.size());
  }
  return arrow::Status::OK();
}

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

}  // namespace skyhook::substrait
