// Plans written as JSON, old spellings included.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

namespace skyhook::substrait {

/// The binary form of the message of type `name` ("substrait.Plan") that `json` says.
/// kUnsupportedPlan, naming it, when it has a field that the message has not; kCorruptData when it
/// is no JSON, or nests deeper than protocol buffers read (100).
arrow::Result<std::string> JsonToBinary(std::string_view json, const std::string& name);

}  // namespace skyhook::substrait
