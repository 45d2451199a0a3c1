// Which columns of a fragment a pipeline's expressions read: fields of structs are columns of their
// own, so that nothing else of the struct is read.
#pragma once

#include <arrow/result.h>

#include <vector>

#include "skyhook/format/fragment.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

/// Not thread-safe.
class InputBinding {
 public:
  /// Looks up the pipeline's input fields in `fragment` (which must outlive this) by name; a
  /// missing one, or one of another type, is an error that names it.
  static arrow::Result<InputBinding> Make(const plan::Pipeline& pipeline,
                                          const format::Fragment* fragment);

  /// The expression, over the pipeline's input, with a column in the place of every field of a
  /// struct. Columns may be added for it.
  arrow::Result<plan::ExpressionPtr> Bind(const plan::ExpressionPtr& expression);
  /// The pipeline with its expressions bound.
  arrow::Result<plan::Pipeline> Bind(plan::Pipeline pipeline);

  /// For each column that bound expressions count: the fragment's number for it.
  const std::vector<int>& columns() const { return columns_; }

 private:
  explicit InputBinding(const format::Fragment* fragment) : fragment_(fragment) {}

  arrow::Result<plan::ExpressionPtr> BindField(const plan::Expression& field);

  const format::Fragment* fragment_;
  std::vector<int> columns_;
  std::vector<plan::FieldPath> paths_;  // of columns_
};

}  // namespace skyhook::exec
