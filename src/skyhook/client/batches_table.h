// Record batches in memory as a table, so that what stands above a scan is a scan again.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/client/table.h"

namespace skyhook::client {

/// A table of one fragment whose row groups are the batches. `schema` has engine types, and so
/// have the batches.
arrow::Result<std::shared_ptr<const Table>> TableOfBatches(
    std::string name, std::shared_ptr<arrow::Schema> schema,
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches);

}  // namespace skyhook::client
