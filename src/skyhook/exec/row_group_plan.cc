#include "skyhook/exec/row_group_plan.h"

#include <optional>
#include <set>
#include <utility>

#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::Verdict;

namespace {

class Planner {
 public:
  Planner(format::Fragment* fragment, int row_group, const std::vector<int>& fields,
          const std::shared_ptr<PreparedCalls>& calls, const format::ReadContext& context)
      : fragment_(fragment),
        row_group_(row_group),
        fields_(fields),
        calls_(calls),
        context_(context),
        cost_(context.cost) {}

  Result<RowGroupPlan> Plan(const plan::RowRanges& rows, const std::vector<Conjunct>& conjuncts) {
    RowGroupPlan plan;
    ARROW_ASSIGN_OR_RAISE(const bool skipped, ByStatistics(conjuncts, &plan));
    if (skipped) return plan;
    for (const Conjunct& conjunct : plan.conjuncts) {
      ARROW_ASSIGN_OR_RAISE(const auto probe, ProbeOf(*conjunct.predicate));
      ARROW_ASSIGN_OR_RAISE(const bool bloom, BloomExcludes(probe));
      if (bloom) return Skipped(&plan::Cost::row_groups_skipped_bloom);
      ARROW_ASSIGN_OR_RAISE(const bool dictionary,
                            DictionaryExcludes(conjunct.predicate, probe, &plan.reader));
      if (dictionary) return Skipped(&plan::Cost::row_groups_skipped_dictionary);
    }
    plan.rows = rows;
    for (const Conjunct& conjunct : plan.conjuncts) {
      ARROW_ASSIGN_OR_RAISE(const auto excluded, PagesExclude(*conjunct.predicate));
      plan.rows = plan.rows.Subtract(excluded);
    }
    cost_->rows_skipped_page_index += rows.num_rows() - plan.rows.num_rows();
    return plan;
  }

  // True when some conjunct holds for no row; else `plan` gets the conjuncts that are open.
  Result<bool> ByStatistics(const std::vector<Conjunct>& conjuncts, RowGroupPlan* plan) {
    for (const Conjunct& conjunct : conjuncts) {
      ARROW_ASSIGN_OR_RAISE(const auto statistics, StatisticsOf(*conjunct.predicate));
      const Verdict verdict = plan::Decide(
          *conjunct.predicate, [&](int column) { return statistics[static_cast<size_t>(column)]; });
      if (verdict == Verdict::kNever) {
        ++(conjunct.is_runtime ? cost_->row_groups_skipped_runtime
                               : cost_->row_groups_skipped_statistics);
        plan->conjuncts.clear();
        return true;
      }
      if (verdict == Verdict::kMaybe) plan->conjuncts.push_back(conjunct);
    }
    return false;
  }

 private:
  Result<RowGroupPlan> Skipped(int64_t plan::Cost::*counter) {
    ++(cost_->*counter);
    return RowGroupPlan{};
  }

  using Statistics = std::vector<std::optional<plan::ColumnStatistics>>;
  Result<Statistics> StatisticsOf(const plan::Expression& predicate) {
    Statistics out(fields_.size());
    for (int column : plan::ColumnsOf(predicate)) {
      const auto index = static_cast<size_t>(column);
      ARROW_ASSIGN_OR_RAISE(out[index], fragment_->Statistics(row_group_, fields_[index]));
    }
    return out;
  }

  // Bloom filters and dictionaries are asked about no more values than this: of more, some are
  // there or pass by chance.
  static constexpr size_t kMostValues = 64;

  // What the predicate wants its column to be equal to, as far as that lies within the column's
  // bounds; nothing when it is no such predicate.
  Result<std::optional<plan::EqualityProbe>> ProbeOf(const plan::Expression& predicate) {
    auto probe = plan::EqualityProbeOf(predicate);
    if (!probe.has_value()) return probe;
    const int field = fields_[static_cast<size_t>(probe->column)];
    ARROW_ASSIGN_OR_RAISE(const auto statistics, fragment_->Statistics(row_group_, field));
    probe->values = plan::ValuesWithin(*probe, statistics);
    return probe;
  }

  Result<bool> BloomExcludes(const std::optional<plan::EqualityProbe>& probe) {
    if (!probe.has_value() || probe->values.empty()) return false;
    const int field = fields_[static_cast<size_t>(probe->column)];
    if (probe->values.size() > kMostValues) return false;
    if (!fragment_->HasBloomFilter(row_group_, field)) return false;
    ARROW_ASSIGN_OR_RAISE(const bool may,
                          fragment_->MayContainAny(row_group_, field, probe->values, context_));
    return !may;
  }

