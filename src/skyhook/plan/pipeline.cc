#include "skyhook/plan/pipeline.h"

#include <fmt/format.h>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Status;

Status CheckColumns(const Expression& expression, const arrow::Schema& input) {
  if (expression.kind() == Expression::Kind::kColumn) {
    const int column = expression.column();
    if (column < 0 || column >= input.num_fields()) {
      return base::Invalid("column #{} is not among the {} columns read", column,
                           input.num_fields());
    }
    const auto& field = *input.field(column);
    if (!field.type()->Equals(*expression.type())) {
      return base::Invalid("column '{}' is {}, not {}", field.name(), field.type()->ToString(),
                           expression.type()->ToString());
    }
  }
  for (const auto& argument : expression.arguments()) {
    ARROW_RETURN_NOT_OK(CheckColumns(*argument, input));
  }
  return Status::OK();
}

Status CheckProjected(const Pipeline& pipeline, int index, const std::string& part) {
  if (index < 0 || index >= static_cast<int>(pipeline.projection.size())) {
    return base::Invalid("{}: column #{} is not among the {} projected columns", part, index,
                         pipeline.projection.size());
  }
  return Status::OK();
}

Status CheckKey(const Pipeline& pipeline, int index, bool (*may_be)(const arrow::DataType&),
                const std::string& part) {
  ARROW_RETURN_NOT_OK(CheckProjected(pipeline, index, part));
  const auto& column = pipeline.projection[static_cast<size_t>(index)];
  if (!may_be(*column.expression->type())) {
    return base::UnsupportedPlan("{}: column '{}' of type {} cannot be a key", part, column.name,
                                 column.expression->type()->ToString());
  }
  return Status::OK();
}

Status CheckMeasure(const Pipeline& pipeline, const Measure& measure) {
  const std::string part = fmt::format("measure '{}'", measure.name);
  const size_t arguments = EntryOf(measure.function).num_arguments;
  if (arguments > 0) ARROW_RETURN_NOT_OK(CheckProjected(pipeline, measure.argument, part));
  if (arguments > 1) ARROW_RETURN_NOT_OK(CheckProjected(pipeline, measure.second, part));
  const auto type = MeasureType(measure.function, pipeline.ArgumentTypes(measure), measure.type);
  ARROW_RETURN_NOT_OK(base::AddContext(type.status(), part));
  // Not a number fails, too.
  if (!(measure.fraction >= 0 && measure.fraction <= 1)) {
    return base::Invalid("{}: a fraction of {}, not of 0 to 1", part, measure.fraction);
  }
  if (measure.filter < 0) return Status::OK();
  ARROW_RETURN_NOT_OK(CheckProjected(pipeline, measure.filter, part + " filter"));
  const auto& filter = pipeline.projection[static_cast<size_t>(measure.filter)];
  if (filter.expression->type()->id() != arrow::Type::BOOL) {
    return base::Invalid("{}: its filter '{}' is {}, not boolean", part, filter.name,
                         filter.expression->type()->ToString());
  }
  return Status::OK();
}

Status CheckReduction(const Pipeline& pipeline) {
  const int reductions = int{pipeline.aggregate.has_value()} + int{pipeline.top_k.has_value()} +
                         int{pipeline.limit.has_value()};
  if (reductions > 1) {
    return base::Invalid("a pipeline ends in one of aggregate, top-k and limit, not {}",
                         reductions);
  }
  if (pipeline.aggregate.has_value()) {
    for (int key : pipeline.aggregate->keys) {
      ARROW_RETURN_NOT_OK(CheckKey(pipeline, key, IsComputable, "group key"));
    }
    for (const Measure& measure : pipeline.aggregate->measures) {
      ARROW_RETURN_NOT_OK(CheckMeasure(pipeline, measure));
    }
  }
  if (pipeline.top_k.has_value()) {
    if (pipeline.top_k->keys.empty()) return base::Invalid("top-k without sort keys");
    if (pipeline.top_k->limit < 0) return base::Invalid("top-k of {} rows", pipeline.top_k->limit);
    for (const SortKey& key : pipeline.top_k->keys) {
      ARROW_RETURN_NOT_OK(CheckKey(pipeline, key.column, IsOrdered, "sort key"));
    }
  }
  if (pipeline.limit.has_value() && pipeline.limit->limit < 0) {
    return base::Invalid("limit of {} rows", pipeline.limit->limit);
  }
  return Status::OK();
}

std::string Names(const std::vector<int>& columns, const arrow::Schema& schema) {
  std::string out;
  for (int column : columns) {
    out += (out.empty() ? "" : ", ") + schema.field(column)->name();
  }
  return out;
}

