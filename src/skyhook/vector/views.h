// Arrow's string views (16 bytes each) over bytes that Parquet wrote.
//
// Layout: https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-view-layout
#pragma once

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace skyhook::vector {

/// Views of the first `count` values in `bytes`, which holds each as four bytes of length and then
/// the value (PLAIN BYTE_ARRAY); `bytes` is the first variadic buffer. Fails with kCorruptData when
/// a value leaves the bytes.
arrow::Result<std::shared_ptr<arrow::Buffer>> MakeViews(const arrow::Buffer& bytes, int64_t count,
                                                        arrow::MemoryPool* pool);

/// Where a walk through such values has got to.
struct PlainCursor {
  int64_t value = 0;   ///< the next one
  int64_t offset = 0;  ///< where it begins

  /// Gives the length of the next value, and goes behind it; false where the value leaves `bytes`.
  /// The value then ends at `offset`.
  bool Take(const arrow::Buffer& bytes, uint32_t* length) {
    const int64_t left = bytes.size() - offset;
    if (left < 4) return false;
    std::memcpy(length, bytes.data() + offset, 4);
    if (int64_t{*length} > left - 4) return false;
    offset += 4 + int64_t{*length};
    ++value;
    return true;
  }
  /// The error, where that gave false, of `count` values.
  arrow::Status Leaves(const arrow::Buffer& bytes, int64_t count) const;
};

/// Views of the values at `positions[i] - shift` alone (ascending, none before the cursor's) of
/// `count`, to which the cursor walks. Fails as MakeViews, for what it passes.
arrow::Result<std::shared_ptr<arrow::Buffer>> PickViews(const arrow::Buffer& bytes, int64_t count,
                                                        std::span<const int32_t> positions,
                                                        int64_t shift, PlainCursor* cursor,
                                                        arrow::MemoryPool* pool);

/// Views of the first `count` values in `bytes`, which holds them side by side, `width` bytes each.
arrow::Result<std::shared_ptr<arrow::Buffer>> MakeFixedViews(const arrow::Buffer& bytes, int width,
                                                             int64_t count,
                                                             arrow::MemoryPool* pool);

/// Whether the bytes that views refer to, `used`, are so small a part of those that their buffers
/// hold that a copy is worth it.
bool IsWorthCompacting(int64_t used, int64_t held);

/// Makes the views refer to one new buffer, which holds what they referred to in `text`, `used`
/// bytes, and nothing else.
arrow::Result<std::shared_ptr<arrow::Buffer>> CopyReferred(
    std::span<arrow::BinaryViewType::c_type> views,
    std::span<const std::shared_ptr<arrow::Buffer>> text, int64_t used, arrow::MemoryPool* pool);

/// Clears the views under nulls of `data`, whose views are its own. Then copies the bytes that the
/// views refer to into one buffer, when that is worth it.
arrow::Status CompactViews(arrow::ArrayData* data, arrow::MemoryPool* pool);

/// The same, always: buffers may be small parts of others, which they keep alive.
arrow::Status OwnViews(arrow::ArrayData* data, arrow::MemoryPool* pool);

}  // namespace skyhook::vector
