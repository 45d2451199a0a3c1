// Where a column chunk of a Parquet file lies, checked against the file before anything is read.
#pragma once

#include <arrow/result.h>
#include <arrow/util/compression.h>
#include <parquet/metadata.h>

#include <cstdint>
#include <optional>

#include "skyhook/base/byte_range.h"

namespace skyhook::format {

struct ColumnChunk {
  /// All pages, the dictionary page included. May end up to 100 bytes late (PARQUET-816).
  base::ByteRange bytes;
  int64_t doubtful_bytes = 0;   ///< at the end of `bytes`, which may not be the chunk's
  int64_t first_data_page = 0;  ///< file offset; bytes in front of it hold the dictionary page
  int64_t num_rows = 0;         ///< of the row group
  arrow::Compression::type compression = arrow::Compression::UNCOMPRESSED;
  bool v2_always_compressed = false;  ///< see PageOpener::Options
  /// Data pages as the writer counted them, when it did.
  std::optional<int64_t> num_data_pages;
  /// The writer says that every data page is dictionary-encoded.
  bool all_dictionary = false;
};

/// The chunk of leaf column `leaf`. Fails with kCorruptData when it lies outside of the file of
/// `file_size` bytes or contradicts the schema.
arrow::Result<ColumnChunk> LocateColumnChunk(const parquet::FileMetaData& metadata, int row_group,
                                             int leaf, int64_t file_size);

}  // namespace skyhook::format
