// One call in a worker, from the request to the last part of the reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "skyhook/lending/host/worker_process.h"

namespace skyhook::lending {

/// Who makes a call: lends the bytes of an object, and takes the reply.
class Caller {
 public:
  virtual ~Caller() = default;
  /// Puts bytes that lie in the object, which is as large as the call says, to `to`: all of them.
  /// 0, or a negative error number.
  virtual int Read(uint64_t offset, uint32_t bytes, uint8_t* to) = 0;
  /// Copies the next bytes of the reply, which counts only where Call::Run returns 0. The worker
  /// may change them meanwhile.
  virtual void Take(const uint8_t* bytes, uint64_t size) = 0;
  /// The first bytes of what it took; false: there are fewer.
  virtual bool Front(size_t size, void* out) const = 0;
};

/// Trusts nothing that the worker says: reads only what lies in the object, and keeps to the
/// reply's size and to the deadline, which is one of NowMs(). The time that reads of the object
/// take is not the worker's: the deadline moves by it, by `reads_ms` at most, give or take a read.
class Call {
 public:
  Call(const Message& call, int64_t deadline_ms, int64_t reads_ms, Caller* caller,
       WorkerProcess* worker)
      : call_(call),
        deadline_ms_(deadline_ms),
        reads_left_ms_(reads_ms),
        caller_(caller),
        worker_(worker) {}

  /// Hands the reply to the caller, whole when it returns 0; else a negative error number. -EBUSY:
  /// the worker still works on another scan.
  int Run(std::string_view request);
  /// Whether an error is the worker's doing.
  bool worker_failed() const { return worker_failed_; }
  /// Whether it is that of the disk, which took longer to read than a call may last.
  bool disk_is_slow() const { return reads_left_ms_ <= 0; }
  /// Whether the worker waits for the next call. One that does not is of no use any more.
  bool worker_is_idle() const { return worker_is_idle_; }
  /// Whether it took the call.
  bool worker_took_it() const { return !worker_is_busy_; }
  /// Whether it still works, on this call or, if it did not take it, on another.
  bool worker_is_at_work() const { return worker_is_at_work_ || worker_is_busy_; }

 private:
  int Failed(int error) {
    worker_failed_ = true;
    return error;
  }
  int Converse();
  int Read(const Message& asked, Message* answer);
  bool MayRead(const Range& range) const;
  int TakePart(uint64_t bytes);
  /// Whether what was taken is framed as a reply. What is in it is for the caller to judge.
  bool IsReply() const;

  const Message call_;
  int64_t deadline_ms_;  // of what the worker does
  int64_t reads_left_ms_;
  Caller* const caller_;
  WorkerProcess* const worker_;
  uint64_t reply_bytes_ = 0;  // taken
  bool worker_failed_ = false;
  bool worker_is_idle_ = false;
  bool worker_is_busy_ = false;  // with another call, which it goes on with by itself
  bool worker_is_at_work_ = false;
  int object_error_ = 0;  // of a read: whatever the worker makes of it, the client is told
};

}  // namespace skyhook::lending
