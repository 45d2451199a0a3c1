// A query's plan as JSON, for programs: the same that explain prints for people.
#pragma once

#include <string>

#include "cli/query_run.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {

/// One object on one line: the plan of a query that was not run. The scans have no "actual", the
/// operators no "rows".
std::string PlanAsJson(const sql::PlanNode& plan);

/// One object on one line: the plan that ran, the query's time and its phases, all in milliseconds.
std::string RunAsJson(const RunResult& run);

}  // namespace skyhook::cli
