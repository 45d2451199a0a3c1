// A byte source that misbehaves at a chosen read.
#pragma once

#include <arrow/buffer.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"

namespace skyhook::testing {

enum class Fault {
  kNone,
  kFails,    ///< an error of the system's
  kShort,    ///< the last buffer lacks its last byte, against the promise
  kFew,      ///< the last buffer is missing, against the promise
  kStalls,   ///< finishes with Cancelled when stop is requested
  kHangs,    ///< never finishes, whatever is requested, until the source is gone
  kChanges,  ///< the object has changed: this read and every later one is stale
  kTears,    ///< the object changes while the read is under way, and the source notices
  /// The same, but the source does not notice: of each range, the first half is of the old version
  /// and the rest of the new one. Later reads are of the old version. Breaks the promise of a
  /// source.
  kTearsUnnoticed,
};

const char* FaultName(Fault fault);

/// Bytes in memory behind a fault. Thread-safe.
class FaultySource : public base::ByteSource {
 public:
  /// Reads are counted from 0; read `at` goes wrong. `torn` are the bytes of the new version.
  FaultySource(std::shared_ptr<arrow::Buffer> bytes, std::string name, Fault fault, int64_t at,
               std::shared_ptr<arrow::Buffer> torn = nullptr, std::string version = "first");
  ~FaultySource() override;

  int64_t size() const override { return bytes_->size(); }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }
  arrow::Future<base::Buffers> ReadAsync(std::vector<base::ByteRange> ranges,
                                         arrow::StopToken stop) override;

  /// How many reads have begun.
  int64_t reads() const;
  /// Returns once a read stalls or hangs: there is nothing to wait for but a request to stop.
  void WaitUntilHeldUp();

 private:
  arrow::Result<base::Buffers> ReadNow(const std::vector<base::ByteRange>& ranges,
                                       const arrow::StopToken& stop) const;
  arrow::Future<base::Buffers> HoldUp();
  std::shared_ptr<arrow::Buffer> Torn(const base::ByteRange& range) const;

  const std::shared_ptr<arrow::Buffer> bytes_;
  const std::string name_;
  const std::string version_;
  const Fault fault_;
  const int64_t at_;
  const std::shared_ptr<arrow::Buffer> torn_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int64_t reads_ = 0;
  bool held_up_ = false;
  std::vector<arrow::Future<base::Buffers>> unfinished_;
};

}  // namespace skyhook::testing
