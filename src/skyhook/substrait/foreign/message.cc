#include "skyhook/substrait/foreign/message.h"

#include <string>

#include "skyhook/substrait/foreign/json.h"
#include "skyhook/substrait/message.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

bool IsJson(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '{';
}

// The schema of expressions reads as advanced extensions of a plan, their version as its bindings.
bool CouldBeExpressions(const pb::Plan& plan) {
  return plan.has_advanced_extensions() && !plan.has_version();
}

}  // namespace

Result<ForeignMessage> ParseForeign(std::string_view bytes) {
  std::string binary;
  if (IsJson(bytes)) {
    const bool expressions = bytes.find("\"referredExpr\"") != std::string_view::npos;
    ARROW_ASSIGN_OR_RAISE(binary, JsonToBinary(bytes, expressions ? "substrait.ExtendedExpression"
                                                                  : "substrait.Plan"));
    bytes = binary;
  }
  pb::Plan plan;
  const Status parsed = ParseMessage(bytes, &plan);
  if (parsed.ok() && !CouldBeExpressions(plan)) return plan;
  pb::ExtendedExpression expression;
  if (ParseMessage(bytes, &expression).ok() && expression.has_base_schema()) return expression;
  ARROW_RETURN_NOT_OK(parsed);
  return plan;
}

}  // namespace skyhook::substrait
