#include "skyhook/sql/scan_plan.h"

#include <fmt/format.h>

#include <utility>

namespace skyhook::sql {

duckdb::unique_ptr<duckdb::FunctionData> ScanPlan::Copy() const {
  return duckdb::make_uniq<ScanPlan>(*this);
}

bool ScanPlan::Equals(const duckdb::FunctionData& other_data) const {
  const auto& other = other_data.Cast<ScanPlan>();
  return table == other.table && plain == other.plain && filter == other.filter && !is_reduced() &&
         !other.is_reduced();
}

PipelineBuilder::PipelineBuilder(const ScanPlan& scan)
    : scan_(&scan),
      inputs_(static_cast<size_t>(scan.schema->num_fields())),
      projected_(static_cast<size_t>(scan.schema->num_fields()), -1) {}

plan::ExpressionPtr PipelineBuilder::Input(int table_column) {
  auto& input = inputs_[static_cast<size_t>(table_column)];
  const int nested = table_column - scan_->num_table_columns();
  const bool is_nested = nested >= 0 && table_column != scan_->file_name_column();
  if (input == nullptr && is_nested) {
    const plan::NestedField& field = scan_->nested[static_cast<size_t>(nested)];
    input = Input(field.column);
    for (const int index : field.path) input = *plan::Field(std::move(input), index);
  }
  if (input == nullptr) {
    const auto& field = scan_->schema->field(table_column);
    input = plan::InputColumn(static_cast<int>(input_fields_.size()), field->type());
    input_fields_.push_back(field);
  }
  return input;
}

arrow::Result<plan::ExpressionPtr> PipelineBuilder::OverInput(
    const plan::ExpressionPtr& expression) {
  for (int column : plan::ColumnsOf(*expression)) Input(column);
  return plan::Substitute(expression, inputs_);
}

arrow::Status PipelineBuilder::AddFilter(const plan::ExpressionPtr& conjunct) {
  ARROW_ASSIGN_OR_RAISE(auto over_input, OverInput(conjunct));
  pipeline_.filter.push_back(std::move(over_input));
  return arrow::Status::OK();
}

int PipelineBuilder::AddColumn(int table_column) {
  int& index = projected_[static_cast<size_t>(table_column)];
  if (index < 0) {
    index = static_cast<int>(pipeline_.projection.size());
    pipeline_.projection.push_back(
        {scan_->schema->field(table_column)->name(), Input(table_column)});
    columns_.push_back(table_column);
  }
  return index;
}

arrow::Status PipelineBuilder::AddAggregate() {
  for (const plan::NamedExpression& column : scan_->aggregate->projection) {
    ARROW_ASSIGN_OR_RAISE(auto expression, OverInput(column.expression));
    pipeline_.projection.push_back({column.name, std::move(expression)});
  }
  pipeline_.aggregate = scan_->aggregate->aggregate;
  return arrow::Status::OK();
}

arrow::Status PipelineBuilder::AddTopK() {
  plan::TopK top_k;
  top_k.limit = scan_->top_k->limit;
  for (const SortBy& key : scan_->top_k->keys) {
    plan::SortKey sort{0, key.descending, key.nulls_first};
    if (key.expression->kind() == plan::Expression::Kind::kColumn) {
      sort.column = AddColumn(key.expression->column());
    } else {
      ARROW_ASSIGN_OR_RAISE(auto expression, OverInput(key.expression));
      sort.column = static_cast<int>(pipeline_.projection.size());
      pipeline_.projection.push_back(
          {fmt::format("sort key {}", top_k.keys.size() + 1), std::move(expression)});
    }
    top_k.keys.push_back(sort);
  }
  pipeline_.top_k = std::move(top_k);
  return arrow::Status::OK();
}

arrow::Result<plan::Pipeline> PipelineBuilder::Finish() {
  for (const auto& conjunct : scan_->filter) ARROW_RETURN_NOT_OK(AddFilter(conjunct));
  if (scan_->aggregate.has_value()) ARROW_RETURN_NOT_OK(AddAggregate());
  if (scan_->top_k.has_value()) ARROW_RETURN_NOT_OK(AddTopK());
  if (scan_->limit.has_value()) pipeline_.limit = plan::Limit{*scan_->limit};
  pipeline_.input = arrow::schema(input_fields_);
  return std::move(pipeline_);
}

}  // namespace skyhook::sql
