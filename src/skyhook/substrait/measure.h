// Measures of an aggregate as Substrait's aggregate functions, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <optional>
#include <string>
#include <vector>

#include "skyhook/plan/pipeline.h"
#include "skyhook/substrait/extensions.h"

namespace substrait {
class AggregateFunction;
class AggregateRel_Measure;
}  // namespace substrait

namespace skyhook::substrait {

/// `projected` is the schema that the measure's indices count. The name does not travel here: it is
/// among those of the plan's root.
arrow::Status MeasureToSubstrait(const plan::Measure& measure, const arrow::Schema& projected,
                                 ExtensionWriter* extensions,
                                 ::substrait::AggregateRel_Measure* out);

/// A measure without its name. Only partial aggregates (initial to intermediate) are understood.
arrow::Result<plan::Measure> MeasureFromSubstrait(const ::substrait::AggregateRel_Measure& measure,
                                                  const arrow::Schema& projected,
                                                  const ExtensionReader& extensions);

/// An aggregate function as a plan says it, without its arguments.
struct MeasureCall {
  ExtensionName name;
  std::vector<std::string> enumerations;
  std::vector<std::shared_ptr<arrow::DataType>> types;  ///< of the arguments
  std::optional<double> constant = std::nullopt;        ///< that follows the arguments
  bool distinct = false;
  std::shared_ptr<arrow::DataType> result = nullptr;  ///< null when the plan does not say

  std::string ToString() const;
};

/// The function and the type asked for, by the table of standard aggregates or as one of our
/// extension; kUnsupportedPlan when there is none, or it gives another type than the plan says.
arrow::Result<plan::Measure> FindMeasure(const MeasureCall& call);

/// kUnsupportedPlan when the function is asked for in a way (order, phase, options) that is not
/// understood.
arrow::Status CheckAggregateFunction(const ::substrait::AggregateFunction& function,
                                     const ExtensionName& name);

}  // namespace skyhook::substrait
