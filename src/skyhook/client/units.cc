#include "skyhook/client/units.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "skyhook/exec/order/sort_key.h"
#include "skyhook/plan/statistics.h"
#include "skyhook/plan/types.h"

namespace skyhook::client {
namespace {

/// With more fragments than a site keeps open, reading all statistics first costs more than a good
/// order saves.
constexpr size_t kMaxSortedFragments = 256;

/// Units per stream of an aggregate: enough that streams finish at about the same time.
constexpr int64_t kFewUnitsPerStream = 8;

using ScalarPtr = std::shared_ptr<arrow::Scalar>;

/// Joins neighbouring row groups while the sum stays within `rows_per_unit`.
void CutFragment(const TableFragment& fragment, int64_t index, int64_t first_row,
                 int64_t rows_per_unit, std::vector<Unit>* units) {
  bool first = true;
  for (const plan::RowRange& group : fragment.description.row_groups) {
    if (group.size() == 0) continue;
    if (!first && units->back().rows.size() + group.size() <= rows_per_unit) {
      units->back().rows.end = group.end;
    } else {
      units->push_back({index, group, first_row});
    }
    first = false;
  }
}

std::vector<Unit> Split(const std::vector<Unit>& units, int64_t split_rows) {
  std::vector<Unit> out;
  for (Unit unit : units) {
    const int64_t end = unit.rows.end;
    while (end - unit.rows.begin > split_rows) {
      unit.rows.end = unit.rows.begin + split_rows;
      out.push_back(unit);
      unit.rows.begin = unit.rows.end;
    }
    unit.rows.end = end;
    out.push_back(unit);
  }
  return out;
}

/// The best value of a sort key in a unit. Units without one come last.
struct Rank {
  bool has_null_first = false;
  ScalarPtr best;
};

bool Precedes(const Rank& a, const Rank& b, bool descending) {
  if (a.has_null_first != b.has_null_first) return a.has_null_first;
  if (a.best == nullptr || b.best == nullptr) return a.best != nullptr && b.best == nullptr;
  const int order = plan::CompareScalars(*a.best, *b.best);
  return descending ? order > 0 : order < 0;
}

/// The bound of the values that comes first by the key; null: not known.
const ScalarPtr& BestOf(const plan::ColumnStatistics& statistics, const plan::SortKey& key) {
  return key.descending ? statistics.max : statistics.min;
}

using GroupStatistics = std::vector<std::optional<plan::ColumnStatistics>>;

Rank RankOf(const Unit& unit, const std::vector<plan::RowRange>& groups,
            const GroupStatistics& statistics, const plan::SortKey& key) {
  Rank rank;
  for (size_t i = 0; i < groups.size() && i < statistics.size(); ++i) {
    const bool apart = groups[i].end <= unit.rows.begin || unit.rows.end <= groups[i].begin;
    if (apart || !statistics[i].has_value()) continue;
    if (key.nulls_first && statistics[i]->null_count.value_or(0) > 0) rank.has_null_first = true;
    const ScalarPtr& bound = BestOf(*statistics[i], key);
    if (bound == nullptr) continue;
    if (rank.best == nullptr || Precedes({false, bound}, {false, rank.best}, key.descending)) {
      rank.best = bound;
    }
  }
  return rank;
}

/// The name of the column that the first sort key is, or nothing.
std::optional<std::string> SortColumn(const plan::Pipeline& pipeline) {
  const plan::SortKey& key = pipeline.top_k->keys.front();
  const plan::Expression& expression = *pipeline.projection[key.column].expression;
  if (expression.kind() != plan::Expression::Kind::kColumn) return std::nullopt;
  return pipeline.input->field(expression.column())->name();
}

void AddBests(const TableFragment& fragment, const GroupStatistics& statistics,
              const plan::SortKey& key, std::vector<ScalarPtr>* bests) {
  for (const auto& group : statistics) {
    if (!group.has_value()) continue;
    const ScalarPtr& best = BestOf(*group, key);
    if (best == nullptr || !best->is_valid) continue;
    bests->push_back(best);
    if (fragment.stored != nullptr) return;  // the manifest knows of the whole object only
  }
}

/// What as many of `bests` as the top-k has rows pass; null where there are fewer, or rows may be
/// filtered out.
arrow::Result<plan::ExpressionPtr> NotAfterTheLastOf(std::vector<ScalarPtr> bests,
                                                     const plan::Pipeline& pipeline) {
  const int64_t limit = pipeline.top_k->limit;
  const plan::SortKey& key = pipeline.top_k->keys.front();
  const plan::ExpressionPtr& column = pipeline.projection[key.column].expression;
  const bool unknown = limit == 0 || static_cast<int64_t>(bests.size()) < limit;
  // Bounds of texts are cut short.
  if (unknown || !pipeline.filter.empty() || plan::IsTextOrBytes(*column->type())) return nullptr;
  const auto last = bests.begin() + (limit - 1);
  std::nth_element(bests.begin(), last, bests.end(), [&](const ScalarPtr& a, const ScalarPtr& b) {
    return Precedes({false, a}, {false, b}, key.descending);
  });
  return exec::NotAfter(column, key, *last);
}

}  // namespace

int64_t RowsOfFewUnits(const Table& table, const CutOptions& options) {
  const int64_t pieces = kFewUnitsPerStream * std::max(options.max_streams, 1);
  return std::max(options.min_rows, table.num_rows() / pieces);
}

std::vector<Unit> CutUnits(const Table& table, const std::vector<bool>& skipped,
                           const CutOptions& options) {
  std::vector<Unit> units;
  int64_t first_row = 0;
  for (size_t i = 0; i < table.fragments.size(); ++i) {
    const TableFragment& fragment = table.fragments[i];
    const bool remote = fragment.site->profile().remote;
    if (!skipped[i] && remote && fragment.description.num_rows > 0) {
      units.push_back({static_cast<int64_t>(i),
                       {0, fragment.description.num_rows},
                       first_row,
                       /*whole=*/true});
    } else if (!skipped[i]) {
      CutFragment(fragment, static_cast<int64_t>(i), first_row, options.min_rows, &units);
    }
    first_row += fragment.description.num_rows;
  }
  const bool any_whole =
      std::any_of(units.begin(), units.end(), [](const Unit& unit) { return unit.whole; });
  if (static_cast<int64_t>(units.size()) < options.max_streams && !any_whole) {
    units = Split(units, options.split_rows);
  }
  return units;
}

std::vector<Unit> CutPulled(const Table& table, const Unit& whole, const CutOptions& options) {
  std::vector<Unit> units;
  CutFragment(table.fragments[static_cast<size_t>(whole.fragment)], whole.fragment, whole.first_row,
              options.min_rows, &units);
  if (units.empty()) units.push_back({whole.fragment, whole.rows, whole.first_row});
  return units;
}

arrow::Result<plan::ExpressionPtr> SortForTopK(const Table& table, const plan::Pipeline& pipeline,
                                               std::vector<Unit>* units) {
  if (pipeline.top_k->keys.empty() || table.fragments.size() > kMaxSortedFragments) return nullptr;
  const std::optional<std::string> column = SortColumn(pipeline);
  if (!column.has_value()) return nullptr;
  const plan::SortKey& key = pipeline.top_k->keys.front();
  std::vector<ScalarPtr> bests;  // each of another row, by statistics
  std::vector<std::pair<Rank, Unit>> ranked;
  int64_t described = -1;
  GroupStatistics statistics;
  for (const Unit& unit : *units) {
    const TableFragment& fragment = table.fragments[unit.fragment];
    if (described != std::exchange(described, unit.fragment)) {
      ARROW_ASSIGN_OR_RAISE(statistics, StatisticsOf(table, fragment, *column));
      AddBests(fragment, statistics, key, &bests);
    }
    ranked.emplace_back(RankOf(unit, fragment.description.row_groups, statistics, key), unit);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [&](const auto& a, const auto& b) {
    return Precedes(a.first, b.first, key.descending);
  });
  for (size_t i = 0; i < ranked.size(); ++i) (*units)[i] = ranked[i].second;
  return NotAfterTheLastOf(std::move(bests), pipeline);
}

}  // namespace skyhook::client
