// A scalar function call as a foreign plan says it.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skyhook/plan/expression.h"
#include "skyhook/substrait/extensions.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {

/// Options with the choices that are fine, best first.
using ForeignOptions = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct ForeignCall {
  ExtensionName name;
  std::vector<std::string> enumerations;
  std::vector<plan::ExpressionPtr> arguments;
  ForeignOptions options;
  TypePtr type;  ///< null when the plan does not say

  /// "function add(int8, int8) of extension:...".
  std::string ToString() const;
  std::string OptionsText() const;
};

/// The call by the table of standard functions; kUnsupportedPlan when no line says it.
arrow::Result<plan::ExpressionPtr> ReadStandard(const ForeignCall& call);

/// True for functions that have no entry of their own in the catalogue, or that take arguments of
/// other types there: what Lower puts in other words.
bool CanLower(const ExtensionName& name);
arrow::Result<plan::ExpressionPtr> Lower(const ForeignCall& call);

/// Spellings of options in older definitions and in the public tests, as today's.
void ModerniseOptions(ForeignCall* call);

}  // namespace skyhook::substrait
