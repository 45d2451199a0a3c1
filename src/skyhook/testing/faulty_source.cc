#include "skyhook/testing/faulty_source.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::testing {

using base::Buffers;

const char* FaultName(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "None";
    case Fault::kFails:
      return "Fails";
    case Fault::kShort:
      return "Short";
    case Fault::kFew:
      return "Few";
    case Fault::kStalls:
      return "Stalls";
    case Fault::kHangs:
      return "Hangs";
    case Fault::kChanges:
      return "Changes";
    case Fault::kTears:
      return "Tears";
    case Fault::kTearsUnnoticed:
      return "TearsUnnoticed";
  }
  return "?";
}

FaultySource::FaultySource(std::shared_ptr<arrow::Buffer> bytes, std::string name, Fault fault,
                           int64_t at, std::shared_ptr<arrow::Buffer> torn, std::string version)
    : bytes_(std::move(bytes)),
      name_(std::move(name)),
      version_(std::move(version)),
      fault_(fault),
      at_(at),
      torn_(std::move(torn)) {}

FaultySource::~FaultySource() {
  for (auto& future : unfinished_) {
    future.MarkFinished(arrow::Status::Cancelled("the source is gone"));
  }
}

int64_t FaultySource::reads() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return reads_;
}

void FaultySource::WaitUntilHeldUp() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return held_up_; });
}

arrow::Result<Buffers> FaultySource::ReadNow(const std::vector<base::ByteRange>& ranges,
                                             const arrow::StopToken& stop) const {
  ARROW_RETURN_NOT_OK(stop.Poll());
  ARROW_RETURN_NOT_OK(CheckRanges(ranges));
  Buffers out;
  for (const base::ByteRange& range : ranges) {
    out.push_back(arrow::SliceBuffer(bytes_, range.offset, range.length));
  }
  return out;
}

std::shared_ptr<arrow::Buffer> FaultySource::Torn(const base::ByteRange& range) const {
  auto out = Require(bytes_->CopySlice(range.offset, range.length));
  const int64_t half = range.length / 2;
  std::memcpy(out->mutable_data() + half, torn_->data() + range.offset + half,
              static_cast<size_t>(range.length - half));
  return out;
}

arrow::Future<Buffers> FaultySource::HoldUp() {
  auto future = arrow::Future<Buffers>::Make();
  std::lock_guard<std::mutex> lock(mutex_);
  unfinished_.push_back(future);
  held_up_ = true;
  changed_.notify_all();
  return future;
}

arrow::Future<Buffers> FaultySource::ReadAsync(std::vector<base::ByteRange> ranges,
                                               arrow::StopToken stop) {
  const auto finished = [](arrow::Result<Buffers> result) {
    return arrow::Future<Buffers>::MakeFinished(std::move(result));
  };
  int64_t read = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    read = reads_++;
  }
  auto buffers = ReadNow(ranges, stop);
  const bool stale = fault_ == Fault::kChanges && read >= at_;
  if (!buffers.ok() || fault_ == Fault::kNone || (read != at_ && !stale)) return finished(buffers);
  switch (fault_) {
    case Fault::kNone:
      break;
    case Fault::kFails:
      return finished(arrow::Status::IOError("the disk is gone"));
    case Fault::kShort:
      buffers->back() = arrow::SliceBuffer(buffers->back(), 0, buffers->back()->size() - 1);
      break;
    case Fault::kFew:
      buffers->pop_back();
      break;
    case Fault::kStalls: {
      std::unique_lock<std::mutex> lock(mutex_);
      held_up_ = true;
      changed_.notify_all();
      while (!stop.IsStopRequested()) changed_.wait_for(lock, std::chrono::milliseconds(1));
      return finished(stop.Poll());
    }
    case Fault::kHangs:
      return HoldUp();
    case Fault::kChanges:
    case Fault::kTears:
      return finished(base::StaleObject("'{}' changed while it was read", name_));
    case Fault::kTearsUnnoticed:
      for (size_t i = 0; i < ranges.size(); ++i) (*buffers)[i] = Torn(ranges[i]);
      break;
  }
  return finished(std::move(buffers));
}

}  // namespace skyhook::testing
