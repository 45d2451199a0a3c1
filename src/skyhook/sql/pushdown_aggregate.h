// Aggregates and DISTINCT into the scan below them, which then returns final values.
#pragma once

#include "duckdb.hpp"
#include "duckdb/optimizer/column_binding_replacer.hpp"
#include "duckdb/planner/binder.hpp"

namespace skyhook::sql {

/// `node` holds an aggregate or a DISTINCT. When it stands over one scan of ours, with nothing but
/// projections between, and all of it translates, a scan takes its place; `bindings` receives where
/// its columns went. Else the reason goes to the scan's account.
void PushAggregate(duckdb::Binder& binder, duckdb::unique_ptr<duckdb::LogicalOperator>* node,
                   duckdb::vector<duckdb::ReplacementBinding>* bindings);

}  // namespace skyhook::sql
