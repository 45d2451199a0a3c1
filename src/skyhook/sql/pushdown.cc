#include "skyhook/sql/pushdown.h"

#include <algorithm>
#include <utility>

#include "duckdb/optimizer/column_binding_replacer.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "duckdb/planner/expression/bound_aggregate_expression.hpp"
#include "duckdb/planner/operator/list.hpp"
#include "skyhook/sql/condition_order.h"
#include "skyhook/sql/in_lists.h"
#include "skyhook/sql/plan_capture.h"
#include "skyhook/sql/pushdown_aggregate.h"
#include "skyhook/sql/pushdown_filter.h"
#include "skyhook/sql/pushdown_limit.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/scan_chain.h"
#include "skyhook/sql/scan_function.h"

namespace skyhook::sql {
namespace {

using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using Node = duckdb::unique_ptr<LogicalOperator>;

bool BooleanSetting(duckdb::ClientContext& context, const char* name, bool otherwise) {
  duckdb::Value value;
  if (!context.TryGetCurrentSetting(name, value) || value.IsNull()) return otherwise;
  return value.GetValue<bool>();
}

// Calls `visit` for every scan of ours below `op`.
template <typename Visit>
void ForEachScan(LogicalOperator& op, const Visit& visit) {
  for (auto& child : op.children) ForEachScan(*child, visit);
  if (op.type != LogicalOperatorType::LOGICAL_GET) return;
  auto& get = op.Cast<duckdb::LogicalGet>();
  if (IsOurs(get)) visit(get);
}

// Join filters and top-n thresholds come down through a limit, where they would change which rows
// it lets through; they are dropped there.
struct Above {
  bool filter_source = false;  // a join or top-n
  bool limit_below_filter_source = false;
};

Above Below(const LogicalOperator& op, Above above) {
  switch (op.type) {
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_DELIM_JOIN:
      above.filter_source = true;
      break;
    case LogicalOperatorType::LOGICAL_TOP_N:
    case LogicalOperatorType::LOGICAL_LIMIT:
      above.limit_below_filter_source |= above.filter_source;
      above.filter_source |= op.type == LogicalOperatorType::LOGICAL_TOP_N;
      break;
    default:
      break;
  }
  return above;
}

class Pushdown {
 public:
  explicit Pushdown(duckdb::Optimizer& optimizer) : optimizer_(optimizer) {}

  void Run(Node* root) {
    Visit(root, {});
    if (replacer_.replacement_bindings.empty()) return;
    replacer_.VisitOperator(**root);
  }

 private:
  void Visit(Node* node, Above above) {
    const Above below = Below(**node, above);
    for (auto& child : (*node)->children) Visit(&child, below);
    switch ((*node)->type) {
      case LogicalOperatorType::LOGICAL_GET:
        VisitScan((*node)->Cast<duckdb::LogicalGet>(), below);
        return;
      case LogicalOperatorType::LOGICAL_FILTER:
        PushFilter(node);
        return;
      case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
      case LogicalOperatorType::LOGICAL_DISTINCT:
        PushAggregate(optimizer_.binder, node, &replacer_.replacement_bindings);
        return;
      case LogicalOperatorType::LOGICAL_TOP_N:
        PushTopK((*node)->Cast<duckdb::LogicalTopN>());
        return;
      case LogicalOperatorType::LOGICAL_LIMIT:
        PushLimit((*node)->Cast<duckdb::LogicalLimit>());
        return;
      default:
        return;
    }
  }

  void VisitScan(duckdb::LogicalGet& get, Above above) {
    if (!IsOurs(get)) return;
    if (above.limit_below_filter_source) {
      get.dynamic_filters.reset();
      DropOptionalFilters(get);
    }
    PushTableFilters(get);
  }

  duckdb::Optimizer& optimizer_;
  duckdb::ColumnBindingReplacer replacer_;
};

// Makes a plain scan of all columns out of a scan that DuckDB has not optimised yet. The names of
// files are no column of the table, so that a scan of them stays as it is.
void MakePlain(duckdb::LogicalGet& get) {
  if (ReadsFileNames(get)) return;
  get.function.projection_pushdown = false;
  get.function.filter_pushdown = false;
  get.function.filter_prune = false;
  get.function.supports_pushdown_extract = nullptr;
  get.virtual_columns.clear();
  for (auto& id : get.GetMutableColumnIds()) {
    if (id.IsVirtualColumn()) id = duckdb::ColumnIndex(0);
  }
  PlanOf(get).plain = true;
}

// Whether some aggregate counts values, which is a count of rows where none is NULL.
bool CountsValues(LogicalOperator& op) {
  for (const auto& expression : op.expressions) {
    if (expression->GetExpressionClass() != duckdb::ExpressionClass::BOUND_AGGREGATE) continue;
    const auto& aggregate = expression->Cast<duckdb::BoundAggregateExpression>();
    if (aggregate.function.name == "count" && !aggregate.children.empty()) return true;
  }
  return std::any_of(op.children.begin(), op.children.end(),
                     [](const Node& child) { return CountsValues(*child); });
}

void OpenAccount(bool ieee_floats, duckdb::LogicalGet& get) {
  ScanPlan& scan = PlanOf(get);
  scan.float_division_by_zero = ieee_floats ? plan::CallOptions::DivisionByZero::kIeee
                                            : plan::CallOptions::DivisionByZero::kNull;
  scan.account = std::make_shared<ScanAccount>();
  scan.account->table = scan.table->name;
  scan.account->table_rows = scan.table->num_rows();
  scan.account->table_bytes = scan.table->num_bytes();
  scan.account->fragments = static_cast<int64_t>(scan.table->fragments.size());
}

void BeforeOptimizers(duckdb::OptimizerExtensionInput& input, Node& plan) {
  if (!BooleanSetting(input.context, kPushdownSetting, true)) ForEachScan(*plan, MakePlain);
  if (!CountsValues(*plan)) return;
  ForEachScan(*plan, [](duckdb::LogicalGet& get) { PlanOf(get).tells_nulls = true; });
}

void OrderAllConditions(duckdb::ClientContext& context, LogicalOperator* op) {
  if (op->type == LogicalOperatorType::LOGICAL_FILTER) {
    OrderConditions(context, &op->Cast<duckdb::LogicalFilter>());
  }
  for (auto& child : op->children) OrderAllConditions(context, child.get());
}

void AfterOptimizers(duckdb::OptimizerExtensionInput& input, Node& plan) {
  const bool ieee_floats = BooleanSetting(input.context, "ieee_floating_point_ops", true);
  ForEachScan(*plan, [&](duckdb::LogicalGet& get) { OpenAccount(ieee_floats, get); });
  OrderAllConditions(input.context, plan.get());
  if (BooleanSetting(input.context, kPushdownSetting, true)) Pushdown(input.optimizer).Run(&plan);
  JoinInLists(input, &plan);
  const auto connection = ConnectionState::Find(input.context);
  if (connection == nullptr) return;
  const auto query = connection->query();
  if (query != nullptr) query->set_plan(CapturePlan(*plan));
}

}  // namespace

duckdb::OptimizerExtension MakePushdown() {
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = BeforeOptimizers;
  extension.optimize_function = AfterOptimizers;
  return extension;
}

}  // namespace skyhook::sql
