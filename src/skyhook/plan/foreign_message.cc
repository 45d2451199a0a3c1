#include "skyhook/plan/foreign_message.h"

#include <string>

#include "skyhook/plan/foreign_json.h"
#include "skyhook/plan/substrait_message.h"

namespace skyhook::plan {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

bool IsJson(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '{';
}

// Whether bytes that read as a plan are expressions: their schema reads as advanced extensions.
bool IsExtendedExpression(const pb::Plan& plan, std::string_view bytes,
                          pb::ExtendedExpression* expression) {
  return plan.has_advanced_extensions() && !plan.has_version() &&
         ParseMessage(bytes, expression).ok() && expression->has_base_schema();
}

}  // namespace

Result<ForeignMessage> ParseForeign(std::string_view bytes) {
  std::string binary;
  if (IsJson(bytes)) {
    const bool expressions = bytes.find("\"referredExpr\"") != std::string_view::npos;
    ARROW_ASSIGN_OR_RAISE(binary, JsonToBinary(bytes, expressions ? "substrait.ExtendedExpression"
                                                                  : "substrait.Plan"));
    bytes = binary;
    if (expressions) {
      pb::ExtendedExpression expression;
      ARROW_RETURN_NOT_OK(ParseMessage(bytes, &expression));
      return expression;
    }
  }
  pb::ExtendedExpression expression;
  pb::Plan plan;
  const Status parsed = ParseMessage(bytes, &plan);
  if (!parsed.ok() || IsExtendedExpression(plan, bytes, &expression)) {
    if (!parsed.ok() && !(ParseMessage(bytes, &expression).ok() && expression.has_base_schema())) {
      return parsed;
    }
    return expression;
  }
  return plan;
}

}  // namespace skyhook::plan
