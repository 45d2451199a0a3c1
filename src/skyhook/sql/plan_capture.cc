#include "skyhook/sql/plan_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
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

std::optional<int64_t> EstimateOf(const duckdb::LogicalOperator& op) {
  if (!op.has_estimated_cardinality) return std::nullopt;
  return static_cast<int64_t>(op.estimated_cardinality);
}

std::vector<std::string> DetailsOf(const duckdb::InsertionOrderPreservingMap<std::string>& params) {
  std::vector<std::string> details;
  for (const auto& [key, value] : params) {
    if (value.empty() || key == duckdb::RenderTreeNode::ESTIMATED_CARDINALITY) continue;
    details.push_back(key.rfind("__", 0) == 0 ? value : key + ": " + value);
  }
  return details;
}

PlanNode CaptureScan(duckdb::LogicalGet& get) {
  ScanPlan& scan = PlanOf(get);
  PlanNode node;
  node.name = "SCAN";
  node.estimated_rows = EstimateOf(get);
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

// DuckDB's profiler takes these for operators of no rows: others below or beside them make theirs.
bool CountsItsRows(const std::string& name) {
  static constexpr std::array kUncounted = {"CTE", "LEFT_DELIM_JOIN", "RIGHT_DELIM_JOIN",
                                            "DELIM_SCAN", "EXECUTE"};
  return std::find(kUncounted.begin(), kUncounted.end(), name) == kUncounted.end();
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
  node.details = DetailsOf(op.ParamsToString());
  node.estimated_rows = EstimateOf(op);
  for (auto& child : op.children) node.children.push_back(CapturePlan(*child));
  return node;
}

PlanNode CaptureRun(const duckdb::ProfilingNode& node,
                    const std::vector<std::shared_ptr<ScanAccount>>& accounts) {
  using duckdb::MetricType;
  const auto& info = node.GetProfilingInfo();
  const auto params =
      info.GetMetricValue<duckdb::InsertionOrderPreservingMap<std::string>>(MetricType::EXTRA_INFO);
  PlanNode out;
  out.name = info.GetMetricAsString(MetricType::OPERATOR_NAME);
  if (CountsItsRows(out.name)) {
    out.run = OperatorRun{
        static_cast<int64_t>(info.GetMetricValue<uint64_t>(MetricType::OPERATOR_CARDINALITY)),
        info.GetMetricValue<double>(MetricType::OPERATOR_TIMING) * 1000};
  }
  const auto estimate = params.find(duckdb::RenderTreeNode::ESTIMATED_CARDINALITY);
  if (estimate != params.end()) out.estimated_rows = std::stoll(estimate->second);
  const auto scan = params.find(kScanNumber);
  if (scan != params.end()) {
    out.name = "SCAN";
    out.is_scan = true;
    out.scan = accounts.at(std::stoul(scan->second));
  } else {
    out.details = DetailsOf(params);
  }
  for (const auto& child : node.children) out.children.push_back(CaptureRun(*child, accounts));
  return out;
}

}  // namespace skyhook::sql
