// Values in the rarer Parquet encodings (DELTA_*, BYTE_STREAM_SPLIT, RLE), rewritten as PLAIN.
#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "skyhook/format/parquet/flat_column.h"

namespace skyhook::format {

/// The `count` values of `bytes` in PLAIN encoding. Fails with kCorruptData when Arrow's decoder
/// refuses the bytes or finds fewer values.
arrow::Result<std::shared_ptr<arrow::Buffer>> RewriteAsPlain(const FlatColumn& column,
                                                             parquet::Encoding::type encoding,
                                                             const arrow::Buffer& bytes,
                                                             int64_t count,
                                                             arrow::MemoryPool* pool);

}  // namespace skyhook::format
