// Builds the pipelines of a foreign plan, one relation after the other.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/substrait/foreign/plan.h"

namespace skyhook::substrait {

/// What a sort orders by, over the columns there are.
struct ForeignSortKey {
  plan::ExpressionPtr expression;
  bool descending = false;
  bool nulls_first = false;
};

/// Holds the columns that relations so far have given; each call is one more relation. What does
/// not fit the pipeline in the making any more begins the next. Expressions count the columns.
class StepBuilder {
 public:
  /// Starts with the columns of a table.
  explicit StepBuilder(std::shared_ptr<arrow::Schema> table);

  /// The types of the columns; their names mean nothing.
  std::shared_ptr<arrow::Schema> columns() const;

  /// Conjuncts that stand already are not added again.
  arrow::Status Filter(const plan::ExpressionPtr& condition);
  /// Appends computed columns.
  arrow::Status Project(const std::vector<plan::ExpressionPtr>& expressions);
  /// Keeps the columns of those numbers, in that order.
  arrow::Status Emit(const std::vector<int>& columns);
  arrow::Status Sort(const std::vector<ForeignSortKey>& keys);
  /// Keeps `count` rows (kAllRows for all) after the first `offset`.
  arrow::Status Fetch(int64_t offset, int64_t count);

  /// Starts an aggregate: afterwards the columns are its keys.
  arrow::Status BeginAggregate(const std::vector<plan::ExpressionPtr>& keys);
  /// Adds a measure of `arguments`, over the columns before the aggregate, of the rows for which
  /// `filter` (may be null) is true; gives its column in the aggregate's result.
  arrow::Result<plan::ExpressionPtr> AddMeasure(plan::AggregateFunction function,
                                                const std::vector<plan::ExpressionPtr>& arguments,
                                                std::shared_ptr<arrow::DataType> type,
                                                const plan::ExpressionPtr& filter);
  /// Ends it: the columns are the keys and then `results`, over the aggregate's result.
  arrow::Status EndAggregate(const std::vector<plan::ExpressionPtr>& results);

  /// The steps, their inputs cut down to what they read.
  arrow::Result<std::vector<ForeignStep>> Finish();

 private:
  bool is_reduced() const {
    return step_.pipeline.top_k.has_value() || step_.pipeline.limit.has_value();
  }
  /// Ends the step and begins one over its result, of which the first `visible` are the columns.
  arrow::Status Close(size_t visible);
  arrow::Status CloseIfReduced();
  arrow::Result<plan::ExpressionPtr> OverInput(const plan::ExpressionPtr& expression) const;
  /// The place of an expression over the input among the projected columns, added if need be.
  int Place(const plan::ExpressionPtr& expression,
            std::vector<plan::ExpressionPtr>* projected) const;
  bool is_identity() const;

  std::vector<ForeignStep> steps_;
  ForeignStep step_;
  std::vector<plan::ExpressionPtr> columns_;  ///< over the step's input
  /// What the step's reduction reads: the columns, and behind them what is only sorted by.
  std::vector<plan::ExpressionPtr> projected_;
  bool fetched_ = false;
};

}  // namespace skyhook::substrait
