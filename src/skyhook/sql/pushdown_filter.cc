#include "skyhook/sql/pushdown_filter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/operator/logical_filter.hpp"
#include "skyhook/sql/scan_chain.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/translate/filter.h"

namespace skyhook::sql {
namespace {

using duckdb::idx_t;
using duckdb::LogicalFilter;
using duckdb::LogicalGet;

void AddConjunct(const plan::ExpressionPtr& conjunct, ScanPlan* scan) {
  for (const auto& part : plan::Conjuncts(conjunct)) {
    const bool known = std::any_of(scan->filter.begin(), scan->filter.end(),
                                   [&](const auto& other) { return other->Equals(*part); });
    if (known) continue;
    scan->filter.push_back(part);
    scan->account->pushed.push_back(
        {PushedPart::Kind::kFilter, part->ToString(scan->schema.get())});
  }
}

// Why a conjunct that translates stays all the same: moved into the scan it would run for rows that
// a condition before it keeps away from it, and fail where the query does not.
constexpr char kBehindKept[] = "it can fail, and a condition that is not pushed comes before it";

// Whether all that has to be applied of the filter of a column translates.
bool Translates(const duckdb::TableFilter& filter, const plan::ExpressionPtr& column,
                const ScanPlan& scan) {
  const FilterParts parts = SplitFilter(filter);
  return std::all_of(parts.required.begin(), parts.required.end(), [&](const auto* part) {
    return TranslateFilter(*part, column, scan.float_division_by_zero).ok();
  });
}

plan::ExpressionPtr ColumnOf(const ScanPlan& scan, idx_t column) {
  const int index = TableColumn(scan, duckdb::ColumnIndex(column));
  return plan::InputColumn(index, scan.schema->field(index)->type());
}

// What stays in DuckDB of the filter of one column; null for nothing. `guarded`: conditions stay.
duckdb::unique_ptr<duckdb::TableFilter> PushTableFilter(const duckdb::TableFilter& filter,
                                                        const plan::ExpressionPtr& column,
                                                        bool guarded, ScanPlan* scan) {
  auto rest = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
  const FilterParts parts = SplitFilter(filter);
  for (const duckdb::TableFilter* part : parts.required) {
    const auto translated = TranslateFilter(*part, column, scan->float_division_by_zero);
    if (translated.ok() && !(guarded && plan::CanFail(**translated))) {
      AddConjunct(*translated, scan);
      continue;
    }
    scan->account->kept.push_back({part->ToString(column->ToString(scan->schema.get())),
                                   translated.ok() ? kBehindKept : translated.status().message()});
    rest->child_filters.push_back(part->Copy());
  }
  for (const duckdb::TableFilter* part : parts.optional) {
    rest->child_filters.push_back(part->Copy());
  }
  if (rest->child_filters.empty()) return nullptr;
  if (rest->child_filters.size() == 1) return std::move(rest->child_filters[0]);
  return rest;
}

// Moves the conjuncts that translate; the others stay in the filter. `guarded`: conditions stay
// below it.
void MoveConjuncts(const ScanChain& chain, bool guarded, LogicalFilter* filter) {
  LogicalFilter::SplitPredicates(filter->expressions);
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> rest;
  for (auto& expression : filter->expressions) {
    const auto translated = Translate(*expression, chain);
    if (translated.ok() && !(guarded && plan::CanFail(**translated))) {
      AddConjunct(*translated, &chain.scan());
      continue;
    }
    guarded = true;
    chain.scan().account->kept.push_back(
        {"filter " + expression->ToString(),
         translated.ok() ? kBehindKept : translated.status().message()});
    rest.push_back(std::move(expression));
  }
  filter->expressions = std::move(rest);
}

// The scan's columns by position, as ids within its column ids.
std::vector<idx_t> PositionsOf(const LogicalGet& get) {
  std::vector<idx_t> positions(get.projection_ids.begin(), get.projection_ids.end());
  if (!positions.empty()) return positions;
  for (idx_t i = 0; i < get.GetColumnIds().size(); ++i) positions.push_back(i);
  return positions;
}

void CollectColumns(const duckdb::Expression& expression, std::vector<idx_t>* columns) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COLUMN_REF) {
    columns->push_back(expression.Cast<duckdb::BoundColumnRefExpression>().binding.column_index);
  }
  duckdb::ExpressionIterator::EnumerateChildren(
      expression, [&](const duckdb::Expression& child) { CollectColumns(child, columns); });
}

