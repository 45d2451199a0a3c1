// Top-n and LIMIT into the scan below them; the operators stay, over fewer rows.
#pragma once

#include "duckdb.hpp"
#include "duckdb/planner/operator/logical_limit.hpp"
#include "duckdb/planner/operator/logical_top_n.hpp"

namespace skyhook::sql {

void PushTopK(duckdb::LogicalTopN& top_n);
void PushLimit(duckdb::LogicalLimit& limit);

}  // namespace skyhook::sql
