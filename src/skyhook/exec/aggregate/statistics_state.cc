#include "skyhook/exec/aggregate/statistics_state.h"

#include <arrow/array/util.h>

#include <algorithm>

#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using plan::AggregateFunction;

namespace {

// The input column that a measure's argument is; -1: it is computed.
int ColumnOf(const plan::Pipeline& pipeline, const plan::Measure& measure) {
  const auto& argument = *pipeline.projection[static_cast<size_t>(measure.argument)].expression;
  return argument.kind() == plan::Expression::Kind::kColumn ? argument.column() : -1;
}

// Null where it is not known.
std::shared_ptr<arrow::Scalar> StateOf(AggregateFunction function,
                                       const plan::ColumnStatistics& statistics,
                                       const std::shared_ptr<arrow::DataType>& type) {
  if (function == AggregateFunction::kCount) {
    if (!statistics.null_count.has_value()) return nullptr;
    return arrow::MakeScalar(statistics.num_rows - *statistics.null_count);
  }
  if (statistics.all_null()) return arrow::MakeNullScalar(type);
  if (!statistics.are_values) return nullptr;
  const auto& bound = function == AggregateFunction::kMin ? statistics.min : statistics.max;
  return bound->type->Equals(*type) ? bound : nullptr;
}

}  // namespace

bool MayComeOfStatistics(const plan::Pipeline& pipeline) {
  if (!pipeline.aggregate.has_value() || !pipeline.aggregate->keys.empty()) return false;
  const auto& projection = pipeline.projection;
  if (std::any_of(projection.begin(), projection.end(),
                  [](const auto& column) { return plan::CanFail(*column.expression); })) {
    return false;
  }
  const auto& measures = pipeline.aggregate->measures;
  return std::all_of(measures.begin(), measures.end(), [&](const plan::Measure& measure) {
    if (measure.filter >= 0) return false;
    switch (measure.function) {
      case AggregateFunction::kCountAll:
        return true;
      case AggregateFunction::kCount:
        return ColumnOf(pipeline, measure) >= 0;
      case AggregateFunction::kMin:
      case AggregateFunction::kMax:
        return ColumnOf(pipeline, measure) >= 0 &&
               !plan::IsFloat(
                   *projection[static_cast<size_t>(measure.argument)].expression->type());
      default:
        return false;
    }
  });
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> StateOfStatistics(
    const plan::Pipeline& pipeline, int64_t rows, const StatisticsOfColumn& statistics) {
  const auto schema = PartialSchema(pipeline);
  arrow::ArrayVector state;
  for (const plan::Measure& measure : pipeline.aggregate->measures) {
    std::shared_ptr<arrow::Scalar> value;
    if (measure.function == AggregateFunction::kCountAll) {
      value = arrow::MakeScalar(rows);
    } else {
      ARROW_ASSIGN_OR_RAISE(const auto known, statistics(ColumnOf(pipeline, measure)));
      if (!known.has_value() || known->num_rows != rows) return nullptr;
      const auto& type = schema->field(static_cast<int>(state.size()))->type();
      value = StateOf(measure.function, *known, type);
      if (value == nullptr) return nullptr;
    }
    ARROW_ASSIGN_OR_RAISE(state.emplace_back(), arrow::MakeArrayFromScalar(*value, 1));
  }
  return arrow::RecordBatch::Make(schema, 1, std::move(state));
}

}  // namespace skyhook::exec
