// Fragments as the rows of an Arrow IPC file: the body of a manifest, and of its parts.
#pragma once

#include <arrow/buffer.h>
#include <arrow/ipc/reader.h>
#include <arrow/result.h>
#include <arrow/util/key_value_metadata.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/table/snapshot.h"

namespace skyhook::table {

/// Rows and bytes of a table are at most so many: their sums do not overflow.
inline constexpr int64_t kMostCounted = int64_t{1} << 60;
inline bool IsCount(int64_t number) { return number >= 0 && number <= kMostCounted; }

/// Rows and bytes that are counted up.
struct Totals {
  int64_t rows = 0;
  int64_t bytes = 0;

  /// kCorruptData when they are more than kMostCounted.
  arrow::Status Add(int64_t more_rows, int64_t more_bytes);
};

/// The file, with `metadata` in its schema. A bound that Arrow calls invalid for its type, such as
/// the time 24:00:00, is left out, and so is a long one.
arrow::Result<std::shared_ptr<arrow::Buffer>> EncodeFragments(
    const std::vector<StoredFragment>& fragments, const arrow::Schema& table,
    const std::shared_ptr<const arrow::KeyValueMetadata>& metadata);

/// Everything is checked, names included; bounds that are invalid are unknown. Adds the fragments
/// to `totals`.
arrow::Result<std::vector<StoredFragment>> DecodeFragments(arrow::ipc::RecordBatchFileReader* file,
                                                           const arrow::Schema& table,
                                                           Totals* totals);

}  // namespace skyhook::table