std::string MeasureText(const Measure& measure, const arrow::Schema& schema) {
  std::string arguments = measure.argument < 0 ? "*" : schema.field(measure.argument)->name();
  if (measure.second >= 0) arguments += ", " + schema.field(measure.second)->name();
  if (!EntryOf(measure.function).constant.empty())
    arguments += fmt::format(", {}", measure.fraction);
  std::string out;
  switch (measure.function) {
    case AggregateFunction::kCountAll:
      out = "count(*)";
      break;
    case AggregateFunction::kCountDistinct:
      out = "count(distinct " + arguments + ")";
      break;
    default:
      out = fmt::format("{}({})", AggregateFunctionName(measure.function), arguments);
  }
  if (measure.filter >= 0) out += " FILTER " + schema.field(measure.filter)->name();
  return out;
}

std::string ReductionText(const Pipeline& pipeline, const arrow::Schema& schema) {
  std::string out;
  if (pipeline.aggregate.has_value()) {
    out += "aggregate";
    for (const Measure& measure : pipeline.aggregate->measures) {
      out += (out == "aggregate" ? " " : ", ") + MeasureText(measure, schema);
    }
    if (!pipeline.aggregate->keys.empty()) out += " by " + Names(pipeline.aggregate->keys, schema);
    out += "\n";
  }
  if (pipeline.top_k.has_value()) {
    out += fmt::format("top {}", pipeline.top_k->limit);
    for (const SortKey& key : pipeline.top_k->keys) {
      out += fmt::format("{} {}{}{}", &key == &pipeline.top_k->keys[0] ? " by" : ",",
                         schema.field(key.column)->name(), key.descending ? " desc" : "",
                         key.nulls_first ? " nulls first" : "");
    }
    out += "\n";
  }
  if (pipeline.limit.has_value()) out += fmt::format("limit {}\n", pipeline.limit->limit);
  return out;
}

}  // namespace

bool Measure::operator==(const Measure& other) const {
  const bool same_type =
      type == nullptr || other.type == nullptr ? type == other.type : type->Equals(*other.type);
  return same_type && function == other.function && argument == other.argument &&
         filter == other.filter && name == other.name && second == other.second &&
         fraction == other.fraction;
}

std::shared_ptr<arrow::Schema> Pipeline::ProjectedSchema() const {
  arrow::FieldVector fields;
  for (const NamedExpression& column : projection) {
    fields.push_back(arrow::field(column.name, column.expression->type()));
  }
  return arrow::schema(std::move(fields));
}

std::vector<std::shared_ptr<arrow::DataType>> Pipeline::ArgumentTypes(
    const Measure& measure) const {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (int column : {measure.argument, measure.second}) {
    if (column >= 0) types.push_back(projection[static_cast<size_t>(column)].expression->type());
  }
  return types;
}

std::shared_ptr<arrow::Schema> Pipeline::ResultSchema() const {
  const auto projected = ProjectedSchema();
  if (!aggregate.has_value()) return projected;
  arrow::FieldVector fields;
  for (int key : aggregate->keys) fields.push_back(projected->field(key));
  for (const Measure& measure : aggregate->measures) {
    const auto type = MeasureType(measure.function, ArgumentTypes(measure), measure.type);
    fields.push_back(arrow::field(measure.name, type.ok() ? *type : arrow::null()));
  }
  return arrow::schema(std::move(fields));
}

std::string Pipeline::ToString() const {
  std::string out = "read";
  for (const auto& field : input->fields()) {
    out += (out == "read" ? " " : ", ") + field->name();
  }
  out += "\n";
  for (const auto& conjunct : filter) out += "filter " + conjunct->ToString(input.get()) + "\n";
  for (const NamedExpression& column : projection) {
    const std::string text = column.expression->ToString(input.get());
    out += text == column.name ? "project " + text + "\n"
                               : fmt::format("project {} = {}\n", column.name, text);
  }
  return out + ReductionText(*this, *ProjectedSchema());
}

Status Validate(const Pipeline& pipeline) {
  if (pipeline.input == nullptr) return base::Invalid("the pipeline reads no schema");
  for (size_t i = 0; i < pipeline.filter.size(); ++i) {
    const Expression& conjunct = *pipeline.filter[i];
    // Printed where something is wrong only: a list may be long.
    const auto part = [&] {
      return fmt::format("filter {}", conjunct.ToString(pipeline.input.get()));
    };
    const Status columns = CheckColumns(conjunct, *pipeline.input);
    if (!columns.ok()) return base::AddContext(columns, part());
    if (conjunct.type()->id() != arrow::Type::BOOL) {
      return base::Invalid("{} is {}, not boolean", part(), conjunct.type()->ToString());
    }
  }
  for (const NamedExpression& column : pipeline.projection) {
    const Status columns = CheckColumns(*column.expression, *pipeline.input);
    if (!columns.ok()) {
      return base::AddContext(columns, fmt::format("projection '{}'", column.name));
    }
  }
  return CheckReduction(pipeline);
}

}  // namespace skyhook::plan
