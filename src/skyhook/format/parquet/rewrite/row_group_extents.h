// Where the row groups of a Parquet file lie, if each has bytes of its own.
#pragma once

#include <arrow/result.h>
#include <parquet/metadata.h>

#include <cstdint>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/format/parquet/column_chunk.h"

namespace skyhook::format {

/// The pages of a chunk, without bytes that may be another's (PARQUET-816). Fails with kCorruptData
/// when it is not inside of `data`, the part of the file between magic and footer, or names a page
/// outside of itself, with NotImplemented when it is encrypted or in another file.
arrow::Result<base::ByteRange> LocateChunkPages(const parquet::FileMetaData& metadata,
                                                int row_group, int leaf,
                                                const base::ByteRange& data);

/// The bytes from the first to the last page of each row group, of length 0 where there are none.
/// Fails as LocateChunkPages does, and with NotImplemented when row groups interleave.
arrow::Result<std::vector<base::ByteRange>> RowGroupExtents(const parquet::FileMetaData& metadata,
                                                            const base::ByteRange& data);

}  // namespace skyhook::format
