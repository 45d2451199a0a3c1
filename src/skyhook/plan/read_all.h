// The pipeline that gives a table as it is.
#pragma once

#include <arrow/type.h>

#include "skyhook/plan/pipeline.h"

namespace skyhook::plan {

/// Reads every column of `schema` (declared types), and returns them all.
Pipeline ReadAll(const arrow::Schema& schema);

}  // namespace skyhook::plan
