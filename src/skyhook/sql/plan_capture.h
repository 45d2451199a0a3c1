// DuckDB's plans as plan trees.
#pragma once

#include <memory>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/main/profiling_node.hpp"
#include "duckdb/planner/logical_operator.hpp"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::sql {

/// The tree of `op`. Accounts of our scans are shared with it, and get their projections noted.
PlanNode CapturePlan(duckdb::LogicalOperator& op);

/// The operators of a query that DuckDB's profiler has measured, from `node` down. `accounts` are
/// those of the optimised plan, in its order.
PlanNode CaptureRun(const duckdb::ProfilingNode& node,
                    const std::vector<std::shared_ptr<ScanAccount>>& accounts);

}  // namespace skyhook::sql
