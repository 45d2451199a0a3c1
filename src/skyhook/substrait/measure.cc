#include "skyhook/substrait/measure.h"

#include <substrait/algebra.pb.h>

#include <algorithm>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/function.h"
#include "skyhook/substrait/literal.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

bool Says(const StandardAggregate& standard, const MeasureCall& measure) {
  const TypePtr first = measure.types.empty() ? nullptr : measure.types[0];
  const bool takes = standard.argument == nullptr ? first == nullptr
                                                  : first != nullptr && standard.argument(*first);
  return takes && standard.urn == measure.name.urn && standard.name == measure.name.name &&
         standard.distinct == measure.distinct && !measure.constant.has_value() &&
         std::equal(standard.enumerations.begin(), standard.enumerations.end(),
                    measure.enumerations.begin(), measure.enumerations.end()) &&
         plan::EntryOf(standard.function).num_arguments == measure.types.size();
}

// Sets the function and the type asked for.
Status FindAggregate(const MeasureCall& measure, plan::Measure* out) {
  for (const StandardAggregate& standard : StandardAggregates()) {
    if (!Says(standard, measure)) continue;
    out->function = standard.function;
    out->type = standard.result;
    return Status::OK();
  }
  const bool own =
      measure.name.urn == kSkyhookUrn && !measure.distinct && measure.enumerations.empty();
  for (const plan::AggregateEntry& entry : plan::AggregateCatalogue()) {
    if (!own || entry.name != measure.name.name) continue;
    if (entry.constant.empty() == measure.constant.has_value()) continue;
    out->function = entry.function;
    out->fraction = measure.constant.value_or(0);
    // What differs from the catalogue's own type has been asked for.
    const auto type = plan::MeasureType(entry.function, measure.types);
    const bool asked = type.ok() && measure.result != nullptr && !(*type)->Equals(*measure.result);
    if (asked) out->type = measure.result;
    return Status::OK();
  }
  return base::UnsupportedPlan("{} is not understood", measure.ToString());
}

Result<int> ReadColumn(const pb::Expression& expression, const arrow::Schema& projected) {
  ARROW_ASSIGN_OR_RAISE(const int index, FieldFromSubstrait(expression, "an aggregate's argument"));
  if (index < projected.num_fields()) return index;
  return base::Invalid("an aggregate's argument: column #{} of {}", index, projected.num_fields());
}

Status ReadConstant(const pb::Expression::Literal& literal, const ExtensionReader& extensions,
                    MeasureCall* measure) {
  ARROW_ASSIGN_OR_RAISE(const auto value, LiteralFromSubstrait(literal, extensions));
  const bool usable = value->is_valid && value->type->id() == arrow::Type::DOUBLE;
  if (!usable || measure->constant.has_value()) {
    return base::UnsupportedPlan("{} with the constant {}", measure->ToString(), value->ToString());
  }
  measure->constant = static_cast<const arrow::DoubleScalar&>(*value).value;
  return Status::OK();
}

// Sets the types, enumerations and constant of `measure`; gives the columns.
Result<std::vector<int>> ReadArguments(const pb::AggregateFunction& function,
                                       const arrow::Schema& projected,
                                       const ExtensionReader& extensions, MeasureCall* measure) {
  std::vector<int> columns;
  for (const auto& argument : function.arguments()) {
    ARROW_RETURN_NOT_OK(CheckFields(argument, {"value", "enum"}));
    if (argument.has_enum_()) {
      measure->enumerations.push_back(argument.enum_());
      continue;
    }
    if (argument.value().has_literal()) {
      ARROW_RETURN_NOT_OK(ReadConstant(argument.value().literal(), extensions, measure));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const int column, ReadColumn(argument.value(), projected));
    columns.push_back(column);
    measure->types.push_back(projected.field(column)->type());
  }
  return columns;
}

Status CheckOutput(const MeasureCall& measure, const plan::Measure& ours) {
  if (measure.result == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto type,
                        plan::MeasureType(ours.function, measure.types, ours.type));
  if (type->Equals(*measure.result)) return Status::OK();
  return base::UnsupportedPlan("{} gives {}, not {}", measure.ToString(), type->ToString(),
                               measure.result->ToString());
}

// Choices that are ours, and no others.
Status CheckOptions(const pb::AggregateFunction& function, const ExtensionName& name) {
  for (const auto& option : function.options()) {
    const auto& choices = option.preference();
    // A value that is not NULL is any value, whether NULL would do or not.
    const bool any = name.urn == kAggregateGenericUrn && name.name == "any_value";
    const bool ours = (option.name() == "ignore_nulls" && any) ||
                      (option.name() == "overflow" &&
                       std::find(choices.begin(), choices.end(), "ERROR") != choices.end()) ||
                      (option.name() == "rounding" &&
                       std::find(choices.begin(), choices.end(), "TIE_TO_EVEN") != choices.end());
    if (!ours) return base::UnsupportedPlan("aggregate option {}", option.ShortDebugString());
  }
  return Status::OK();
}

TypePtr TypeOf(int argument, const arrow::Schema& projected) {
  return argument < 0 ? nullptr : projected.field(argument)->type();
}

}  // namespace

