#include "skyhook/base/byte_source.h"

#include <chrono>

#include "skyhook/base/status.h"

namespace skyhook::base {
namespace {

class BufferSource : public ByteSource {
 public:
  BufferSource(std::shared_ptr<arrow::Buffer> buffer, std::string name)
      : buffer_(std::move(buffer)), name_(std::move(name)), version_("memory") {}

  int64_t size() const override { return buffer_->size(); }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }

  arrow::Future<Buffers> ReadAsync(std::vector<ByteRange> ranges, arrow::StopToken stop) override {
    return arrow::Future<Buffers>::MakeFinished(Slice(ranges, stop));
  }

 private:
  arrow::Result<Buffers> Slice(const std::vector<ByteRange>& ranges,
                               const arrow::StopToken& stop) const {
    ARROW_RETURN_NOT_OK(stop.Poll());
    ARROW_RETURN_NOT_OK(CheckRanges(ranges));
    Buffers out;
    for (const ByteRange& range : ranges) {
      out.push_back(arrow::SliceBuffer(buffer_, range.offset, range.length));
    }
    return out;
  }

  std::shared_ptr<arrow::Buffer> buffer_;
  std::string name_;
  std::string version_;
};

}  // namespace

arrow::Result<Buffers> ByteSource::Read(std::vector<ByteRange> ranges, arrow::StopToken stop) {
  constexpr std::chrono::duration<double> kStep = std::chrono::milliseconds(5);
  auto reading = ReadAsync(std::move(ranges), stop);
  while (!reading.Wait(kStep.count())) ARROW_RETURN_NOT_OK(stop.Poll());
  return reading.MoveResult();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ByteSource::ReadOne(ByteRange range,
                                                                  arrow::StopToken stop) {
  ARROW_ASSIGN_OR_RAISE(Buffers buffers, Read({range}, std::move(stop)));
  return buffers[0];
}

arrow::Status ByteSource::CheckRanges(const std::vector<ByteRange>& ranges) const {
  for (const ByteRange& range : ranges) {
    if (range.offset < 0 || range.length < 0 || range.offset > size() ||
        range.length > size() - range.offset) {
      return CorruptData("{}: bytes {}+{} lie outside the object of {} bytes", name(), range.offset,
                         range.length, size());
    }
  }
  return arrow::Status::OK();
}

std::shared_ptr<ByteSource> MakeBufferSource(std::shared_ptr<arrow::Buffer> buffer,
                                             std::string name) {
  return std::make_shared<BufferSource>(std::move(buffer), std::move(name));
}

}  // namespace skyhook::base
