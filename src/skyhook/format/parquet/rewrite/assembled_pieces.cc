#include "skyhook/format/parquet/rewrite/assembled_pieces.h"

#include "skyhook/base/status.h"

namespace skyhook::format {

arrow::Result<int64_t> AssembledPieces::Copy(int source, const base::ByteRange& range) {
  const int64_t offset = bytes_;
  if (range.length == 0) return offset;
  if (__builtin_add_overflow(bytes_, range.length, &bytes_)) {
    return base::LimitExceeded("a new file of more than 2^63 bytes");
  }
  const bool follows = !pieces_.empty() && pieces_.back().source == source &&
                       pieces_.back().from.end() == range.offset;
  if (follows) {
    pieces_.back().from.length += range.length;
  } else {
    pieces_.push_back({offset, source, range});
  }
  return offset;
}

arrow::Result<int64_t> AssembledPieces::Write(std::string_view bytes) {
  const auto written = static_cast<int64_t>(written_.size());
  const auto length = static_cast<int64_t>(bytes.size());
  if (length > max_written_ - written) {
    return base::LimitExceeded("{} bytes of indexes and footer, more than {}", written + length,
                               max_written_);
  }
  written_ += bytes;
  return Copy(-1, {written, length});
}

}  // namespace skyhook::format
