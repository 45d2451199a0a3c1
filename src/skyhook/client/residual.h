// What a site has not done to its rows, done here by the same kernel.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/limits.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::client {

/// Puts `batches` of the fragment `name` through `residual` (plan/split.h), whose input has as many
/// columns. The time that this takes is added to `cost`; rows were counted where they were read.
arrow::Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Finish(
    const plan::Pipeline& residual, const std::string& name,
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches, const base::Limits& limits,
    const arrow::StopToken& stop, plan::Cost* cost);

}  // namespace skyhook::client
