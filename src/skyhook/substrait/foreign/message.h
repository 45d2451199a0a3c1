// The bytes of a foreign plan as messages: binary or JSON, a plan or expressions over a schema.
#pragma once

#include <arrow/result.h>
#include <substrait/extended_expression.pb.h>
#include <substrait/plan.pb.h>

#include <string_view>
#include <variant>

namespace skyhook::substrait {

using ForeignMessage = std::variant<::substrait::Plan, ::substrait::ExtendedExpression>;

/// JSON starts with a brace, which no binary message does; expressions have a schema, which no
/// plan has. kCorruptData when `bytes` are neither. Fields that are not of Substrait 0.85 stay in
/// the messages as unknown ones; of JSON only those of extension URIs do, others are refused.
arrow::Result<ForeignMessage> ParseForeign(std::string_view bytes);

}  // namespace skyhook::substrait
