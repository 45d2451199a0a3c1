// The operators between some node of DuckDB's plan and the one scan below it, and what their
// columns are in terms of the table.
#pragma once

#include <arrow/result.h>

#include <vector>

#include "duckdb.hpp"
#include "duckdb/planner/column_binding.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "skyhook/sql/scan_plan.h"
#include "skyhook/sql/translate/expression.h"

namespace skyhook::sql {

/// Projections over a scan of ours that is not reduced yet. Resolves column references of whatever
/// stands above to expressions over the table's columns.
class ScanChain : public ColumnScope {
 public:
  /// Fails, saying what is in the way, unless `top` is such a chain.
  static arrow::Result<ScanChain> Make(duckdb::LogicalOperator& top);
  /// The scan alone, whatever is pushed into it.
  static ScanChain OverScan(duckdb::LogicalGet& get);

  duckdb::LogicalGet& get() const { return *get_; }
  ScanPlan& scan() const;

  arrow::Result<plan::ExpressionPtr> Resolve(const duckdb::Expression& reference) const override;

 private:
  duckdb::LogicalGet* get_ = nullptr;
  std::vector<const duckdb::LogicalOperator*> projections_;
};

/// The scan at the end of projections and filters, or null: the scan that a reduction above
/// concerns.
duckdb::LogicalGet* ScanBelow(duckdb::LogicalOperator& top);

/// Notes in the account of the scan below `top`, if there is one, that `text` stays in DuckDB.
void NoteKept(duckdb::LogicalOperator& top, const std::string& text, const std::string& reason);

/// Removes the filters of `get` that DuckDB does not rely on: all of them, or those that follow
/// from what the scan filters by itself.
void DropOptionalFilters(duckdb::LogicalGet& get);
void DropImpliedFilters(duckdb::LogicalGet& get);

}  // namespace skyhook::sql
