// The worker's end of its conversation with the object class (lending/message.h).
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/lending/message.h"

namespace skyhook::worker {

struct Call {
  std::string request;
  uint32_t deadline_ms = 0;
  int64_t object_bytes = 0;
  int64_t object_mtime = 0;
  /// What makes out the object, with the two above; empty: nothing does.
  std::string object_id;
  int64_t reply_bytes = 0;
};

/// Over the descriptors that the class hands to the worker. Once a function fails with kUnreachable
/// the class is gone, and the worker has nothing left to do. Not thread-safe, but for Hears.
class Channel {
 public:
  /// Maps the window.
  static arrow::Result<Channel> Open();

  arrow::Status SayReady();
  /// Whether the class says something within so many milliseconds (-1: however long), its end
  /// included. False as well when a signal comes first.
  arrow::Result<bool> Hears(int milliseconds) const;
  /// Waits for the next call.
  arrow::Result<Call> NextCall();
  /// The bytes of ranges of the call's object, which must hold them.
  arrow::Result<base::Buffers> Read(const std::vector<base::ByteRange>& ranges);
  /// Either ends the call. `goes_on`: work for it does not end. Busy: with another one.
  arrow::Status Reply(std::string_view reply, bool goes_on = false);
  arrow::Status SayBusy();

 private:
  arrow::Status Send(const lending::Message& message);
  arrow::Status Receive(lending::Kind expected, lending::Message* message);

  uint8_t* window_ = nullptr;
};

}  // namespace skyhook::worker