// Lets the scan return only what the filter passes on or still looks at. Operators above count the
// columns of the filter by position, so that these stay.
void PruneColumns(LogicalGet* get, LogicalFilter* filter) {
  if (filter->projection_map.empty()) return;
  const std::vector<idx_t> before = PositionsOf(*get);
  std::vector<idx_t> used;
  for (const auto& expression : filter->expressions) CollectColumns(*expression, &used);
  for (idx_t position : filter->projection_map) used.push_back(before[position]);
  duckdb::vector<idx_t> after;
  for (idx_t id : before) {
    if (std::find(used.begin(), used.end(), id) != used.end()) after.push_back(id);
  }
  for (idx_t& position : filter->projection_map) {
    const auto found = std::find(after.begin(), after.end(), before[position]);
    position = static_cast<idx_t>(found - after.begin());
  }
  get->projection_ids = std::move(after);
}

// The columns of the filter become those of the scan, in the same order.
void ReplaceByScan(duckdb::unique_ptr<duckdb::LogicalOperator>* node, LogicalGet* get) {
  auto& filter = (*node)->Cast<LogicalFilter>();
  if (!filter.projection_map.empty()) {
    const std::vector<idx_t> positions = PositionsOf(*get);
    duckdb::vector<idx_t> projection;
    for (idx_t position : filter.projection_map) projection.push_back(positions[position]);
    get->projection_ids = std::move(projection);
  }
  DropImpliedFilters(*get);
  if (filter.has_estimated_cardinality) {
    get->SetEstimatedCardinality(filter.estimated_cardinality);
  }
  auto scan = std::move(filter.children[0]);
  *node = std::move(scan);
  (*node)->ResolveOperatorTypes();
}

}  // namespace

void PushTableFilters(LogicalGet& get) {
  ScanPlan& scan = PlanOf(get);
  if (scan.plain || scan.is_reduced()) return;
  auto& filters = get.table_filters.filters;
  const bool guarded = std::any_of(filters.begin(), filters.end(), [&](const auto& entry) {
    return !Translates(*entry.second, ColumnOf(scan, entry.first), scan);
  });
  for (auto entry = filters.begin(); entry != filters.end();) {
    auto rest = PushTableFilter(*entry->second, ColumnOf(scan, entry->first), guarded, &scan);
    if (rest == nullptr) {
      entry = filters.erase(entry);
    } else {
      entry->second = std::move(rest);
      ++entry;
    }
  }
}

void PushFilter(duckdb::unique_ptr<duckdb::LogicalOperator>* node) {
  auto& filter = (*node)->Cast<LogicalFilter>();
  if (filter.children[0]->type != duckdb::LogicalOperatorType::LOGICAL_GET) return;
  auto& get = filter.children[0]->Cast<LogicalGet>();
  if (!IsOurs(get) || PlanOf(get).plain || PlanOf(get).is_reduced()) return;
  auto chain = ScanChain::OverScan(get);
  const bool guarded =
      std::any_of(get.table_filters.filters.begin(), get.table_filters.filters.end(),
                  [](const auto& entry) { return !SplitFilter(*entry.second).required.empty(); });
  MoveConjuncts(chain, guarded, &filter);
  if (filter.expressions.empty()) {
    ReplaceByScan(node, &get);
  } else {
    PruneColumns(&get, &filter);
  }
}

}  // namespace skyhook::sql