std::string MeasureCall::ToString() const {
  std::string text;
  for (const std::string& enumeration : enumerations) text += enumeration + ", ";
  for (const TypePtr& type : types) text += (type == types[0] ? "" : ", ") + type->ToString();
  if (constant.has_value()) text += fmt::format(", {}", *constant);
  return fmt::format("aggregate {}({}{}){}", name.name, distinct ? "distinct " : "", text,
                     name.urn.empty() ? "" : " of " + name.urn);
}

Result<plan::Measure> FindMeasure(const MeasureCall& call) {
  plan::Measure found;
  ARROW_RETURN_NOT_OK(FindAggregate(call, &found));
  ARROW_RETURN_NOT_OK(CheckOutput(call, found));
  return found;
}

Status CheckAggregateFunction(const pb::AggregateFunction& function, const ExtensionName& name) {
  ARROW_RETURN_NOT_OK(CheckFields(function, {"function_reference", "arguments", "output_type",
                                             "phase", "invocation", "options"}));
  ARROW_RETURN_NOT_OK(CheckOptions(function, name));
  // Whether state or results are returned is up to who runs the pipeline.
  switch (function.phase()) {
    case pb::AGGREGATION_PHASE_UNSPECIFIED:
    case pb::AGGREGATION_PHASE_INITIAL_TO_INTERMEDIATE:
    case pb::AGGREGATION_PHASE_INITIAL_TO_RESULT:
      return Status::OK();
    default:
      return base::UnsupportedPlan("an aggregate of phase {}: rows are aggregated, not state",
                                   pb::AggregationPhase_Name(function.phase()));
  }
}

Status MeasureToSubstrait(const plan::Measure& measure, const arrow::Schema& projected,
                          ExtensionWriter* extensions, pb::AggregateRel_Measure* out) {
  const bool counts_rows = measure.function == plan::AggregateFunction::kCountAll;
  const TypePtr argument = counts_rows ? nullptr : TypeOf(measure.argument, projected);
  const StandardAggregate* standard = FindStandard(measure, argument.get());
  std::string signature(standard != nullptr ? standard->name
                                            : plan::EntryOf(measure.function).name);
  const bool generic = standard == nullptr || standard->generic;
  signature += ":";
  auto* function = out->mutable_measure();
  const char* separator = "";
  const auto add = [&](const std::string& type) {
    signature += separator + type;
    separator = "_";
  };
  if (standard != nullptr) {
    for (const auto& enumeration : standard->enumerations) {
      function->add_arguments()->set_enum_(std::string(enumeration));
      add("req");
    }
  }
  std::vector<TypePtr> types;
  for (const int column : {measure.argument, measure.second}) {
    if (column < 0 || counts_rows) continue;
    types.push_back(TypeOf(column, projected));
    add(generic ? "any" : ShortName(*types.back()));
    FieldToSubstrait(column, function->add_arguments()->mutable_value());
  }
  if (!plan::EntryOf(measure.function).constant.empty()) {
    add("fp64");
    ARROW_RETURN_NOT_OK(
        LiteralToSubstrait(arrow::DoubleScalar(measure.fraction), extensions,
                           function->add_arguments()->mutable_value()->mutable_literal()));
  }
  function->set_function_reference(
      extensions->Function(standard != nullptr ? standard->urn : kSkyhookUrn, signature));
  function->set_phase(pb::AGGREGATION_PHASE_INITIAL_TO_INTERMEDIATE);
  function->set_invocation(standard != nullptr && standard->distinct
                               ? pb::AggregateFunction::AGGREGATION_INVOCATION_DISTINCT
                               : pb::AggregateFunction::AGGREGATION_INVOCATION_ALL);
  if (measure.filter >= 0) FieldToSubstrait(measure.filter, out->mutable_filter());
  ARROW_ASSIGN_OR_RAISE(const auto result,
                        plan::MeasureType(measure.function, types, measure.type));
  return TypeToSubstrait(*result, true, extensions, function->mutable_output_type());
}

Result<plan::Measure> MeasureFromSubstrait(const pb::AggregateRel_Measure& measure,
                                           const arrow::Schema& projected,
                                           const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(measure, {"measure", "filter"}));
  const pb::AggregateFunction& function = measure.measure();
  MeasureCall call;
  ARROW_ASSIGN_OR_RAISE(call.name, extensions.Function(function.function_reference()));
  ARROW_RETURN_NOT_OK(CheckAggregateFunction(function, call.name));
  ARROW_ASSIGN_OR_RAISE(const auto columns, ReadArguments(function, projected, extensions, &call));
  call.distinct = function.invocation() == pb::AggregateFunction::AGGREGATION_INVOCATION_DISTINCT;
  if (function.has_output_type()) {
    ARROW_ASSIGN_OR_RAISE(const auto type, TypeFromSubstrait(function.output_type(), extensions));
    call.result = plan::EngineType(type);
  }
  ARROW_ASSIGN_OR_RAISE(plan::Measure read, FindMeasure(call));
  if (!columns.empty()) read.argument = columns[0];
  if (columns.size() > 1) read.second = columns[1];
  if (measure.has_filter()) {
    ARROW_ASSIGN_OR_RAISE(read.filter, FieldFromSubstrait(measure.filter(), "a measure's filter"));
  }
  return read;
}

}  // namespace skyhook::substrait
