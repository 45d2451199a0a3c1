#include "skyhook/substrait/foreign/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/substrait/substrait.h"

namespace skyhook::substrait {
namespace {

using arrow::Result;
using arrow::Status;

// Computed columns take the place of references to them; a plan that doubles an expression a
// hundred times over must not become one of 2^100 nodes.
constexpr int64_t kMaxNodes = 100'000;

Status CheckSize(const plan::Expression& expression, int depth, int64_t* nodes) {
  if (depth > kMaxExpressionDepth) {
    return base::UnsupportedPlan("an expression nested deeper than {}", kMaxExpressionDepth);
  }
  if (++*nodes > kMaxNodes) {
    return base::UnsupportedPlan("an expression of more than {} nodes", kMaxNodes);
  }
  for (const plan::ExpressionPtr& argument : expression.arguments()) {
    ARROW_RETURN_NOT_OK(CheckSize(*argument, depth + 1, nodes));
  }
  return Status::OK();
}

// coalesce(x, false).
bool IsOrFalse(const plan::Expression& expression) {
  return expression.kind() == plan::Expression::Kind::kCoalesce &&
         expression.arguments().size() == 2 &&
         expression.arguments()[1]->Equals(*plan::BoolLiteral(false));
}

std::vector<plan::ExpressionPtr> ColumnsOfSchema(const arrow::Schema& schema, size_t count) {
  std::vector<plan::ExpressionPtr> columns;
  for (size_t i = 0; i < count; ++i) {
    const int column = static_cast<int>(i);
    columns.push_back(plan::InputColumn(column, schema.field(column)->type()));
  }
  return columns;
}

// Names do not travel between steps; a number tells columns apart.
std::vector<plan::NamedExpression> Numbered(const std::vector<plan::ExpressionPtr>& expressions) {
  std::vector<plan::NamedExpression> columns;
  for (const plan::ExpressionPtr& expression : expressions) {
    columns.push_back({StepColumnName(columns.size()), expression});
  }
  return columns;
}

// Cuts the input down to the columns that filter and projection read.
Status PruneInput(plan::Pipeline* pipeline) {
  std::set<int> used;
  const auto use = [&used](const plan::Expression& expression) {
    used.insert(expression.columns().begin(), expression.columns().end());
  };
  for (const auto& conjunct : pipeline->filter) use(*conjunct);
  for (const auto& column : pipeline->projection) use(*column.expression);
  std::vector<plan::ExpressionPtr> renumbered(static_cast<size_t>(pipeline->input->num_fields()));
  arrow::FieldVector fields;
  for (const int column : used) {
    const auto& field = pipeline->input->field(column);
    renumbered[static_cast<size_t>(column)] =
        plan::InputColumn(static_cast<int>(fields.size()), field->type());
    fields.push_back(field);
  }
  for (auto& conjunct : pipeline->filter) {
    ARROW_ASSIGN_OR_RAISE(conjunct, plan::Substitute(conjunct, renumbered));
  }
  for (auto& column : pipeline->projection) {
    ARROW_ASSIGN_OR_RAISE(column.expression, plan::Substitute(column.expression, renumbered));
  }
  pipeline->input = arrow::schema(std::move(fields));
  return Status::OK();
}

}  // namespace

std::string StepColumnName(size_t column) { return fmt::format("#{}", column); }

StepBuilder::StepBuilder(std::shared_ptr<arrow::Schema> table) {
  columns_ = ColumnsOfSchema(*table, static_cast<size_t>(table->num_fields()));
  step_.pipeline.input = std::move(table);
}

std::shared_ptr<arrow::Schema> StepBuilder::columns() const {
  arrow::FieldVector fields;
  for (const plan::ExpressionPtr& column : columns_)
    fields.push_back(arrow::field("", column->type()));
  return arrow::schema(std::move(fields));
}

Result<plan::ExpressionPtr> StepBuilder::OverInput(const plan::ExpressionPtr& expression) const {
  ARROW_ASSIGN_OR_RAISE(auto replaced, plan::Substitute(expression, columns_));
  int64_t nodes = 0;
  ARROW_RETURN_NOT_OK(CheckSize(*replaced, 1, &nodes));
  return replaced;
}

Status StepBuilder::Close(size_t visible) {
  plan::Pipeline& pipeline = step_.pipeline;
  pipeline.projection = Numbered(projected_);
  ARROW_RETURN_NOT_OK(plan::Validate(pipeline));
  auto result = pipeline.ResultSchema();
  steps_.push_back(std::exchange(step_, {}));
  projected_.clear();
  fetched_ = false;
  columns_ = ColumnsOfSchema(*result, visible);
  step_.pipeline.input = std::move(result);
  return Status::OK();
}

Status StepBuilder::CloseIfReduced() {
  return is_reduced() ? Close(columns_.size()) : Status::OK();
}

Status StepBuilder::Filter(const plan::ExpressionPtr& condition) {
  ARROW_RETURN_NOT_OK(CloseIfReduced());
  ARROW_ASSIGN_OR_RAISE(const auto predicate, OverInput(condition));
  auto& filter = step_.pipeline.filter;
  for (plan::ExpressionPtr conjunct : plan::Conjuncts(predicate)) {
    // To a filter NULL is false anyway; without this, nothing could be skipped by it.
    if (IsOrFalse(*conjunct)) conjunct = conjunct->arguments()[0];
    const bool stands =
        std::any_of(filter.begin(), filter.end(),
                    [&](const plan::ExpressionPtr& other) { return other->Equals(*conjunct); });
    if (!stands) filter.push_back(conjunct);
  }
  return Status::OK();
}

Status StepBuilder::Project(const std::vector<plan::ExpressionPtr>& expressions) {
  ARROW_RETURN_NOT_OK(CloseIfReduced());
  std::vector<plan::ExpressionPtr> computed;
  for (const plan::ExpressionPtr& expression : expressions) {
    ARROW_ASSIGN_OR_RAISE(auto column, OverInput(expression));
    computed.push_back(std::move(column));
  }
  columns_.insert(columns_.end(), computed.begin(), computed.end());
  return Status::OK();
}

Status StepBuilder::Emit(const std::vector<int>& columns) {
  ARROW_RETURN_NOT_OK(CloseIfReduced());
  std::vector<plan::ExpressionPtr> kept;
  for (const int column : columns) {
    if (column < 0 || column >= static_cast<int>(columns_.size())) {
      return base::Invalid("a relation emits column #{} of {}", column, columns_.size());
    }
    kept.push_back(columns_[static_cast<size_t>(column)]);
  }
  columns_ = std::move(kept);
  return Status::OK();
}

int StepBuilder::Place(const plan::ExpressionPtr& expression,
                       std::vector<plan::ExpressionPtr>* projected) const {
  const auto found =
      std::find_if(projected->begin(), projected->end(),
                   [&](const plan::ExpressionPtr& column) { return column->Equals(*expression); });
  const auto place = static_cast<int>(found - projected->begin());
  if (found == projected->end()) projected->push_back(expression);
  return place;
}

Status StepBuilder::Sort(const std::vector<ForeignSortKey>& keys) {
  ARROW_RETURN_NOT_OK(CloseIfReduced());
  plan::TopK top_k{{}, kAllRows};
  projected_ = columns_;
  for (const ForeignSortKey& key : keys) {
    ARROW_ASSIGN_OR_RAISE(const auto expression, OverInput(key.expression));
    top_k.keys.push_back({Place(expression, &projected_), key.descending, key.nulls_first});
  }
  step_.pipeline.top_k = std::move(top_k);
  return Status::OK();
}

Status StepBuilder::Fetch(int64_t offset, int64_t count) {
  if (offset < 0 || count < 0) return base::Invalid("{} rows after {}", count, offset);
  offset = std::min(offset, kAllRows);
  if (fetched_ || step_.pipeline.limit.has_value()) ARROW_RETURN_NOT_OK(CloseIfReduced());
  const int64_t limit = std::min(offset + std::min(count, kAllRows), kAllRows);
  step_.offset = offset;
  fetched_ = true;
  if (step_.pipeline.top_k.has_value()) {
    step_.pipeline.top_k->limit = limit;
  } else {
    projected_ = columns_;
    step_.pipeline.limit = plan::Limit{limit};
  }
  return Status::OK();
}

Status StepBuilder::BeginAggregate(const std::vector<plan::ExpressionPtr>& keys) {
  ARROW_RETURN_NOT_OK(CloseIfReduced());
  plan::Aggregate aggregate;
  projected_.clear();
  for (const plan::ExpressionPtr& key : keys) {
    ARROW_ASSIGN_OR_RAISE(const auto expression, OverInput(key));
    aggregate.keys.push_back(Place(expression, &projected_));
  }
  step_.pipeline.aggregate = std::move(aggregate);
  return Status::OK();
}

Result<plan::ExpressionPtr> StepBuilder::AddMeasure(
    plan::AggregateFunction function, const std::vector<plan::ExpressionPtr>& arguments,
    std::shared_ptr<arrow::DataType> type, const plan::ExpressionPtr& filter) {
  plan::Measure measure;
  measure.function = function;
  measure.type = type;
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const plan::ExpressionPtr& argument : arguments) {
    ARROW_ASSIGN_OR_RAISE(const auto expression, OverInput(argument));
    const int place = Place(expression, &projected_);
    (types.empty() ? measure.argument : measure.second) = place;
    types.push_back(expression->type());
  }
  if (types.size() != plan::EntryOf(function).num_arguments) {
    return base::UnsupportedPlan("{} of {} arguments", plan::EntryOf(function).name, types.size());
  }
  if (filter != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const auto expression, OverInput(filter));
    measure.filter = Place(expression, &projected_);
  }
  ARROW_ASSIGN_OR_RAISE(auto result, plan::MeasureType(function, types, type));
  plan::Aggregate& aggregate = *step_.pipeline.aggregate;
  const size_t column = aggregate.keys.size() + aggregate.measures.size();
  measure.name = StepColumnName(column);
  aggregate.measures.push_back(std::move(measure));
  return plan::InputColumn(static_cast<int>(column), std::move(result));
}

