// One call in a worker, from the request to the last part of the reply.
#pragma once

#include <rados/objclass.h>

#include <cstdint>
#include <string_view>

#include "cls/worker_process.h"

namespace skyhook::cls {

/// Trusts nothing that the worker says: reads only what lies in the object, and keeps to the
/// reply's size and to the deadline, which is one of NowMs(). The time that reads of the object
/// take is not the worker's: the deadline moves by it, by `reads_ms` at most, give or take a read.
class Call {
 public:
  /// `call` says how large the object is: at most what an `int` can hold.
  Call(cls_method_context_t context, const lending::Message& call, int64_t deadline_ms,
       int64_t reads_ms, WorkerProcess* worker)
      : context_(context),
        call_(call),
        deadline_ms_(deadline_ms),
        reads_left_ms_(reads_ms),
        worker_(worker) {}

  /// Appends the reply, which is whole when it returns 0; else a negative error number. -EBUSY: the
  /// worker still works on another scan.
  int Run(std::string_view request, ceph::bufferlist* out);
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
  int Converse(ceph::bufferlist* out);
  int Read(const lending::Message& asked, lending::Message* answer);
  bool MayRead(const lending::Range& range) const;
  int ReadRange(const lending::Range& range);
  int TakePart(uint64_t bytes, ceph::bufferlist* out);

  cls_method_context_t context_;
  const lending::Message call_;
  int64_t deadline_ms_;  // of what the worker does
  int64_t reads_left_ms_;
  WorkerProcess* const worker_;
  bool worker_failed_ = false;
  bool worker_is_idle_ = false;
  bool worker_is_busy_ = false;  // with another call, which it goes on with by itself
  bool worker_is_at_work_ = false;
  int object_error_ = 0;  // of a read: whatever the worker makes of it, the client is told
};

}  // namespace skyhook::cls
