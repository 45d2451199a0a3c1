// skyhook_scan(path): the table function through which DuckDB reads Skyhook's tables.
#pragma once

#include "duckdb.hpp"
#include "duckdb/function/replacement_scan.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "skyhook/sql/scan_plan.h"

namespace skyhook::sql {

inline constexpr const char* kScanFunction = "skyhook_scan";
/// How DuckDB's drawings and its profiler call the number of a scan's account in the plan.
inline constexpr const char* kScanNumber = "Scan";
/// SET skyhook_placement = auto | push | pull: where fragments of remote sites are scanned.
inline constexpr const char* kPlacementSetting = "skyhook_placement";

duckdb::TableFunction MakeScanFunction();

/// FROM 'lineitem.parquet': turns the name of a file, directory or glob into a call of
/// skyhook_scan.
duckdb::unique_ptr<duckdb::TableRef> ReplaceTable(
    duckdb::ClientContext& context, duckdb::ReplacementScanInput& input,
    duckdb::optional_ptr<duckdb::ReplacementScanData> data);

bool IsOurs(const duckdb::LogicalGet& get);
bool IsOurs(const duckdb::TableFunction& function);
/// Whether the query uses the virtual column `filename` of a scan of ours.
bool ReadsFileNames(const duckdb::LogicalGet& get);
/// The plan of a scan for which IsOurs holds.
ScanPlan& PlanOf(duckdb::LogicalGet& get);

/// The field of `scan.schema` behind a column id, -1 for the empty column that count(*) reads.
int TableColumn(const ScanPlan& scan, const duckdb::ColumnIndex& column_id);

}  // namespace skyhook::sql
