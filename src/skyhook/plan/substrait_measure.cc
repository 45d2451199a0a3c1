#include "skyhook/plan/substrait_measure.h"

#include <substrait/algebra.pb.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/substrait_expression.h"
#include "skyhook/plan/substrait_function.h"
#include "skyhook/plan/substrait_message.h"
#include "skyhook/plan/substrait_type.h"

namespace skyhook::plan {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

// The functions that `name` may stand for, by whether values are made distinct.
Result<AggregateFunction> FindAggregate(const ExtensionName& name, bool distinct,
                                        const arrow::DataType* argument) {
  for (const StandardAggregate& entry : StandardAggregates()) {
    const bool takes = entry.argument == nullptr ? argument == nullptr
                                                 : argument != nullptr && entry.argument(*argument);
    if (entry.urn == name.urn && entry.name == name.name && entry.distinct == distinct && takes) {
      return entry.function;
    }
  }
  constexpr int kLast = static_cast<int>(AggregateFunction::kCountDistinct);
  for (int i = 0; i <= kLast && name.urn == kSkyhookUrn && !distinct; ++i) {
    const auto function = static_cast<AggregateFunction>(i);
    if (name.name == OwnName(function) && argument != nullptr) return function;
  }
  return base::UnsupportedPlan("aggregate {}({}{}) of {} is not understood", name.name,
                               distinct ? "distinct " : "",
                               argument == nullptr ? "" : argument->ToString(), name.urn);
}

// The index of the projected column, -1 for no argument.
Result<int> ReadArgument(const pb::AggregateFunction& function, const arrow::Schema& projected) {
  if (function.arguments().empty()) return -1;
  if (function.arguments_size() > 1) {
    return base::UnsupportedPlan("an aggregate of {} arguments", function.arguments_size());
  }
  ARROW_RETURN_NOT_OK(CheckFields(function.arguments(0), {"value"}));
  ARROW_ASSIGN_OR_RAISE(const int index, FieldFromSubstrait(function.arguments(0).value(),
                                                            "an aggregate's argument"));
  if (index < projected.num_fields()) return index;
  return base::Invalid("an aggregate's argument: column #{} of {}", index, projected.num_fields());
}

Status CheckOutput(const pb::AggregateFunction& function, AggregateFunction ours,
                   const TypePtr& argument, const ExtensionReader& extensions) {
  if (!function.has_output_type()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto theirs, TypeFromSubstrait(function.output_type(), extensions));
  ARROW_ASSIGN_OR_RAISE(const auto type, MeasureType(ours, argument));
  if (type->Equals(*theirs)) return Status::OK();
  return base::UnsupportedPlan("aggregate {} gives {}, not {}", AggregateFunctionName(ours),
                               type->ToString(), theirs->ToString());
}

TypePtr TypeOf(int argument, const arrow::Schema& projected) {
  return argument < 0 ? nullptr : projected.field(argument)->type();
}

Status CheckFunction(const pb::AggregateFunction& function) {
  ARROW_RETURN_NOT_OK(CheckFields(
      function, {"function_reference", "arguments", "output_type", "phase", "invocation"}));
  if (function.phase() == pb::AGGREGATION_PHASE_INITIAL_TO_INTERMEDIATE) return Status::OK();
  return base::UnsupportedPlan("an aggregate of phase {}: only partial ones are pushed",
                               pb::AggregationPhase_Name(function.phase()));
}

}  // namespace

Status MeasureToSubstrait(const Measure& measure, const arrow::Schema& projected,
                          ExtensionWriter* extensions, pb::AggregateRel_Measure* out) {
  const bool counts_rows = measure.function == AggregateFunction::kCountAll;
  const TypePtr argument = counts_rows ? nullptr : TypeOf(measure.argument, projected);
  const StandardAggregate* standard = FindStandard(measure.function, argument.get());
  std::string signature(standard != nullptr ? standard->name : OwnName(measure.function));
  const bool generic = standard == nullptr || standard->generic;
  signature += ":";
  if (argument != nullptr) signature += generic ? "any" : ShortName(*argument);
  auto* function = out->mutable_measure();
  function->set_function_reference(
      extensions->Function(standard != nullptr ? standard->urn : kSkyhookUrn, signature));
  function->set_phase(pb::AGGREGATION_PHASE_INITIAL_TO_INTERMEDIATE);
  function->set_invocation(standard != nullptr && standard->distinct
                               ? pb::AggregateFunction::AGGREGATION_INVOCATION_DISTINCT
                               : pb::AggregateFunction::AGGREGATION_INVOCATION_ALL);
  if (argument != nullptr) {
    FieldToSubstrait(measure.argument, function->add_arguments()->mutable_value());
  }
  if (measure.filter >= 0) FieldToSubstrait(measure.filter, out->mutable_filter());
  ARROW_ASSIGN_OR_RAISE(const auto result, MeasureType(measure.function, argument));
  return TypeToSubstrait(*result, true, extensions, function->mutable_output_type());
}

Result<Measure> MeasureFromSubstrait(const pb::AggregateRel_Measure& measure,
                                     const arrow::Schema& projected,
                                     const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(measure, {"measure", "filter"}));
  const pb::AggregateFunction& function = measure.measure();
  ARROW_RETURN_NOT_OK(CheckFunction(function));
  Measure read;
  ARROW_ASSIGN_OR_RAISE(read.argument, ReadArgument(function, projected));
  if (measure.has_filter()) {
    ARROW_ASSIGN_OR_RAISE(read.filter, FieldFromSubstrait(measure.filter(), "a measure's filter"));
  }
  ARROW_ASSIGN_OR_RAISE(const auto name, extensions.Function(function.function_reference()));
  const bool distinct =
      function.invocation() == pb::AggregateFunction::AGGREGATION_INVOCATION_DISTINCT;
  const TypePtr argument = TypeOf(read.argument, projected);
  ARROW_ASSIGN_OR_RAISE(read.function, FindAggregate(name, distinct, argument.get()));
  ARROW_RETURN_NOT_OK(CheckOutput(function, read.function, argument, extensions));
  return read;
}

}  // namespace skyhook::plan
