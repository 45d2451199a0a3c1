// DuckDB's table filters in the engine's terms, told apart by whether they have to be applied.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/planner/table_filter.hpp"
#include "skyhook/plan/expression.h"
#include "skyhook/plan/runtime_filter.h"

namespace skyhook::sql {

/// `filter` over `column`, as it stands now; kUnsupportedPlan when a part has no counterpart. A
/// dynamic filter that is not set yet is true. `float_division_by_zero` as in ColumnScope.
arrow::Result<plan::ExpressionPtr> TranslateFilter(
    const duckdb::TableFilter& filter, const plan::ExpressionPtr& column,
    plan::CallOptions::DivisionByZero float_division_by_zero);

/// True when DuckDB changes the filter while the query runs.
bool IsDynamic(const duckdb::TableFilter& filter);

/// The parts of one column's table filter. They point into the filter.
struct FilterParts {
  /// DuckDB relies on these being applied: k IN (1, 2, 3) may be nothing but its range here.
  std::vector<const duckdb::TableFilter*> required;
  /// Implied by the query above: optional filters, join filters, top-n thresholds.
  std::vector<const duckdb::TableFilter*> optional;
};
FilterParts SplitFilter(const duckdb::TableFilter& filter);

/// A runtime filter that reads `filter` anew for every snapshot; null when no part of it could ever
/// be translated. `kind` as in plan::RuntimeFilter.
std::shared_ptr<const plan::RuntimeFilter> MakeRuntimeFilter(const duckdb::TableFilter& filter,
                                                             plan::ExpressionPtr column,
                                                             const char* kind);

}  // namespace skyhook::sql
