// Text and bytes as replies carry them. Views refer into whole pages of a file: sent as they are,
// a page goes along with every batch that refers to it.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

namespace skyhook::wire {

/// Columns of views among batches of one schema, which must be valid: as dictionaries where few
/// values occur, else with their characters side by side. Views within lists and structs stay.
arrow::Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> PackText(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);

/// The schema before PackText.
std::shared_ptr<arrow::Schema> UnpackedSchema(const arrow::Schema& packed);

/// The batch before PackText, of that schema. `packed` must be valid (ValidateFull); views are
/// allocated in `pool`.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> UnpackText(
    const arrow::RecordBatch& packed, const std::shared_ptr<arrow::Schema>& schema,
    arrow::MemoryPool* pool);

}  // namespace skyhook::wire
