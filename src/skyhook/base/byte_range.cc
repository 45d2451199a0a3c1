#include "skyhook/base/byte_range.h"

#include <algorithm>

namespace skyhook::base {

std::vector<ByteRange> Coalesce(std::vector<ByteRange> ranges, const CoalesceOptions& options) {
  std::erase_if(ranges, [](const ByteRange& range) { return range.length == 0; });
  std::sort(ranges.begin(), ranges.end(), [](const ByteRange& a, const ByteRange& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.length < b.length;
  });
  std::vector<ByteRange> out;
  for (const ByteRange& range : ranges) {
    if (!out.empty()) {
      ByteRange& last = out.back();
      const int64_t end = std::max(last.end(), range.end());
      const bool inside = range.end() <= last.end();
      const bool near = range.offset - last.end() <= options.gap_bytes;
      if (inside || range.offset < last.end() || (near && end - last.offset <= options.max_bytes)) {
        last.length = end - last.offset;
        continue;
      }
    }
    out.push_back(range);
  }
  return out;
}

}  // namespace skyhook::base
