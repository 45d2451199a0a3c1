// Pipelines as Substrait plans: how they travel between programs.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

#include "skyhook/plan/pipeline.h"

namespace skyhook::substrait {

/// Substrait 0.85, as a binary Plan of one relation: ReadRel, FilterRel, ProjectRel, and then
/// AggregateRel (initial to intermediate), SortRel with FetchRel, or FetchRel.
///
/// Calls use the standard functions where those say exactly what the catalogue means, and else
/// the functions of extensions/functions_skyhook.yaml. Field metadata does not travel. What
/// cannot be said is kUnsupportedPlan, naming it: a column of a type without a Substrait form, or
/// expressions nested deeper than kMaxExpressionDepth.
arrow::Result<std::string> ToSubstrait(const plan::Pipeline& pipeline);

/// The same plan as JSON for people, with a line per field.
arrow::Result<std::string> ToSubstraitJson(const plan::Pipeline& pipeline);

/// The pipeline that `bytes` say; FromSubstrait(ToSubstrait(p)) equals p. Bytes that are no plan
/// are kCorruptData; a field, relation, function, option or type that is not understood is
/// kUnsupportedPlan, naming it. The result has been validated. Safe on hostile bytes.
arrow::Result<plan::Pipeline> FromSubstrait(std::string_view bytes);

/// How deep calls may nest in a plan that travels.
inline constexpr int kMaxExpressionDepth = 200;

}  // namespace skyhook::substrait
