// The pieces of a new file while it is laid out, from the first byte to the last.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/base/byte_range.h"

namespace skyhook::format {

/// Consecutive bytes of a new file.
struct AssembledPiece {
  int64_t offset = 0;    ///< in the new file
  int source = -1;       ///< index of the source they are copied from; -1: they were written anew
  base::ByteRange from;  ///< in the source, or among all that was written
};

class AssembledPieces {
 public:
  /// No more than `max_written` bytes are written anew.
  explicit AssembledPieces(int64_t max_written) : max_written_(max_written) {}

  /// Both append, and return where in the file the bytes begin. What follows its predecessor where
  /// it comes from, too, becomes one piece with it.
  arrow::Result<int64_t> Copy(int source, const base::ByteRange& range);
  arrow::Result<int64_t> Write(std::string_view bytes);

  int64_t bytes() const { return bytes_; }
  const std::vector<AssembledPiece>& pieces() const { return pieces_; }
  const std::string& written() const { return written_; }

 private:
  int64_t max_written_;
  int64_t bytes_ = 0;
  std::vector<AssembledPiece> pieces_;
  std::string written_;
};

}  // namespace skyhook::format
