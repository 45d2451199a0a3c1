// A query's plan as JSON, for programs: the same that explain prints for people.
#pragma once

#include <optional>
#include <string>

#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {

/// One object on one line. `milliseconds` is how long the query ran; without it the query was not
/// run, and the scans have no "actual".
std::string PlanAsJson(const sql::PlanNode& plan, std::optional<double> milliseconds);

}  // namespace skyhook::cli
