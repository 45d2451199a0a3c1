#include "skyhook/plan/split.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/plan/functions/catalogue.h"

namespace skyhook::plan {
namespace {

using Kind = Expression::Kind;

bool IsPlaced(AggregateFunction function) {
  return function == AggregateFunction::kFirst || function == AggregateFunction::kLast ||
         function == AggregateFunction::kAnyValue;
}

bool NeedsPlaces(const Pipeline& pipeline) {
  if (!pipeline.aggregate.has_value()) return false;
  const auto& measures = pipeline.aggregate->measures;
  return std::any_of(measures.begin(), measures.end(),
                     [](const Measure& measure) { return IsPlaced(measure.function); });
}

// Whether what a reduction works on is of types that it knows.
bool KnowsTypes(const Pipeline& pipeline, const Capabilities& capabilities) {
  if (!capabilities.types.has_value()) return true;
  std::vector<int> columns;
  if (pipeline.aggregate.has_value()) {
    columns = pipeline.aggregate->keys;
    for (const Measure& measure : pipeline.aggregate->measures) {
      for (const int argument : {measure.argument, measure.second}) columns.push_back(argument);
    }
  }
  if (pipeline.top_k.has_value()) {
    for (const SortKey& key : pipeline.top_k->keys) columns.push_back(key.column);
  }
  return std::all_of(columns.begin(), columns.end(), [&](int column) {
    return column < 0 ||
           capabilities.types->contains(
               pipeline.projection[static_cast<size_t>(column)].expression->type()->id());
  });
}

bool CanReduce(const Pipeline& pipeline, const Capabilities& capabilities) {
  if (!KnowsTypes(pipeline, capabilities)) return false;
  if (pipeline.top_k.has_value()) return capabilities.top_k;
  if (pipeline.limit.has_value()) return capabilities.limits;
  if (!pipeline.aggregate.has_value() || !capabilities.aggregates.has_value()) return true;
  const auto& measures = pipeline.aggregate->measures;
  return !capabilities.aggregates->empty() &&
         std::all_of(measures.begin(), measures.end(), [&](const Measure& measure) {
           return capabilities.aggregates->contains(measure.function);
         });
}

bool IsPlainColumn(const NamedExpression& column) {
  return column.expression->kind() == Kind::kColumn;
}

// The columns of `schema`, those of one name under names of their own.
std::shared_ptr<arrow::Schema> WithUniqueNames(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  std::set<std::string> names;
  for (const auto& field : schema.fields()) {
    std::string name = field->name();
    for (int i = 1; !names.insert(name).second; ++i) name = field->name() + "_" + std::to_string(i);
    fields.push_back(field->WithName(name));
  }
  return arrow::schema(std::move(fields));
}

// Conjuncts that stay behind keep what runs after them: those that can fail run after all others,
// and in their order.
std::vector<bool> PushedConjuncts(const std::vector<ExpressionPtr>& filter,
                                  const Capabilities& capabilities) {
  std::vector<bool> pushed(filter.size(), false);
  bool complete = true;
  for (const bool can_fail : {false, true}) {
    for (size_t i = 0; i < filter.size(); ++i) {
      if (CanFail(*filter[i]) != can_fail) continue;
      pushed[i] =
          capabilities.filters && (!can_fail || complete) && CanEvaluate(*filter[i], capabilities);
      complete = complete && pushed[i];
    }
  }
  return pushed;
}

// The reduction of `pipeline` over columns that are projected already.
Pipeline ReductionOver(const Pipeline& pipeline, std::shared_ptr<arrow::Schema> input) {
  Pipeline out = pipeline;
  out.input = std::move(input);
  out.filter.clear();
  for (size_t i = 0; i < out.projection.size(); ++i) {
    out.projection[i].expression =
        InputColumn(static_cast<int>(i), pipeline.projection[i].expression->type());
  }
  return out;
}

// `pipeline` without its reduction, which the residual does.
SplitPipeline BeforeReduction(const Pipeline& pipeline) {
  SplitPipeline out{pipeline, std::nullopt};
  out.pushed.aggregate.reset();
  out.pushed.top_k.reset();
  out.pushed.limit.reset();
  out.residual = ReductionOver(pipeline, WithUniqueNames(*pipeline.ProjectedSchema()));
  return out;
}

// Only `conjuncts` are pushed; the residual does the others, and all that comes after.
arrow::Result<SplitPipeline> BeforeProjection(const Pipeline& pipeline,
                                              const std::vector<bool>& conjuncts) {
  SplitPipeline out{pipeline, pipeline};
  Pipeline& pushed = out.pushed;
  Pipeline& residual = *out.residual;
  pushed = {pipeline.input, {}, {}, {}, {}, {}};
  residual.filter.clear();
  std::set<int> columns;
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    const ExpressionPtr& conjunct = pipeline.filter[i];
    (conjuncts[i] ? pushed : residual).filter.push_back(conjunct);
    if (!conjuncts[i]) columns.insert(conjunct->columns().begin(), conjunct->columns().end());
  }
  for (const NamedExpression& column : pipeline.projection) {
    columns.insert(column.expression->columns().begin(), column.expression->columns().end());
  }
  std::vector<ExpressionPtr> replacements(static_cast<size_t>(pipeline.input->num_fields()));
  for (const int column : columns) {
    const auto& field = *pipeline.input->field(column);
    const auto place = static_cast<int>(pushed.projection.size());
    pushed.projection.push_back({field.name(), InputColumn(column, field.type())});
    replacements[static_cast<size_t>(column)] = InputColumn(place, field.type());
  }
  residual.input = pushed.ProjectedSchema();
  for (ExpressionPtr& conjunct : residual.filter) {
    ARROW_ASSIGN_OR_RAISE(conjunct, Substitute(conjunct, replacements));
  }
  for (NamedExpression& column : residual.projection) {
    ARROW_ASSIGN_OR_RAISE(column.expression, Substitute(column.expression, replacements));
  }
  return out;
}

}  // namespace