  // Whether a predicate is worth testing against a dictionary before the pages are read: those that
  // tend to match few values.
  static bool IsSelective(const plan::Expression& predicate,
                          const std::optional<plan::EqualityProbe>& probe) {
    if (probe.has_value()) return probe->values.size() <= kMostValues;
    if (predicate.kind() != plan::Expression::Kind::kCall) return false;
    const auto& arguments = predicate.arguments();
    return arguments[0]->kind() == plan::Expression::Kind::kColumn &&
           plan::IsTextOrBytes(*arguments[0]->type());
  }

  Result<bool> DictionaryExcludes(const plan::ExpressionPtr& predicate,
                                  const std::optional<plan::EqualityProbe>& probe,
                                  std::unique_ptr<format::RowGroupReader>* reader) {
    const std::set<int>& columns = plan::ColumnsOf(*predicate);
    if (columns.size() != 1 || plan::CanFail(*predicate) || !IsSelective(*predicate, probe)) {
      return false;
    }
    const int field = fields_[static_cast<size_t>(*columns.begin())];
    if (*reader == nullptr) {
      ARROW_ASSIGN_OR_RAISE(*reader, fragment_->Open(row_group_, context_));
    }
    ARROW_ASSIGN_OR_RAISE(auto values, (*reader)->Dictionary(field));
    if (values == nullptr) return false;
    ARROW_ASSIGN_OR_RAISE(const bool any, AnyTrue(predicate, values));
    if (any) return false;
    // The column may hold NULL besides; the predicate must not want it.
    ARROW_ASSIGN_OR_RAISE(auto null, arrow::MakeArrayOfNull(values->type(), 1));
    ARROW_ASSIGN_OR_RAISE(const bool null_wanted, AnyTrue(predicate, null));
    return !null_wanted;
  }

  Result<bool> AnyTrue(const plan::ExpressionPtr& predicate,
                       const std::shared_ptr<arrow::Array>& values) {
    Program program;
    program.ShareCalls(calls_);
    const int node = program.Add(predicate);
    ARROW_ASSIGN_OR_RAISE(const vector::Column column, vector::Column::FromArray(values));
    ARROW_ASSIGN_OR_RAISE(const vector::Column result,
                          EvaluateInPieces(program, node, column, &context_));
    for (int64_t i = 0; i < result.length(); ++i) {
      if (result.IsValid(i) && result.values<uint8_t>()[i] != 0) return true;
    }
    return false;
  }

  // The rows of pages that hold no match. Only predicates over one column: pages of different
  // columns do not line up.
  Result<plan::RowRanges> PagesExclude(const plan::Expression& predicate) {
    const std::set<int>& columns = plan::ColumnsOf(predicate);
    if (columns.size() != 1 || plan::CanFail(predicate)) return plan::RowRanges();
    const int field = fields_[static_cast<size_t>(*columns.begin())];
    ARROW_ASSIGN_OR_RAISE(const auto pages, fragment_->Pages(row_group_, field, context_));
    std::vector<plan::RowRange> excluded;
    for (const format::PageStatistics& page : pages) {
      const auto lookup = [&](int) { return std::optional(page.statistics); };
      if (plan::Decide(predicate, lookup) == Verdict::kNever) excluded.push_back(page.rows);
    }
    return plan::RowRanges(std::move(excluded));
  }

  format::Fragment* fragment_;
  int row_group_;
  const std::vector<int>& fields_;
  const std::shared_ptr<PreparedCalls>& calls_;
  const format::ReadContext& context_;
  plan::Cost* cost_;
};

}  // namespace

Result<RowGroupPlan> PlanRowGroup(format::Fragment* fragment, int row_group,
                                  const plan::RowRanges& rows,
                                  const std::vector<Conjunct>& conjuncts,
                                  const std::vector<int>& fields,
                                  const std::shared_ptr<PreparedCalls>& calls,
                                  const format::ReadContext& context) {
  return Planner(fragment, row_group, fields, calls, context).Plan(rows, conjuncts);
}

Result<bool> IsRuledOut(format::Fragment* fragment, int row_group,
                        const std::vector<Conjunct>& conjuncts, const std::vector<int>& fields) {
  plan::Cost uncounted;
  const format::ReadContext context(&uncounted);
  RowGroupPlan plan;
  return Planner(fragment, row_group, fields, nullptr, context).ByStatistics(conjuncts, &plan);
}

}  // namespace skyhook::exec
