// Plans that others wrote, cut into pipelines.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/plan/pipeline.h"

namespace skyhook::substrait {

/// A pipeline of a foreign plan, and how many rows at the start of its result are passed over.
struct ForeignStep {
  plan::Pipeline pipeline;
  int64_t offset = 0;
};

/// A limit that stands for "all rows": a sort without one is a top-k of so many.
inline constexpr int64_t kAllRows = int64_t{1} << 60;

/// The name by which a step reads column number `column` of the result of the step before it.
std::string StepColumnName(size_t column);

/// A chain of pipelines: the first over the rows of a table, each further one over the result of
/// the one before it. The first holds all that one pipeline can hold and so travels to the data;
/// the rest is for the client.
struct ForeignPlan {
  /// As the plan names it, a part for each level; empty for an expression over a schema.
  std::vector<std::string> table;
  std::vector<ForeignStep> steps;  ///< at least one
  /// Of the last step's columns.
  std::vector<std::string> names;

  /// A line for each part of each step.
  std::string ToString() const;
};

/// Reads a plan of one relation, or expressions over a schema, as others write them: binary or
/// JSON, with functions named by URN, by URI or bare, in the shapes of today and of older releases
/// (foreign_modern.h). One expression that is boolean is a filter; other expressions are a
/// projection.
///
/// Functions mean what their producer means by them: those of "datafusion" what DataFusion 55
/// does, those of "Acero" (pyarrow) what pyarrow 26 does, others what the definition says that
/// they name. What is not understood, or cannot be said exactly, is kUnsupportedPlan, naming it:
/// joins, sets, windows and subqueries among them. Safe on hostile bytes.
arrow::Result<ForeignPlan> ReadForeignPlan(std::string_view bytes);

}  // namespace skyhook::substrait