Status StepBuilder::EndAggregate(const std::vector<plan::ExpressionPtr>& results) {
  const plan::Aggregate& aggregate = *step_.pipeline.aggregate;
  const size_t keys = aggregate.keys.size();
  ARROW_RETURN_NOT_OK(Close(keys + aggregate.measures.size()));
  // Two keys may be one projected column; in what is read from here on each has its own name.
  arrow::FieldVector fields;
  for (const auto& field : step_.pipeline.input->fields()) {
    fields.push_back(field->WithName(StepColumnName(fields.size())));
  }
  step_.pipeline.input = arrow::schema(std::move(fields));
  columns_.resize(keys);
  columns_.insert(columns_.end(), results.begin(), results.end());
  return Status::OK();
}

bool StepBuilder::is_identity() const {
  const plan::Pipeline& pipeline = step_.pipeline;
  if (steps_.empty() || is_reduced() || !pipeline.filter.empty() ||
      columns_.size() != static_cast<size_t>(pipeline.input->num_fields())) {
    return false;
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i]->kind() != plan::Expression::Kind::kColumn ||
        columns_[i]->column() != static_cast<int>(i)) {
      return false;
    }
  }
  return true;
}

Result<std::vector<ForeignStep>> StepBuilder::Finish() {
  // What was only sorted by is not returned.
  if (is_reduced() && projected_.size() > columns_.size()) {
    ARROW_RETURN_NOT_OK(Close(columns_.size()));
  }
  if (!is_identity()) {
    step_.pipeline.projection = Numbered(columns_);
    ARROW_RETURN_NOT_OK(plan::Validate(step_.pipeline));
    steps_.push_back(std::move(step_));
  }
  for (ForeignStep& step : steps_) ARROW_RETURN_NOT_OK(PruneInput(&step.pipeline));
  return std::move(steps_);
}

}  // namespace skyhook::substrait
