// The part of a query that one fragment can answer: read, filter, project, and then a partial
// aggregate, or top-k, or a limit.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/plan/expression.h"
#include "skyhook/plan/functions/aggregates.h"

namespace skyhook::plan {

/// A computed column of the pipeline's output.
struct NamedExpression {
  std::string name;
  ExpressionPtr expression;
};

/// One aggregate over the rows of a group.
struct Measure {
  AggregateFunction function = AggregateFunction::kCountAll;
  /// Index of the projected column it aggregates; -1 for kCountAll.
  int argument = -1;
  /// Index of a boolean projected column; rows where it is not true do not count. -1: none.
  int filter = -1;
  std::string name;
  /// Index of the second argument of a function of two; else -1.
  int second = -1;
  /// The result type asked for; null: the catalogue's own.
  std::shared_ptr<arrow::DataType> type = nullptr;
  /// kApproxQuantile: which quantile, in [0, 1]; else 0.
  double fraction = 0;

  bool operator==(const Measure& other) const;
};

/// Groups rows by projected columns. NULL is a group of its own, NaN equals NaN, -0.0 equals 0.0.
/// Without keys there is exactly one group, also over no rows.
struct Aggregate {
  std::vector<int> keys;  ///< indices of projected columns
  std::vector<Measure> measures;
};

struct SortKey {
  int column = 0;  ///< index of a projected column
  bool descending = false;
  bool nulls_first = false;

  bool operator==(const SortKey&) const = default;
};

/// The first `limit` rows in the order of `keys`; ties take the smallest (fragment, row).
struct TopK {
  std::vector<SortKey> keys;
  int64_t limit = 0;
};

/// The first `limit` rows in the order (fragment, row).
struct Limit {
  int64_t limit = 0;
};

/// A plan over one fragment. Column references of `filter` and `projection` count the fields of
/// `input`, which name the columns read; those of aggregate and top-k count `projection`.
struct Pipeline {
  std::shared_ptr<arrow::Schema> input;  ///< engine types; names as the fragments spell them
  std::vector<ExpressionPtr> filter;     ///< conjuncts, in plan order
  std::vector<NamedExpression> projection;
  std::optional<Aggregate> aggregate;
  std::optional<TopK> top_k;
  std::optional<Limit> limit;

  /// Schema after the projection.
  std::shared_ptr<arrow::Schema> ProjectedSchema() const;
  /// Types of a measure's arguments; its indices must be in range.
  std::vector<std::shared_ptr<arrow::DataType>> ArgumentTypes(const Measure& measure) const;
  /// Schema of final results: of the aggregate's keys and measures, else the projected schema.
  std::shared_ptr<arrow::Schema> ResultSchema() const;
  /// Several lines that a person can read.
  std::string ToString() const;
};

/// Checks a pipeline as a whole: indices in range, predicates boolean, types as the columns have
/// them, at most one of aggregate, top-k and limit. The error names the offending part.
arrow::Status Validate(const Pipeline& pipeline);

}  // namespace skyhook::plan
