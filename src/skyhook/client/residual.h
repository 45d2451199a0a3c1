// What a site has not done to its rows, done here by the same kernel.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <vector>

#include "skyhook/plan/outcome.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/site/site.h"

namespace skyhook::client {

/// Puts `batches` that answer `request` through `residual` (plan/split.h), whose input has as many
/// columns. The time that this takes is added to `cost`; rows were counted where they were read.
arrow::Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Finish(
    const plan::Pipeline& residual, const site::Request& request,
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches, plan::Cost* cost);

}  // namespace skyhook::client
