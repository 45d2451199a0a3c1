// Pipelines cut in two: what a place can do, and what remains to be done to its answer.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <optional>
#include <set>

#include "skyhook/plan/outcome.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::plan {

/// What a place that runs pipelines can do. Every place can read the columns of row ranges.
struct Capabilities {
  bool filters = true;
  /// Columns that are computed; a plain column is none.
  bool computes = true;
  /// CASE and COALESCE.
  bool branches = true;
  /// The functions that predicates and computed columns may call. Empty optional: the catalogue's,
  /// all of them and no other.
  std::optional<std::set<Function>> functions;
  /// The engine types that they may compute with. Empty optional: all.
  std::optional<std::set<arrow::Type::type>> types;
  /// The aggregates. Empty optional: the catalogue's.
  std::optional<std::set<AggregateFunction>> aggregates;
  bool top_k = true;
  bool limits = true;
};

/// Whether a place of such capabilities can evaluate `expression`.
bool CanEvaluate(const Expression& expression, const Capabilities& capabilities);

/// A pipeline in two parts.
struct SplitPipeline {
  Pipeline pushed;
  /// What remains to be done here to batches of `pushed`. Its input are their columns in their
  /// order, under names that differ. Nothing: `pushed` is the whole.
  std::optional<Pipeline> residual;
};

/// Splits `pipeline` so that `pushed` is within `capabilities`, and as much of it as gives the same
/// rows and the same errors: a conjunct that can fail goes with those that run before it, and
/// nothing is reduced, or computed where that can fail, before the last conjunct has been applied.
/// Nothing when the rest needs the places of rows (first, last, any_value), which batches do not
/// tell.
arrow::Result<std::optional<SplitPipeline>> Split(const Pipeline& pipeline,
                                                  const Capabilities& capabilities);

/// Whether batches that have been through `applied` of `pipeline` have been through all of it.
bool IsWhole(const Pipeline& pipeline, const Applied& applied);

/// What remains to be done to batches that have been through `applied` of `pipeline`; its input is
/// like that of a residual. Batches that have not been projected have the columns of
/// `pipeline.input`, others those of ProjectedSchema. Nothing where `applied` leaves out what comes
/// before something else, or where the rest needs the places of rows.
arrow::Result<std::optional<Pipeline>> Remaining(const Pipeline& pipeline, const Applied& applied);

/// What the batches of a reply that has been through `applied`, and not through the reduction, look
/// like.
std::shared_ptr<arrow::Schema> SchemaAfter(const Pipeline& pipeline, const Applied& applied);

}  // namespace skyhook::plan
