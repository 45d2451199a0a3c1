#include "skyhook/substrait/foreign/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/foreign/dialect.h"
#include "skyhook/substrait/foreign/message.h"
#include "skyhook/substrait/foreign/modern.h"
#include "skyhook/substrait/foreign/relations.h"
#include "skyhook/substrait/foreign/steps.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

// Whose functions they are; a function that names no extension has no meaning but its producer's.
template <typename Message>
Result<const Dialect*> DialectOf(const Message& message) {
  const std::string& producer = message.version().producer();
  if (producer == "datafusion") return &DataFusionDialect();
  if (producer.starts_with("Acero")) return &ArrowDialect();
  for (const auto& urn : message.extension_urns()) {
    if (!urn.urn().empty()) continue;
    return base::UnsupportedPlan(
        "the plan's functions name no extension, and what its producer '{}' means by them is not "
        "known",
        producer);
  }
  return producer == "skyhook" ? &OwnDialect() : &StandardDialect();
}

/// Appends the names of the fields within a type, in the order of RelRoot.names: each before those
/// within it.
void AppendNamesWithin(const arrow::DataType& type, std::vector<std::string>* names) {
  for (const auto& field : type.fields()) {
    if (type.id() == arrow::Type::STRUCT) names->push_back(field->name());
    AppendNamesWithin(*field->type(), names);
  }
}

/// Of the columns that a plan returns. Names of fields within them, which some producers leave out,
/// have to be what they are.
Result<std::vector<std::string>> NamesOf(const pb::RelRoot& root, const arrow::Schema& columns) {
  const std::vector<std::string> given(root.names().begin(), root.names().end());
  if (given.size() == static_cast<size_t>(columns.num_fields())) return given;
  std::vector<std::string> names;
  auto next = given.begin();
  for (const auto& column : columns.fields()) {
    std::vector<std::string> within;
    AppendNamesWithin(*column->type(), &within);
    const auto left = static_cast<size_t>(given.end() - next);
    if (left < within.size() + 1) break;
    names.push_back(*next++);
    if (!std::equal(within.begin(), within.end(), next)) {
      return base::UnsupportedPlan("the root renames fields within column '{}'", names.back());
    }
    next += static_cast<std::ptrdiff_t>(within.size());
  }
  if (next == given.end() && names.size() == static_cast<size_t>(columns.num_fields())) {
    return names;
  }
  return base::UnsupportedPlan("the root has {} names for {} columns", given.size(),
                               columns.num_fields());
}

Result<ForeignPlan> ReadPlan(const pb::Plan& plan) {
  ARROW_RETURN_NOT_OK(CheckFields(plan, {"version", "extension_urns", "extensions", "relations"}));
  ARROW_ASSIGN_OR_RAISE(const ExtensionReader extensions, ExtensionReader::Make(plan));
  ARROW_ASSIGN_OR_RAISE(const Dialect* dialect, DialectOf(plan));
  if (plan.relations_size() != 1 || !plan.relations(0).has_root()) {
    return base::UnsupportedPlan("a plan of {} relations, or without a root",
                                 plan.relations_size());
  }
  const pb::RelRoot& root = plan.relations(0).root();
  ARROW_RETURN_NOT_OK(CheckFields(root, {"input", "names"}));
  ForeignPlan out;
  ARROW_ASSIGN_OR_RAISE(StepBuilder builder,
                        ReadRelations(root.input(), extensions, *dialect, &out.table));
  ARROW_ASSIGN_OR_RAISE(out.names, NamesOf(root, *builder.columns()));
  ARROW_ASSIGN_OR_RAISE(out.steps, builder.Finish());
  return out;
}

Result<std::vector<plan::NamedExpression>> ReadExpressions(const pb::ExtendedExpression& message,
                                                           const arrow::Schema& schema,
                                                           const ExtensionReader& extensions,
                                                           const Dialect& dialect) {
  std::vector<plan::NamedExpression> out;
  for (const auto& reference : message.referred_expr()) {
    ARROW_RETURN_NOT_OK(CheckFields(reference, {"expression", "output_names"}));
    if (reference.output_names_size() != 1) {
      return base::UnsupportedPlan("an expression of {} names", reference.output_names_size());
    }
    ARROW_ASSIGN_OR_RAISE(auto expression, ExpressionFromSubstrait(reference.expression(), schema,
                                                                   extensions, dialect));
    out.push_back({reference.output_names(0), std::move(expression)});
  }
  if (out.empty()) return base::UnsupportedPlan("a message without expressions");
  return out;
}

Result<ForeignPlan> ReadPlan(const pb::ExtendedExpression& message) {
  ARROW_RETURN_NOT_OK(CheckFields(
      message, {"version", "extension_urns", "extensions", "referred_expr", "base_schema"}));
  pb::Plan declarations;
  *declarations.mutable_extension_urns() = message.extension_urns();
  *declarations.mutable_extensions() = message.extensions();
  ARROW_ASSIGN_OR_RAISE(const ExtensionReader extensions, ExtensionReader::Make(declarations));
  ARROW_ASSIGN_OR_RAISE(const Dialect* dialect, DialectOf(message));
  ARROW_ASSIGN_OR_RAISE(const auto schema, SchemaFromSubstrait(message.base_schema(), extensions));
  ARROW_ASSIGN_OR_RAISE(const auto expressions,
                        ReadExpressions(message, *schema, extensions, *dialect));
  StepBuilder builder(schema);
  ForeignPlan out;
  const int columns = schema->num_fields();
  if (expressions.size() == 1 && expressions[0].expression->type()->id() == arrow::Type::BOOL) {
    ARROW_RETURN_NOT_OK(builder.Filter(expressions[0].expression));
    out.names = schema->field_names();
  } else {
    std::vector<plan::ExpressionPtr> computed;
    std::vector<int> emitted;
    for (const plan::NamedExpression& column : expressions) {
      emitted.push_back(columns + static_cast<int>(computed.size()));
      computed.push_back(column.expression);
      out.names.push_back(column.name);
    }
    ARROW_RETURN_NOT_OK(builder.Project(computed));
    ARROW_RETURN_NOT_OK(builder.Emit(emitted));
  }
  ARROW_ASSIGN_OR_RAISE(out.steps, builder.Finish());
  return out;
}

}  // namespace

std::string ForeignPlan::ToString() const {
  std::string out;
  const std::string first = table.empty() ? "a schema" : fmt::format("{}", fmt::join(table, "."));
  for (const ForeignStep& step : steps) {
    out += fmt::format("over {}\n", out.empty() ? first : "the result");
    out += step.pipeline.ToString();
    if (step.offset > 0) out += fmt::format("after the first {}\n", step.offset);
  }
  return out + fmt::format("named {}\n", fmt::join(names, ", "));
}

Result<ForeignPlan> ReadForeignPlan(std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(ForeignMessage message, ParseForeign(bytes));
  ARROW_RETURN_NOT_OK(Modernise(&message));
  return std::visit([](const auto& plan) { return ReadPlan(plan); }, message);
}

}  // namespace skyhook::substrait
