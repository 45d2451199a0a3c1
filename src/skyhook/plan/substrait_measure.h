// Measures of an aggregate as Substrait's aggregate functions, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/substrait_extensions.h"

namespace substrait {
class AggregateRel_Measure;
}

namespace skyhook::plan {

/// `projected` is the schema that the measure's indices count. The name does not travel here: it is
/// among those of the plan's root.
arrow::Status MeasureToSubstrait(const Measure& measure, const arrow::Schema& projected,
                                 ExtensionWriter* extensions,
                                 ::substrait::AggregateRel_Measure* out);

/// A measure without its name. Only partial aggregates (initial to intermediate) are understood.
arrow::Result<Measure> MeasureFromSubstrait(const ::substrait::AggregateRel_Measure& measure,
                                            const arrow::Schema& projected,
                                            const ExtensionReader& extensions);

}  // namespace skyhook::plan
