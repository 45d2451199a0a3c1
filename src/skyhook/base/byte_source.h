// Where the bytes of one fragment come from: a file, an object, a buffer, a test double.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>
#include <arrow/util/future.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_range.h"

namespace skyhook::base {

using Buffers = std::vector<std::shared_ptr<arrow::Buffer>>;

/// Random access to the bytes of one version of one object.
///
/// Thread-safe: any thread may read at any time. Every read is of the version that was opened. That
/// is the source's to ensure, by comparing the version after the bytes are there and before they
/// are handed out; after a change it fails with Code::kStaleObject. Nobody above can: a file's
/// checksums cover one page each, so that pages of two versions pass them.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Size in bytes of the version that was opened.
  virtual int64_t size() const = 0;

  /// Identifies the content: equal versions of one name mean equal bytes.
  virtual const std::string& version() const = 0;

  /// How messages name the source, e.g. a path.
  virtual const std::string& name() const = 0;

  /// Reads every range; the buffers come in the order of the ranges, each exactly as long as its
  /// range. A range that leaves the object is an error, never a short buffer. Once `stop` is
  /// requested the future finishes with Cancelled at the next opportunity; whoever waits may leave
  /// before, so that what is read into belongs to the future.
  virtual arrow::Future<Buffers> ReadAsync(std::vector<ByteRange> ranges,
                                           arrow::StopToken stop) = 0;

  /// Waits for ReadAsync, or until `stop` is requested.
  arrow::Result<Buffers> Read(std::vector<ByteRange> ranges,
                              arrow::StopToken stop = arrow::StopToken::Unstoppable());

  /// Reads one range and waits for it.
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadOne(
      ByteRange range, arrow::StopToken stop = arrow::StopToken::Unstoppable());

 protected:
  /// Fails unless every range lies within the object.
  arrow::Status CheckRanges(const std::vector<ByteRange>& ranges) const;
};

/// A source over bytes in memory.
std::shared_ptr<ByteSource> MakeBufferSource(std::shared_ptr<arrow::Buffer> buffer,
                                             std::string name);

}  // namespace skyhook::base
