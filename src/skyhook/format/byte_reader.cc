#include "skyhook/format/byte_reader.h"

#include <algorithm>
#include <chrono>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

/// Most footers fit; reading more than a footer costs little.
constexpr int64_t kTailBytes = 64 * 1024;

std::shared_ptr<arrow::Buffer> SliceOf(const std::vector<base::ByteRange>& joined,
                                       const base::Buffers& buffers, const base::ByteRange& range) {
  if (range.length == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  auto after = std::upper_bound(
      joined.begin(), joined.end(), range.offset,
      [](int64_t offset, const base::ByteRange& other) { return offset < other.offset; });
  const size_t index = static_cast<size_t>(after - joined.begin()) - 1;
  return arrow::SliceBuffer(buffers[index], range.offset - joined[index].offset, range.length);
}

/// What is built on buffers trusts their lengths, so that a source's promise is checked.
arrow::Status CheckLengths(const std::vector<base::ByteRange>& ranges,
                           const base::Buffers& buffers) {
  if (buffers.size() != ranges.size()) {
    return arrow::Status::IOError(
        fmt::format("{} ranges of bytes were asked for, {} came", ranges.size(), buffers.size()));
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    const int64_t length = buffers[i] == nullptr ? 0 : buffers[i]->size();
    if (length != ranges[i].length) {
      return arrow::Status::IOError(fmt::format("bytes {}+{} were asked for, {} came",
                                                ranges[i].offset, ranges[i].length, length));
    }
  }
  return arrow::Status::OK();
}

}  // namespace

ByteReader::ByteReader(std::shared_ptr<base::ByteSource> source,
                       const base::CoalesceOptions& coalesce, const ReadContext& context)
    : source_(std::move(source)),
      coalesce_(coalesce),
      unasked_(context.cost == nullptr ? std::make_shared<plan::Cost>() : nullptr),
      context_(context) {
  if (context_.cost == nullptr) context_.cost = unasked_.get();
}

arrow::Result<base::Buffers> ByteReader::Await(const std::vector<base::ByteRange>& ranges) const {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto reading = source_->ReadAsync(ranges, context_.stop);
  {
    const base::WithoutCore idle(reading.is_finished() ? nullptr : context_.core);
    while (!reading.Wait(std::chrono::duration<double>(kWaitStep).count())) {
      ARROW_RETURN_NOT_OK(context_.Poll());
    }
    context_.cost->read_ns += std::chrono::nanoseconds(Clock::now() - begin).count();
  }
  ARROW_ASSIGN_OR_RAISE(base::Buffers buffers, reading.MoveResult());
  ARROW_RETURN_NOT_OK(CheckLengths(ranges, buffers));
  return buffers;
}

arrow::Result<base::Buffers> ByteReader::Read(const std::vector<base::ByteRange>& ranges) const {
  const std::vector<base::ByteRange> joined = base::Coalesce(ranges, coalesce_);
  base::Buffers buffers;
  if (!joined.empty()) {
    ARROW_ASSIGN_OR_RAISE(buffers, Await(joined));
  }
  context_.cost->read_calls += static_cast<int64_t>(joined.size());
  for (const base::ByteRange& range : joined) context_.cost->bytes_read += range.length;
  base::Buffers out;
  out.reserve(ranges.size());
  for (const base::ByteRange& range : ranges) out.push_back(SliceOf(joined, buffers, range));
  return out;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ByteReader::ReadOne(base::ByteRange range) const {
  ARROW_ASSIGN_OR_RAISE(base::Buffers buffers, Read({range}));
  return buffers[0];
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ByteReader::ReadTail() const {
  const int64_t size = source_->size();
  const int64_t length = std::min(size, kTailBytes);
  return ReadOne({size - length, length});
}

}  // namespace skyhook::format
