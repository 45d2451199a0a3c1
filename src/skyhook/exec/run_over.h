// The kernel over batches that pass by, such as those of a site that has not done all of a
// pipeline.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/exec/run.h"

namespace skyhook::exec {

/// Starts `pipeline` over `batches`, which messages call `name`: all their rows, numbered as they
/// come, so that `request.slice` is empty. What the outcome says is of the rows that have come: one
/// batch is asked for when those before it have been dealt with, and none behind a limit. An error
/// of `batches` is that of the call. A top-k keeps the rows that it may return.
arrow::Result<std::unique_ptr<Execution>> RunOver(const plan::Pipeline& pipeline,
                                                  std::shared_ptr<arrow::RecordBatchReader> batches,
                                                  std::string name, RunRequest request);

}  // namespace skyhook::exec
