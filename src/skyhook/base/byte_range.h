// Ranges of bytes, and how neighbouring ones become one read.
#pragma once

#include <cstdint>
#include <vector>

namespace skyhook::base {

/// The bytes [offset, offset + length).
struct ByteRange {
  int64_t offset = 0;
  int64_t length = 0;

  int64_t end() const { return offset + length; }
  bool operator==(const ByteRange&) const = default;
};

/// How far reads are joined.
struct CoalesceOptions {
  /// Bytes that are worth reading for nothing to save a request. 8 KiB costs a local disk less
  /// than a second system call; remote sources want more.
  int64_t gap_bytes = 8 * 1024;
  /// No joined read grows beyond this, in bytes; a longer single range stays whole.
  int64_t max_bytes = 8 * 1024 * 1024;
};

/// Sorts `ranges` by offset and joins those whose gap and sum stay within `options`. Empty ranges
/// vanish; every other input range lies within exactly one range of the result.
std::vector<ByteRange> Coalesce(std::vector<ByteRange> ranges, const CoalesceOptions& options);

}  // namespace skyhook::base