bool CanEvaluate(const Expression& expression, const Capabilities& capabilities) {
  const bool known_type =
      !capabilities.types.has_value() || capabilities.types->contains(expression.type()->id());
  switch (expression.kind()) {
    case Kind::kColumn:
    case Kind::kField:
    case Kind::kLiteral:
      return known_type;
    case Kind::kAnd:
    case Kind::kOr:
      break;  // booleans of booleans
    case Kind::kCase:
    case Kind::kCoalesce:
      if (!known_type || !capabilities.branches) return false;
      break;
    case Kind::kCall: {
      const bool is_test = expression.type()->id() == arrow::Type::BOOL;
      if (!known_type && !is_test) return false;
      const Function function = expression.function();
      const bool known = capabilities.functions.has_value()
                             ? capabilities.functions->contains(function)
                             : FindEntry(function) != nullptr;
      if (!known) return false;
      break;
    }
  }
  return std::all_of(
      expression.arguments().begin(), expression.arguments().end(),
      [&](const ExpressionPtr& argument) { return CanEvaluate(*argument, capabilities); });
}

arrow::Result<std::optional<SplitPipeline>> Split(const Pipeline& pipeline,
                                                  const Capabilities& capabilities) {
  using Found = std::optional<SplitPipeline>;
  const std::vector<bool> conjuncts = PushedConjuncts(pipeline.filter, capabilities);
  const bool filters = std::all_of(conjuncts.begin(), conjuncts.end(), [](bool is) { return is; });
  const auto& projection = pipeline.projection;
  const bool projects =
      filters && std::all_of(projection.begin(), projection.end(), [&](const auto& column) {
        return IsPlainColumn(column) ||
               (capabilities.computes && CanEvaluate(*column.expression, capabilities));
      });
  if (projects && CanReduce(pipeline, capabilities)) return Found({pipeline, std::nullopt});
  if (NeedsPlaces(pipeline)) return Found();
  // Of a column that can fail only the rows are computed that the reduction leaves.
  const bool can_fail = std::any_of(projection.begin(), projection.end(),
                                    [](const auto& column) { return CanFail(*column.expression); });
  const bool leaves_out = pipeline.limit.has_value() || pipeline.top_k.has_value();
  if (projects && !(can_fail && leaves_out)) return Found(BeforeReduction(pipeline));
  ARROW_ASSIGN_OR_RAISE(SplitPipeline split, BeforeProjection(pipeline, conjuncts));
  return Found(std::move(split));
}

bool IsWhole(const Pipeline& pipeline, const Applied& applied) {
  const bool reduces =
      pipeline.aggregate.has_value() || pipeline.top_k.has_value() || pipeline.limit.has_value();
  return (applied.filter || pipeline.filter.empty()) && applied.projection &&
         (applied.reduction || !reduces);
}

arrow::Result<std::optional<Pipeline>> Remaining(const Pipeline& pipeline, const Applied& applied) {
  using Found = std::optional<Pipeline>;
  const bool filtered = applied.filter || pipeline.filter.empty();
  const bool in_order =
      (filtered || !applied.projection) && (applied.projection || !applied.reduction);
  if (!in_order || NeedsPlaces(pipeline)) return Found();
  if (applied.projection) {
    return Found(ReductionOver(pipeline, WithUniqueNames(*pipeline.ProjectedSchema())));
  }
  Pipeline out = pipeline;
  out.input = WithUniqueNames(*pipeline.input);
  if (filtered) out.filter.clear();
  return Found(std::move(out));
}

std::shared_ptr<arrow::Schema> SchemaAfter(const Pipeline& pipeline, const Applied& applied) {
  return applied.projection ? pipeline.ProjectedSchema() : pipeline.input;
}

}  // namespace skyhook::plan
