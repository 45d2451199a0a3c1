// Which columns of what is read a pipeline's expressions read: fields of structs are columns of
// their own, so that nothing else of the struct is read.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/plan/nested_fields.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

/// Not thread-safe.
class InputBinding {
 public:
  /// Looks up the pipeline's input fields by name in `schema`, of engine types, and in `nested`,
  /// the fields of its structs; a missing one, or one of another type, is an error that names it.
  /// `source` is what is read, for messages.
  static arrow::Result<InputBinding> Make(const plan::Pipeline& pipeline, std::string source,
                                          std::shared_ptr<arrow::Schema> schema,
                                          std::vector<plan::NestedField> nested);

  /// The expression, over the pipeline's input, with a column in the place of every field of a
  /// struct. Columns may be added for it.
  arrow::Result<plan::ExpressionPtr> Bind(const plan::ExpressionPtr& expression);
  /// The pipeline with its expressions bound.
  arrow::Result<plan::Pipeline> Bind(plan::Pipeline pipeline);

  /// For each column that bound expressions count: its number in the source.
  const std::vector<int>& columns() const { return columns_; }

 private:
  InputBinding(std::string source, std::shared_ptr<arrow::Schema> schema,
               std::vector<plan::NestedField> nested)
      : source_(std::move(source)), schema_(std::move(schema)), nested_(std::move(nested)) {}

  arrow::Result<plan::ExpressionPtr> BindField(const plan::Expression& field);

  std::string source_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<plan::NestedField> nested_;
  std::vector<int> columns_;
  std::vector<plan::FieldPath> paths_;  // of columns_
};

}  // namespace skyhook::exec
