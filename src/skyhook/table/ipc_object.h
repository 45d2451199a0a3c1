// Arrow IPC files in memory that somebody may have tampered with.
#pragma once

#include <arrow/buffer.h>
#include <arrow/ipc/reader.h>
#include <arrow/result.h>

#include <memory>

namespace skyhook::table {

/// Reads on the caller's thread, and no buffer of more than kMostIpcBytes, whatever lengths the
/// file names. Batches have to be validated.
arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> OpenIpcObject(
    const std::shared_ptr<arrow::Buffer>& bytes);
inline constexpr int64_t kMostIpcBytes = int64_t{1} << 30;

}  // namespace skyhook::table
