#include "skyhook/sql/scan_chain.h"

#include <utility>

#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/operator/logical_projection.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/translate/cast.h"
#include "skyhook/sql/translate/filter.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using duckdb::LogicalOperatorType;

arrow::Status CheckUnreduced(const ScanPlan& scan) {
  if (scan.plain) return base::UnsupportedPlan("pushdown is off");
  if (scan.is_reduced()) return base::UnsupportedPlan("the scan ends in another reduction already");
  return arrow::Status::OK();
}

Result<plan::ExpressionPtr> TableColumnOf(const duckdb::LogicalGet& get, const ScanPlan& scan,
                                          duckdb::idx_t index) {
  const int column = TableColumn(scan, get.GetColumnIds()[index]);
  if (column < 0) return base::UnsupportedPlan("the empty column");
  if (!scan.readable[static_cast<size_t>(column)]) {
    return base::UnsupportedPlan("column {} of type {}", scan.schema->field(column)->name(),
                                 scan.schema->field(column)->type()->ToString());
  }
  const auto out = plan::InputColumn(column, scan.schema->field(column)->type());
  // A field of a struct may be asked for with the cast that is above it.
  const auto& id = get.GetColumnIds()[index];
  if (!id.IsPushdownExtract() || id.GetScanType() == scan.types[static_cast<size_t>(column)]) {
    return out;
  }
  if (IsUuidCast(scan.types[static_cast<size_t>(column)], id.GetScanType())) {
    return base::UnsupportedPlan("column {} as {}", scan.schema->field(column)->name(),
                                 id.GetScanType().ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto type, EngineTypeOf(id.GetScanType()));
  return TranslateCast(out, std::move(type), /*try_cast=*/false);
}

// Keeps the required filters, and the optional ones that `keep` says.
template <typename Keep>
void KeepFilters(duckdb::LogicalGet& get, const Keep& keep) {
  duckdb::TableFilterSet kept;
  for (const auto& [column, filter] : get.table_filters.filters) {
    const FilterParts parts = SplitFilter(*filter);
    for (const duckdb::TableFilter* part : parts.required) {
      kept.PushFilter(duckdb::ColumnIndex(column), part->Copy());
    }
    for (const duckdb::TableFilter* part : parts.optional) {
      if (keep(*part)) kept.PushFilter(duckdb::ColumnIndex(column), part->Copy());
    }
  }
  get.table_filters = std::move(kept);
}

}  // namespace

ScanChain ScanChain::OverScan(duckdb::LogicalGet& get) {
  ScanChain chain;
  chain.get_ = &get;
  chain.float_division_by_zero = PlanOf(get).float_division_by_zero;
  return chain;
}

Result<ScanChain> ScanChain::Make(duckdb::LogicalOperator& top) {
  ScanChain chain;
  duckdb::LogicalOperator* op = &top;
  while (op->type == LogicalOperatorType::LOGICAL_PROJECTION) {
    chain.projections_.push_back(op);
    op = op->children[0].get();
  }
  if (op->type == LogicalOperatorType::LOGICAL_FILTER) {
    return base::UnsupportedPlan("a filter that is not pushed is below");
  }
  if (op->type != LogicalOperatorType::LOGICAL_GET) {
    return base::UnsupportedPlan("{} is below", op->GetName());
  }
  chain.get_ = &op->Cast<duckdb::LogicalGet>();
  if (!IsOurs(*chain.get_)) return base::UnsupportedPlan("the scan is not Skyhook's");
  ARROW_RETURN_NOT_OK(CheckUnreduced(chain.scan()));
  chain.float_division_by_zero = chain.scan().float_division_by_zero;
  for (const auto& [column, filter] : chain.get_->table_filters.filters) {
    if (!SplitFilter(*filter).required.empty()) {
      return base::UnsupportedPlan("a filter that is not pushed is below");
    }
  }
  return chain;
}

ScanPlan& ScanChain::scan() const { return PlanOf(*get_); }

Result<plan::ExpressionPtr> ScanChain::Resolve(const duckdb::Expression& reference) const {
  if (reference.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) {
    return base::UnsupportedPlan("{}", reference.ToString());
  }
  const auto& binding = reference.Cast<duckdb::BoundColumnRefExpression>().binding;
  if (binding.table_index == get_->table_index) {
    return TableColumnOf(*get_, scan(), binding.column_index);
  }
  for (const duckdb::LogicalOperator* projection : projections_) {
    if (projection->Cast<duckdb::LogicalProjection>().table_index == binding.table_index) {
      return Translate(*projection->expressions[binding.column_index], *this);
    }
  }
  return base::UnsupportedPlan("{} comes from elsewhere", reference.ToString());
}

duckdb::LogicalGet* ScanBelow(duckdb::LogicalOperator& top) {
  duckdb::LogicalOperator* op = &top;
  while (op->type == LogicalOperatorType::LOGICAL_PROJECTION ||
         op->type == LogicalOperatorType::LOGICAL_FILTER) {
    op = op->children[0].get();
  }
  if (op->type != LogicalOperatorType::LOGICAL_GET) return nullptr;
  auto& get = op->Cast<duckdb::LogicalGet>();
  return IsOurs(get) && !PlanOf(get).is_reduced() ? &get : nullptr;
}

void NoteKept(duckdb::LogicalOperator& top, const std::string& text, const std::string& reason) {
  duckdb::LogicalGet* get = ScanBelow(top);
  if (get != nullptr && !PlanOf(*get).plain) PlanOf(*get).account->kept.push_back({text, reason});
}

void DropOptionalFilters(duckdb::LogicalGet& get) {
  KeepFilters(get, [](const duckdb::TableFilter&) { return false; });
}

void DropImpliedFilters(duckdb::LogicalGet& get) { KeepFilters(get, IsDynamic); }

}  // namespace skyhook::sql
