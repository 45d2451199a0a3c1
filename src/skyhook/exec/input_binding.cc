#include "skyhook/exec/input_binding.h"

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::exec {

using arrow::Result;
using plan::ExpressionPtr;
using Kind = plan::Expression::Kind;

Result<InputBinding> InputBinding::Make(const plan::Pipeline& pipeline, std::string source,
                                        std::shared_ptr<arrow::Schema> schema,
                                        std::vector<plan::NestedField> nested) {
  InputBinding binding(std::move(source), std::move(schema), std::move(nested));
  for (const auto& field : pipeline.input->fields()) {
    const int index = binding.schema_->GetFieldIndex(field->name());
    if (index < 0) {
      return base::Invalid("{}: no column '{}', or more than one", binding.source_, field->name());
    }
    const auto& type = binding.schema_->field(index)->type();
    if (!type->Equals(*field->type())) {
      return base::Invalid("{}: column '{}' is {}, not {} as the plan says", binding.source_,
                           field->name(), type->ToString(), field->type()->ToString());
    }
    binding.paths_.push_back({static_cast<int>(binding.columns_.size()), {}});
    binding.columns_.push_back(index);
  }
  return binding;
}

Result<ExpressionPtr> InputBinding::Bind(const ExpressionPtr& expression) {
  if (!expression->reads_field()) return expression;
  if (expression->kind() == Kind::kField) return BindField(*expression);
  std::vector<ExpressionPtr> arguments;
  for (const auto& argument : expression->arguments()) {
    ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), Bind(argument));
  }
  return plan::WithArguments(*expression, std::move(arguments));
}

Result<ExpressionPtr> InputBinding::BindField(const plan::Expression& field) {
  const plan::FieldPath path = plan::PathOf(field);
  const auto known = std::find(paths_.begin(), paths_.end(), path);
  if (known != paths_.end()) {
    return plan::InputColumn(static_cast<int>(known - paths_.begin()), field.type());
  }
  const int column = columns_[static_cast<size_t>(path.column)];
  const auto found = std::find_if(nested_.begin(), nested_.end(), [&](const auto& one) {
    return one.column == column && one.path == path.fields;
  });
  if (found == nested_.end()) {
    return base::Invalid("{}: no field {}", source_, field.ToString(schema_.get()));
  }
  columns_.push_back(schema_->num_fields() + static_cast<int>(found - nested_.begin()));
  paths_.push_back(path);
  return plan::InputColumn(static_cast<int>(paths_.size()) - 1, field.type());
}

Result<plan::Pipeline> InputBinding::Bind(plan::Pipeline pipeline) {
  for (auto& conjunct : pipeline.filter) {
    ARROW_ASSIGN_OR_RAISE(conjunct, Bind(conjunct));
  }
  for (auto& column : pipeline.projection) {
    ARROW_ASSIGN_OR_RAISE(column.expression, Bind(column.expression));
  }
  return pipeline;
}

}  // namespace skyhook::exec
