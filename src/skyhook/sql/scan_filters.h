// The table filters DuckDB hands to a scan when it starts: what the engine applies, what it may use
// while it runs, and what is left to apply to its rows.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/execution/operator/scan/physical_table_scan.hpp"
#include "duckdb/function/table_function.hpp"
#include "skyhook/plan/runtime_filter.h"
#include "skyhook/sql/scan_plan.h"

namespace skyhook::sql {

struct ScanFilters {
  /// Over the pipeline's input.
  plan::RuntimeFilters runtime;
  /// The same for people: "join filter on l_orderkey".
  std::vector<std::string> texts;
  /// What must be applied and has no counterpart in the engine, over the projected columns; null
  /// for none.
  duckdb::unique_ptr<duckdb::Expression> residual;
};

/// Adds to `builder` the filters the engine applies, and the columns the others need.
arrow::Result<ScanFilters> CollectFilters(const ScanPlan& scan,
                                          const duckdb::TableFunctionInitInput& input,
                                          PipelineBuilder* builder);

}  // namespace skyhook::sql
