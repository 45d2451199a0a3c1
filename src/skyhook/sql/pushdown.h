// The optimizer extension: moves work over a single scan from DuckDB's plan into the scan.
#pragma once

#include "duckdb.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"

namespace skyhook::sql {

/// The setting that turns all of it off: SET skyhook_pushdown = false.
inline constexpr const char* kPushdownSetting = "skyhook_pushdown";

/// Runs before DuckDB's optimizers when pushdown is off, so that they leave our scans alone, and
/// after them to push filters, aggregates, top-k and limits, and to record the plan.
duckdb::OptimizerExtension MakePushdown();

}  // namespace skyhook::sql
