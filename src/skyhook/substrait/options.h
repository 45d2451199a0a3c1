// The options of calls, as our own Substrait extension spells them.
#pragma once

#include <arrow/status.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::substrait {

/// An option of our extension with the choices that it has, the default first.
struct OwnOption {
  std::string_view name;
  std::vector<std::string_view> choices;
};
/// All of them but the escape character, whose choice is that character.
const std::vector<OwnOption>& OwnOptionCatalogue();

/// The options of a call that differ from the defaults: name and choice.
std::vector<std::pair<std::string, std::string>> OwnOptions(const plan::CallOptions& options);
/// kUnsupportedPlan, naming option and choice, when there is no such thing.
arrow::Status SetOwnOption(std::string_view name, std::string_view choice,
                           plan::CallOptions* options);

}  // namespace skyhook::substrait
