// Values in Parquet's PLAIN encoding become arrays of engine type, without a copy where the bytes
// allow it.
#pragma once

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/vector/substring.h"

namespace skyhook::format {

/// The first `count` values of `bytes`, none of them null. The result may share memory with
/// `bytes`. Fails with kCorruptData when `bytes` holds fewer values.
arrow::Result<std::shared_ptr<arrow::ArrayData>> DecodePlain(
    const FlatColumn& column, const std::shared_ptr<arrow::Buffer>& bytes, int64_t count,
    arrow::MemoryPool* pool);

/// Fails with kCorruptData when a value of text, which DecodePlain has made of `bytes`, is no
/// UTF-8: what computes with text relies on that. Other columns pass.
arrow::Status CheckText(const FlatColumn& column, const arrow::Buffer& bytes,
                        const arrow::ArrayData& values);

/// Whether CheckText would let any of the values in `bytes` pass: bytes that are no text, and
/// ASCII.
bool IsPlainAscii(const FlatColumn& column, const arrow::Buffer& bytes);

/// Sets bit i of the bitmap `bits`, which is clear, where `text` stands in value i of the first
/// `count` in `bytes` (PLAIN BYTE_ARRAY). False: values have to be made first, because there may be
/// text that is no UTF-8. Fails with kCorruptData when `bytes` holds fewer values.
arrow::Result<bool> FindInPlain(const FlatColumn& column, const arrow::Buffer& bytes, int64_t count,
                                const vector::Substring& text, uint8_t* bits);

}  // namespace skyhook::format
