// The order of conditions of which some may fail.
#pragma once

#include "duckdb.hpp"
#include "duckdb/planner/expression.hpp"
#include "duckdb/planner/operator/logical_filter.hpp"

namespace skyhook::sql {

/// Whether evaluating an expression may fail for some rows. DuckDB's own Expression::CanThrow()
/// says no of casts whose result is the wider of the two types, such as VARCHAR to UUID and BIGINT
/// to UBIGINT.
bool MayFail(duckdb::ClientContext& context, const duckdb::Expression& expression);

/// Puts conditions of a filter that may fail after those of the same AND or OR that cannot, where
/// DuckDB has ordered them by their cost because it took none of them for one that fails. A guard,
/// as in `WHERE list_count([TRY_CAST(s AS UUID)]) = 1 AND CAST(s AS UUID) < $1`, then comes before
/// what it guards. Where DuckDB knows that one may fail, the order is that of the query and stays.
void OrderConditions(duckdb::ClientContext& context, duckdb::LogicalFilter* filter);

}  // namespace skyhook::sql
