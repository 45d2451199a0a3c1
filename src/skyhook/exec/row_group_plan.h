// What a row group's statistics, bloom filters, dictionaries and page index rule out.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <vector>

#include "skyhook/exec/chunk.h"
#include "skyhook/exec/program.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::exec {

/// A conjunct to apply to rows.
struct Conjunct {
  plan::ExpressionPtr predicate;
  bool is_runtime = false;  ///< came from a runtime filter
};

/// What is left to do in one row group.
struct RowGroupPlan {
  std::unique_ptr<format::RowGroupReader> reader;  ///< of what was read of it; null: nothing was
  plan::RowRanges rows;             ///< rows that may pass; empty: the row group is skipped
  std::vector<Conjunct> conjuncts;  ///< those that statistics did not decide
};

/// Decides `conjuncts` for the rows `rows` of a row group, as far as that is possible without
/// reading pages of data. `fields` maps the predicates' columns to the fragment's; `calls` is that
/// of programs. Counts what was skipped, and why, in the account of `context` (not null).
arrow::Result<RowGroupPlan> PlanRowGroup(format::Fragment* fragment, int row_group,
                                         const plan::RowRanges& rows,
                                         const std::vector<Conjunct>& conjuncts,
                                         const std::vector<int>& fields,
                                         const std::shared_ptr<PreparedCalls>& calls,
                                         const format::ReadContext& context);

/// Whether statistics alone tell that no row of a row group passes. Counts nothing.
arrow::Result<bool> IsRuledOut(format::Fragment* fragment, int row_group,
                               const std::vector<Conjunct>& conjuncts,
                               const std::vector<int>& fields);

}  // namespace skyhook::exec
