// Filters into the scan below them.
#pragma once

#include "duckdb.hpp"
#include "duckdb/planner/operator/logical_get.hpp"

namespace skyhook::sql {

/// Moves the table filters of `get` that the engine can apply into its plan.
void PushTableFilters(duckdb::LogicalGet& get);

/// `node` holds a filter. When it stands directly over a scan of ours, the conjuncts that translate
/// move there; a filter without conjuncts left gives way to the scan.
void PushFilter(duckdb::unique_ptr<duckdb::LogicalOperator>* node);

}  // namespace skyhook::sql
