// Footer entries and offset indexes of row groups whose bytes lie elsewhere now.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/base/byte_range.h"

namespace skyhook::format {

/// Where a column chunk was, and where it and what belongs to it are now.
struct MovedChunk {
  base::ByteRange old_pages;  ///< of length 0 when there are none
  int64_t shift = 0;          ///< what is added to a page's offset
  std::optional<int64_t> bloom_filter;
  std::optional<base::ByteRange> offset_index;
  /// As long as before. Nothing to readers without an offset index, and left out with it.
  std::optional<int64_t> column_index;
};

struct MovedRowGroup {
  int64_t offset = 0;  ///< of its first page, now
  int64_t ordinal = 0;
  std::vector<MovedChunk> chunks;  ///< of the leaf columns
};

/// The RowGroup `entry` of the old footer as the new one has it; indexes and filters that `moved`
/// does not place are left out. Fails with kCorruptData when it is not one, or has another number
/// of chunks.
arrow::Result<std::string> MoveRowGroup(std::string_view entry, const MovedRowGroup& moved);

/// The OffsetIndex `index` with all pages shifted. Fails with kCorruptData when it is not one, or
/// names a page outside of `old_pages`.
arrow::Result<std::string> MoveOffsetIndex(std::string_view index, const base::ByteRange& old_pages,
                                           int64_t shift);

}  // namespace skyhook::format
