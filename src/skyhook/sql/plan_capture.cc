#include "skyhook/sql/plan_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "duckdb/common/render_tree.hpp"
#include "duckdb/planner/operator/logical_get.hpp"
#include "skyhook/sql/scan_function.h"

namespace skyhook::sql {
namespace {

std::string Projected(const duckdb::LogicalGet& get, const ScanPlan& scan) {
  std::vector<std::string> names;
  const auto add = [&](const duckdb::ColumnIndex& id) {
    const int column = TableColumn(scan, id);
    if (column >= 0) names.push_back(scan.schema->field(column)->name());
  };
  if (get.projection_ids.empty()) {
    for (const auto& id : get.GetColumnIds()) add(id);
  } else {
    for (auto id : get.projection_ids) add(get.GetColumnIds()[id]);
  }
  if (names.empty()) return "no column";
  return fmt::format("{} of {} columns: {}", names.size(), scan.num_table_columns(),
                     fmt::join(names, ", "));
}

PlanNode CaptureScan(duckdb::LogicalGet& get) {
  ScanPlan& scan = PlanOf(get);
  PlanNode node;
  node.name = "SCAN";
  node.is_scan = true;
  node.scan = scan.account;
  if (!scan.plain && !scan.aggregate.has_value()) {
    auto& pushed = scan.account->pushed;
    pushed.insert(pushed.begin(), {PushedPart::Kind::kProjection, Projected(get, scan)});
  }
  if (scan.plain) scan.account->kept.push_back({"everything", "skyhook_pushdown is off"});
  return node;
}

bool IsTableScan(const duckdb::LogicalOperator& op) {
  return op.type == duckdb::LogicalOperatorType::LOGICAL_GET;
}

// Views select columns and do nothing else to them.
bool PassesColumnsOn(const duckdb::LogicalOperator& op) {
  if (op.type != duckdb::LogicalOperatorType::LOGICAL_PROJECTION) return false;
  return std::all_of(op.expressions.begin(), op.expressions.end(), [](const auto& expression) {
    return expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF;
  });
}

}  // namespace

PlanNode CapturePlan(duckdb::LogicalOperator& op) {
  if (PassesColumnsOn(op)) return CapturePlan(*op.children[0]);
  if (IsTableScan(op) && IsOurs(op.Cast<duckdb::LogicalGet>())) {
    return CaptureScan(op.Cast<duckdb::LogicalGet>());
  }
  PlanNode node;
  node.is_scan = IsTableScan(op);
  node.name = node.is_scan ? "SCAN by " + op.GetName() : op.GetName();
  for (const auto& [key, value] : op.ParamsToString()) {
    if (value.empty() || key == duckdb::RenderTreeNode::ESTIMATED_CARDINALITY) continue;
    node.details.push_back(key.rfind("__", 0) == 0 ? value : key + ": " + value);
  }
  for (auto& child : op.children) node.children.push_back(CapturePlan(*child));
  return node;
}

}  // namespace skyhook::sql
