// A Parquet file as material for others: its row groups as bytes, and what its footer says of them.
#pragma once

#include <arrow/result.h>
#include <parquet/metadata.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/rewrite/thrift_struct.h"
#include "skyhook/format/read_context.h"

namespace skyhook::format {

/// What a file holds of a column chunk: pages, and what leads to them. An index that leaves the
/// file and a filter that is malformed count as absent: files are readable without.
struct ChunkParts {
  base::ByteRange pages;  ///< of length 0 when there are none
  std::optional<base::ByteRange> column_index;
  std::optional<base::ByteRange> offset_index;
  std::optional<base::ByteRange> bloom_filter;
};

/// Immutable, hence thread-safe.
class ParquetParts {
 public:
  /// Reads the footer, of options.max_page_bytes at most. Fails with kCorruptData, naming the file,
  /// when it is damaged; what is whole but cannot be taken apart has an obstacle instead.
  static arrow::Result<std::shared_ptr<const ParquetParts>> Read(
      std::shared_ptr<base::ByteSource> source, const ReadOptions& options,
      const ReadContext& context);

  const std::shared_ptr<base::ByteSource>& source() const { return source_; }

  /// Why row groups cannot be copied one by one (they interleave, lie in another file, are
  /// encrypted, ...); empty when they can. The rest of this class is for files without.
  const std::string& obstacle() const { return obstacle_; }

  int num_row_groups() const { return static_cast<int>(row_groups_.size()); }
  int64_t row_group_rows(int row_group) const;
  /// The bytes that hold all pages of the row group, and none of another; of length 0 when it has
  /// none.
  base::ByteRange row_group_bytes(int row_group) const;

  /// True when row groups of both may stand in one file: footers say the same of everything else
  /// (schema, writer, key-value metadata, column orders, ...), byte for byte.
  bool CanJoin(const ParquetParts& other) const;

  /// FileMetaData without its row groups and number of rows.
  const ThriftStruct& footer() const { return footer_; }
  /// The RowGroup as it stands in the footer.
  std::string_view row_group_entry(int row_group) const;
  /// The parts of each leaf column's chunk. Reads the headers of bloom filters whose length the
  /// footer does not tell.
  arrow::Result<std::vector<ChunkParts>> LocateChunks(int row_group, int64_t max_filter_bytes,
                                                      const ByteReader& reader) const;

 private:
  explicit ParquetParts(std::shared_ptr<base::ByteSource> source) : source_(std::move(source)) {}

  arrow::Status ReadFooter(const ReadOptions& options, const ReadContext& context);
  arrow::Status TakeApart(const arrow::Buffer& footer);

  std::shared_ptr<base::ByteSource> source_;
  std::shared_ptr<parquet::FileMetaData> metadata_;  ///< null when encrypted
  base::ByteRange data_;                             ///< between the magic and the footer
  ThriftStruct footer_;
  std::vector<std::string> row_groups_;
  std::vector<base::ByteRange> row_group_bytes_;  ///< empty when there is an obstacle
  std::string obstacle_;
};

}  // namespace skyhook::format
