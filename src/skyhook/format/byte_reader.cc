#include "skyhook/format/byte_reader.h"

#include <algorithm>

namespace skyhook::format {
namespace {

std::shared_ptr<arrow::Buffer> SliceOf(const std::vector<base::ByteRange>& joined,
                                       const base::Buffers& buffers, const base::ByteRange& range) {
  if (range.length == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  auto after = std::upper_bound(
      joined.begin(), joined.end(), range.offset,
      [](int64_t offset, const base::ByteRange& other) { return offset < other.offset; });
  const size_t index = static_cast<size_t>(after - joined.begin()) - 1;
  return arrow::SliceBuffer(buffers[index], range.offset - joined[index].offset, range.length);
}

}  // namespace

ByteReader::ByteReader(std::shared_ptr<base::ByteSource> source,
                       const base::CoalesceOptions& coalesce, plan::Cost* cost,
                       arrow::StopToken stop)
    : source_(std::move(source)),
      coalesce_(coalesce),
      unasked_(cost == nullptr ? std::make_shared<plan::Cost>() : nullptr),
      cost_(cost == nullptr ? unasked_.get() : cost),
      stop_(std::move(stop)) {}

arrow::Result<base::Buffers> ByteReader::Read(const std::vector<base::ByteRange>& ranges) const {
  const std::vector<base::ByteRange> joined = base::Coalesce(ranges, coalesce_);
  base::Buffers buffers;
  if (!joined.empty()) {
    ARROW_ASSIGN_OR_RAISE(buffers, source_->Read(joined, stop_));
  }
  cost_->read_calls += static_cast<int64_t>(joined.size());
  for (const base::ByteRange& range : joined) cost_->bytes_read += range.length;
  base::Buffers out;
  out.reserve(ranges.size());
  for (const base::ByteRange& range : ranges) out.push_back(SliceOf(joined, buffers, range));
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ByteReader::ReadOne(base::ByteRange range) const {
  ARROW_ASSIGN_OR_RAISE(base::Buffers buffers, Read({range}));
  return buffers[0];
}

}  // namespace skyhook::format
