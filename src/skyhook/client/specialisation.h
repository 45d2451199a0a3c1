// A pipeline as it reads for one fragment: partition values and missing columns are constants.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <vector>

#include "skyhook/client/table.h"
#include "skyhook/plan/runtime_filter.h"
#include "skyhook/plan/shared_pipeline.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::client {

/// Immutable.
class Specialisation : public std::enable_shared_from_this<Specialisation> {
 public:
  static arrow::Result<std::shared_ptr<const Specialisation>> Make(
      const plan::SharedPipeline& pipeline, const Table& table, const TableFragment& fragment);

  /// True when no row of the fragment can pass the filter.
  bool skips() const { return skips_; }
  /// The pipeline whose input is what the fragment has, without conjuncts that always hold there;
  /// the table's own one where that is the same.
  const plan::SharedPipeline& pipeline() const { return pipeline_; }

  /// `filters` (over the table's pipeline) as this fragment has to see them.
  plan::RuntimeFilters Filters(const plan::RuntimeFilters& filters) const;
  /// One predicate over the table's pipeline, over this one's input.
  arrow::Result<plan::ExpressionPtr> Predicate(const plan::ExpressionPtr& predicate) const;

 private:
  /// Both change `pipeline`, which is the table's before.
  arrow::Status ReplaceColumns(const Table& table, const TableFragment& fragment,
                               plan::Pipeline* pipeline);
  arrow::Status SpecialiseFilter(plan::Pipeline* pipeline);
  arrow::Result<plan::Verdict> Decide(const plan::ExpressionPtr& predicate) const;
  bool IsConstant(const plan::Expression& expression) const;
  std::optional<plan::ColumnStatistics> StatisticsOf(int column) const;
  std::optional<plan::ColumnStatistics> StoredStatisticsOf(int column) const;

  bool skips_ = false;
  std::shared_ptr<const table::StoredFragment> stored_;  ///< may be null
  std::shared_ptr<arrow::Schema> schema_;                ///< of the table
  std::shared_ptr<arrow::Schema> input_;                 ///< of its pipeline
  plan::SharedPipeline pipeline_;
  /// By input column of the table's pipeline: a column of pipeline_'s input, a cast of one to a
  /// wider number, or a literal. Empty when the fragment has all columns as they are.
  std::vector<plan::ExpressionPtr> replacements_;
};

}  // namespace skyhook::client
