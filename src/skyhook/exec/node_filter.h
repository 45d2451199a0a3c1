// A node of a program as a filter, which readers evaluate while they decode.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <memory>
#include <optional>

#include "skyhook/exec/program.h"
#include "skyhook/format/read_context.h"
#include "skyhook/format/value_filter.h"
#include "skyhook/plan/expression.h"
#include "skyhook/vector/substring.h"

namespace skyhook::exec {

/// What a predicate over one column of text or bytes needs to stand in values that pass.
struct RequiredText {
  std::string text;  ///< empty: nothing
  bool is_enough = false;
};
RequiredText RequiredTextOf(const plan::Expression& predicate);

/// Values pass where the node is true.
class NodeFilter : public format::ValueFilter {
 public:
  /// The node is boolean, reads one column and cannot fail. All must outlive this; `context` is
  /// polled between pieces of work.
  NodeFilter(const Program* program, int node, const format::ReadContext* context);

  arrow::Result<std::shared_ptr<arrow::Buffer>> Test(
      const std::shared_ptr<arrow::Array>& values) override;
  const vector::Substring* required() const override {
    return required_.has_value() ? &*required_ : nullptr;
  }
  bool is_required_enough() const override { return is_required_enough_; }

 private:
  arrow::Result<std::shared_ptr<arrow::Buffer>> TestValues(
      const std::shared_ptr<arrow::Array>& values) const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> TestCodes(const arrow::DictionaryArray& values);

  const Program* program_;
  int node_;
  const format::ReadContext* context_;
  std::optional<vector::Substring> required_;
  bool is_required_enough_ = false;
  /// The dictionary that was tested last, and what passes of it.
  std::shared_ptr<arrow::ArrayData> dictionary_;
  std::shared_ptr<arrow::Buffer> dictionary_passes_;
  bool null_passes_ = false;
};

}  // namespace skyhook::exec
