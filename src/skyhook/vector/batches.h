// Record batches: how much they hold, cut to a size, and joined.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <vector>

#include "skyhook/base/limits.h"

namespace skyhook::vector {

/// Bytes of the values a batch holds: of text the characters, also where rows share them, and not
/// the pages it points into; of dictionaries all of their values.
int64_t BytesOf(const arrow::RecordBatch& batch);

/// What a returned batch may hold: an eighth of the call's memory, at least 64 KiB and at most
/// 16 MiB. A batch of one row may hold more.
int64_t BatchBytes(const base::Limits& limits);

/// The rows of `batch` in slices of at most `rows` rows and `bytes` bytes, or of one row.
std::vector<std::shared_ptr<arrow::RecordBatch>> Cut(
    const std::shared_ptr<arrow::RecordBatch>& batch, int64_t rows, int64_t bytes);

/// One batch of all rows of `pieces` (at least one), in order.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> JoinBatches(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& pieces);

}  // namespace skyhook::vector
