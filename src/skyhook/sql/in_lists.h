// Lists of constants in conditions that DuckDB evaluates itself.
#pragma once

#include "duckdb.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/logical_operator.hpp"

namespace skyhook::sql {

/// Turns `x IN (list)` of five constants and more into joins with the list, so that a row costs one
/// look and not one comparison for each constant. DuckDB's own optimizer would do that before the
/// pushdown, out of the scans' reach; this comes after it.
///
/// A list whose left side may fail stays where there are other conditions: a join would compute
/// that side for rows that these exclude.
void JoinInLists(duckdb::OptimizerExtensionInput& input,
                 duckdb::unique_ptr<duckdb::LogicalOperator>* plan);

}  // namespace skyhook::sql
