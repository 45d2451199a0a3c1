// New Parquet files out of row groups of others: pages are copied as they are, and only the footer
// and what points at pages is written anew.
//
// Splits a file at row group boundaries, joins small files into one, and joins the pieces of a
// split file again.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/rewrite/assembled_pieces.h"
#include "skyhook/format/parquet/rewrite/parts.h"
#include "skyhook/format/read_context.h"

namespace skyhook::format {

/// Row groups [begin, end) of a file.
struct RowGroupsOf {
  std::shared_ptr<const ParquetParts> parts;
  int begin = 0;
  int end = 0;
};

/// A file that has been laid out, and is written by whoever asked for it.
struct ParquetAssembly {
  std::vector<std::shared_ptr<base::ByteSource>> sources;
  std::shared_ptr<arrow::Buffer> written;  ///< magic, offset indexes, footer
  std::vector<AssembledPiece> pieces;      ///< in order, without gaps, from 0 to `bytes`
  int64_t bytes = 0;
  int64_t rows = 0;
};

/// Lays out the file of all row groups of `wanted`, in that order. Reads page indexes, and headers
/// of bloom filters, but no pages. Page indexes that are damaged are left out. A gap of up to
/// options.coalesce.gap_bytes between row groups is copied to keep their bytes in one piece.
///
/// Fails with Invalid when `wanted` is empty, names a file with an obstacle, a row group that is
/// not there, or files that cannot be joined; with kLimitExceeded when offset indexes and footer
/// exceed options.max_page_bytes.
arrow::Result<ParquetAssembly> Assemble(const std::vector<RowGroupsOf>& wanted,
                                        const ReadOptions& options, const ReadContext& context);

/// The bytes of the new file in `range`, which lies within it; a large file is read in several
/// ranges.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAssembly(const ParquetAssembly& assembly,
                                                           const base::ByteRange& range,
                                                           const ReadOptions& options,
                                                           const ReadContext& context);

}  // namespace skyhook::format
