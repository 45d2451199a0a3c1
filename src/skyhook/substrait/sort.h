// Directions of sort keys.
#pragma once

#include <arrow/status.h>

#include "skyhook/plan/pipeline.h"

namespace substrait {
class SortField;
}

namespace skyhook::substrait {

/// Sets `descending` and `nulls_first`; kUnsupportedPlan for a direction that does not say both.
arrow::Status DirectionFromSubstrait(const ::substrait::SortField& sort, plan::SortKey* key);

}  // namespace skyhook::substrait
