// Reading bytes into Substrait messages, and refusing what those say beyond what is understood.
#pragma once

#include <arrow/status.h>

#include <initializer_list>
#include <string_view>

namespace google::protobuf {
class Message;
}

namespace skyhook::substrait {

/// Fills a Plan or another message. kCorruptData when `bytes` are none, or nest so deep that no
/// expression of kMaxExpressionDepth needs it: safe on hostile bytes.
arrow::Status ParseMessage(std::string_view bytes, google::protobuf::Message* message);

/// kUnsupportedPlan, naming message and field, when `message` has a field set that is not among
/// `understood`, or one that Substrait 0.85 does not know. Looks at this message only, not at
/// those within it.
arrow::Status CheckFields(const google::protobuf::Message& message,
                          std::initializer_list<std::string_view> understood);

/// Fails when `text`, the `what` of a plan, is not valid UTF-8: protocol buffers hold nothing else.
arrow::Status CheckText(std::string_view text, std::string_view what);

}  // namespace skyhook::substrait
