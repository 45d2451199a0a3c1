// How a snapshot is stored: an Arrow IPC file with a row for each fragment.
//
// Columns: object, bytes, rows, row_group_rows, crc32c, sources, reencoded,
// column_bytes, and statistics, a struct with a field for each column of the table, each a struct
// of min, max, null_count and may_have_nan. The rest of the snapshot is in the schema's metadata,
// under keys that begin with `skyhook.`; the table's schema is there as an IPC schema message in
// base 64. Readers refuse another `skyhook.manifest` than kManifestVersion.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/store/snapshot.h"

namespace skyhook::store {

inline constexpr int kManifestVersion = 1;

arrow::Result<std::shared_ptr<arrow::Buffer>> EncodeManifest(const Snapshot& snapshot);

/// kCorruptData, naming `name`, for bytes that are no manifest.
arrow::Result<Snapshot> DecodeManifest(const std::shared_ptr<arrow::Buffer>& bytes,
                                       const std::string& name);

}  // namespace skyhook::store
