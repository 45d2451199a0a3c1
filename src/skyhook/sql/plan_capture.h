// DuckDB's optimised plan as a plan tree.
#pragma once

#include "duckdb.hpp"
#include "duckdb/planner/logical_operator.hpp"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::sql {

/// The tree of `op`. Accounts of our scans are shared with it, and get their projections noted.
PlanNode CapturePlan(duckdb::LogicalOperator& op);

}  // namespace skyhook::sql
