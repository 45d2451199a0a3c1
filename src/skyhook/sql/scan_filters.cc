#include "skyhook/sql/scan_filters.h"

#include <utility>
#include <vector>

#include "duckdb/planner/expression/bound_conjunction_expression.hpp"
#include "duckdb/planner/expression/bound_reference_expression.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/translate/filter.h"

namespace skyhook::sql {
namespace {

constexpr char kJoin[] = "join";
constexpr char kTopK[] = "top-k threshold";

class Collector {
 public:
  Collector(const ScanPlan& scan, PipelineBuilder* builder) : scan_(scan), builder_(builder) {}

  // Filters of the plan: the required ones have to be applied somewhere.
  arrow::Status AddStatic(const duckdb::TableFilter& filter, int column) {
    const FilterParts parts = SplitFilter(filter);
    for (const duckdb::TableFilter* part : parts.required) {
      ARROW_RETURN_NOT_OK(AddRequired(*part, column));
    }
    for (const duckdb::TableFilter* part : parts.optional) AddRuntime(*part, column, kTopK);
    return arrow::Status::OK();
  }

  // Filters of a join above: that join applies them in any case.
  void AddRuntime(const duckdb::TableFilter& filter, int column, const char* kind) {
    auto runtime = MakeRuntimeFilter(filter, builder_->Input(column), kind);
    if (runtime == nullptr) return;
    filters_.runtime.push_back(std::move(runtime));
    filters_.texts.push_back(std::string(kind) + " filter on " +
                             scan_.schema->field(column)->name());
  }

  // What can fail runs behind all that cannot, here as in the engine: in the engine when nothing is
  // left for DuckDB to apply, else behind that.
  arrow::Result<ScanFilters> Finish() {
    for (const auto& [filter, column, conjunct] : fallible_) {
      if (filters_.residual == nullptr) {
        ARROW_RETURN_NOT_OK(builder_->AddFilter(conjunct));
      } else {
        ARROW_RETURN_NOT_OK(AddResidual(*filter, column));
      }
    }
    return std::move(filters_);
  }

 private:
  arrow::Status AddRequired(const duckdb::TableFilter& filter, int column) {
    auto conjunct =
        TranslateFilter(filter, plan::InputColumn(column, scan_.schema->field(column)->type()),
                        scan_.float_division_by_zero);
    if (!conjunct.ok()) {
      return base::AddContext(AddResidual(filter, column), conjunct.status().message());
    }
    if (!plan::CanFail(**conjunct)) return builder_->AddFilter(*conjunct);
    fallible_.push_back({&filter, column, *conjunct});
    return arrow::Status::OK();
  }

  arrow::Status AddResidual(const duckdb::TableFilter& filter, int column) {
    if (scan_.is_reduced()) return base::UnsupportedPlan("filter below a pushed reduction");
    const int projected = builder_->AddColumn(column);
    duckdb::BoundReferenceExpression reference(scan_.types[static_cast<size_t>(column)],
                                               static_cast<duckdb::idx_t>(projected));
    auto expression = filter.ToExpression(reference);
    filters_.residual = filters_.residual == nullptr
                            ? std::move(expression)
                            : duckdb::make_uniq<duckdb::BoundConjunctionExpression>(
                                  duckdb::ExpressionType::CONJUNCTION_AND,
                                  std::move(filters_.residual), std::move(expression));
    return arrow::Status::OK();
  }

  // A filter that translates to `conjunct`, and can fail.
  struct Fallible {
    const duckdb::TableFilter* filter;
    int column;
    plan::ExpressionPtr conjunct;
  };

  const ScanPlan& scan_;
  PipelineBuilder* builder_;
  ScanFilters filters_;
  std::vector<Fallible> fallible_;
};

}  // namespace

arrow::Result<ScanFilters> CollectFilters(const ScanPlan& scan,
                                          const duckdb::TableFunctionInitInput& input,
                                          PipelineBuilder* builder) {
  const auto& op = input.op->Cast<duckdb::PhysicalTableScan>();
  Collector collector(scan, builder);
  if (op.table_filters != nullptr) {
    for (const auto& [index, filter] : op.table_filters->filters) {
      ARROW_RETURN_NOT_OK(
          collector.AddStatic(*filter, TableColumn(scan, input.column_indexes[index])));
    }
  }
  if (op.dynamic_filters != nullptr && op.dynamic_filters->HasFilters()) {
    const auto joins = op.dynamic_filters->GetFinalTableFilters(op, nullptr);
    for (const auto& [index, filter] : joins->filters) {
      collector.AddRuntime(*filter, TableColumn(scan, input.column_indexes[index]), kJoin);
    }
  }
  if (scan.inherited.filters != nullptr && scan.inherited.filters->HasFilters()) {
    const auto joins = scan.inherited.filters->GetFinalTableFilters(op, nullptr);
    for (const auto& [index, filter] : joins->filters) {
      collector.AddRuntime(*filter, scan.inherited.columns[index], kJoin);
    }
  }
  return collector.Finish();
}

}  // namespace skyhook::sql
