// Runs a foreign plan: its first step as a scan of the table, the others over what that returned.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>

#include "skyhook/client/scan.h"
#include "skyhook/substrait/foreign/plan.h"

namespace skyhook::client {

/// The rows of `plan` over `table`, under the plan's names and in the types that Scan declares. The
/// last step's rows come as they are read; results of steps before it are held, and more than
/// `options.memory_bytes` of one is kLimitExceeded.
///
/// Aggregates and sorts are computed before this returns, by `options.max_streams` threads; rows
/// that are only filtered and projected are, by the thread that pulls them.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> RunForeignPlan(
    const substrait::ForeignPlan& plan, std::shared_ptr<const Table> table,
    const ScanOptions& options);

/// The schema of its rows, without reading any. Fails where the plan is not over such a table.
arrow::Result<std::shared_ptr<arrow::Schema>> ForeignPlanSchema(const substrait::ForeignPlan& plan,
                                                                const Table& table);

}  // namespace skyhook::client
